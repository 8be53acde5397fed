"""Starts the validator: `python -m services.validator`."""

from services.validator.app import create_app
from services.validator.settings import Settings
from shared.service import run

if __name__ == "__main__":
    run(create_app, Settings)
