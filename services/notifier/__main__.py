"""Starts the notifier: `python -m services.notifier`."""

from services.notifier.app import create_app
from services.notifier.settings import Settings
from shared.service import run

if __name__ == "__main__":
    run(create_app, Settings)
