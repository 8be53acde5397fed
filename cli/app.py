"""The `rollcall` command. Every command is a function of some module; here they get their names."""

import logging
import sys
from importlib.util import find_spec
from typing import NoReturn

import httpx
import structlog
import typer
from aiokafka.errors import KafkaError
from rich.console import Console

from cli import (
    audit,
    dead_letters,
    demo,
    directory,
    erase,
    experiences,
    imports,
    mails,
    operations,
    retention,
    sign_in,
    tokens,
)
from cli.client import Refused
from shared.kafka.admin import TopicMissingError
from shared.kafka.refused import LACKS_A_RIGHT, BrokerRefusedError
from shared.settings import WrongSettingsError

app = typer.Typer(
    name="rollcall", no_args_is_help=True, pretty_exceptions_enable=False,
    help="Bulk import of learners: files in, accounts, memberships and mails out.",
)  # fmt: skip

if find_spec("psutil"):  # not in the image of the services, which starts no stack
    from cli.local import commands as local

    app.command()(local.up)
    app.command()(local.down)

    app.command()(demo.demo)

app.command("import")(imports.import_file)
for command in (imports.status, imports.records, imports.run, imports.cancel, imports.template, operations.lag):
    app.command()(command)
app.command()(audit.audit)
app.command()(erase.erase)
app.command()(retention.retention)
app.command("release-mails")(mails.release_mails)
app.command("resend-mails")(mails.resend_mails)
app.command("sign-in-link")(sign_in.sign_in_link)
app.add_typer(experiences.app, name="experience")
app.add_typer(tokens.app, name="token")
app.add_typer(directory.account, name="account")
app.add_typer(directory.membership, name="membership")
app.add_typer(directory.whole, name="directory")
app.add_typer(operations.topics, name="topics")
app.add_typer(dead_letters.app, name="dead-letters")


def main() -> None:
    """Run the command line; a refusal is one line and exit code 1. Standard output is for what was asked alone."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what it says of each connection, we say once
    try:
        app()
    except Refused as refused:
        _end(f"{refused} ({refused.code})")
    except httpx.InvalidURL as error:
        _end(
            f"The server's address is none ({error}); write it like https://rollcall.example.org. (server.address_wrong)"
        )
    except httpx.HTTPError as error:
        _end(
            f"The server does not answer ({type(error).__name__}); start it, or look at --server and ROLLCALL_SERVER. "
            "(server.away)"
        )
    except WrongSettingsError as error:
        _end(f"{error} (settings.wrong)")
    except TopicMissingError as error:
        _end(f"{error} (topics.missing)")
    except BrokerRefusedError as error:
        _end(f"{error} (broker.refused)")
    except LACKS_A_RIGHT as error:
        _end(
            f"The Kafka user lacks a right ({error}); docs/topics.md says which each user needs. (broker.right_missing)"
        )
    except (KafkaError, TimeoutError) as error:
        _end(
            f"The broker does not answer ({type(error).__name__}); start it, or look at --kafka and ROLLCALL_KAFKA_BOOTSTRAP. "
            "(broker.away)"
        )


def _end(message: str) -> NoReturn:
    Console(stderr=True).print(message, style="red", soft_wrap=True, markup=False)
    sys.exit(1)
