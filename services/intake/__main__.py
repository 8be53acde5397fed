"""Starts intake: `python -m services.intake`."""

from services.intake.app import create_app
from services.intake.settings import Settings
from shared.service import run

if __name__ == "__main__":
    run(create_app, Settings)
