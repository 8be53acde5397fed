"""`python -m services.provisioner`."""

from services.provisioner.app import create_app
from services.provisioner.settings import Settings
from shared.service import run

if __name__ == "__main__":
    run(create_app, Settings)
