"""A client's start that is cut off: aiokafka forgets the connection over which it then asks for metadata."""

from traceback import walk_tb

from aiokafka.client import AIOKafkaClient

_bootstrap = AIOKafkaClient.bootstrap
_FORGOTTEN = "bootstrap_conn"  # what it is called there


def close_when_cut_off() -> None:
    """Let every client of aiokafka close it at once, instead of whenever it is collected, with an error in the log."""
    if _FORGOTTEN not in _bootstrap.__code__.co_varnames:
        raise RuntimeError(
            f"aiokafka has no {_FORGOTTEN} any more: a start that is cut off may leave its connection open"
        )
    AIOKafkaClient.bootstrap = _closing_bootstrap


async def _closing_bootstrap(client: AIOKafkaClient) -> None:
    try:
        await _bootstrap(client)
    except BaseException as error:
        for frame, _ in walk_tb(error.__traceback__):
            if connection := frame.f_locals.get(_FORGOTTEN):
                connection.close()
        raise
