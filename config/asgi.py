"""`/live/` runs on the event loop; everything else is Django in a fixed number of threads.

Under plain ASGI every request may meet a new thread, and with it a new database connection.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, cast

from a2wsgi import WSGIMiddleware
from a2wsgi.wsgi_typing import WSGIApp

from config.wsgi import application as pages

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

pages_in_threads: Any = WSGIMiddleware(cast(WSGIApp, pages), workers=8)
open_streams: set[asyncio.Task[Any]] = set()


async def application(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] == "http" and scope["path"] == "/live/":
        await stream(scope, receive, send)
    else:
        await pages_in_threads(scope, receive, send)


async def stream(scope: Message, receive: Receive, send: Send) -> None:
    from alerts.live import application as live

    task = cast("asyncio.Task[Any]", asyncio.current_task())
    open_streams.add(task)
    try:
        await live(scope, receive, send)
    except asyncio.CancelledError:
        await send({"type": "http.response.body", "body": b""})  # the server stops; the browser will come back
    finally:
        open_streams.discard(task)


def end_streams() -> None:
    for task in open_streams:
        task.cancel()
