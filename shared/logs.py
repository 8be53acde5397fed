"""Logs: dotted facts with ids, one line per batch or outcome. No personal data."""

import logging
import sys
import traceback

import structlog

from shared.settings import ServiceSettings

# aiokafka writes some twenty lines a second while a broker is away; its facts are in our own lines and metrics.
_NOISY = ("aiokafka", "faststream", "uvicorn.access", "asyncio", "httpx")


def start_logs(service: str, settings: ServiceSettings) -> None:
    """Send structlog and the standard library's logs to standard output in the settings' form."""
    shared_steps: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(traceback_without_words),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if settings.log_format == "json" else structlog.dev.ConsoleRenderer()
    )
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    structlog.configure(
        processors=[*shared_steps, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared_steps, _first_line],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.CRITICAL if name == "aiokafka" else logging.WARNING)


def _first_line(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """What others log, without what asyncio adds on further lines: the objects it holds, an error's words among them."""
    return {**event, "event": str(event["event"]).partition("\n")[0]}


def traceback_without_words(exc_info: structlog.typing.ExcInfo) -> str:
    """Where an error happened, what kind it is and what kinds led to it; never its words, which may quote a row's values."""
    error: BaseException | None = exc_info[1]
    steps: list[str] = []
    while error is not None:
        steps += [*traceback.format_tb(error.__traceback__), f"{type(error).__qualname__}\n"]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "".join(steps)
