"""Routes that ask who is calling before they read a body. FastAPI alone reads and parses it first, for anybody."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute


def access_first(ask: Callable[[Request], Awaitable[None]]) -> type[APIRoute]:
    """The class of routes of a router whose callers `ask` refuses by raising."""

    class AccessFirst(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def ask_and_handle(request: Request) -> Response:
                await ask(request)
                return await handle(request)

            return ask_and_handle

    return AccessFirst
