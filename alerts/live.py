"""`/live/`: a stream that says which compartment changed; the page refetches its part. Its own small ASGI app.

One poller a process asks once a second. The session is checked again every 15 seconds and before each message, so a
session or grant that ended closes the stream. Sends `{"compartment": id}` and nothing else.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import close_old_connections
from django.utils.crypto import constant_time_compare

from access.models import Compartment, User
from accounts.middleware import is_over
from alerts.models import Reader
from audit.models import Log

POLL_EVERY = 1.0  # seconds
CHECK_EVERY = 15.0
HEARTBEAT_EVERY = 20.0
ASK_AGAIN_AFTER = 5.0  # seconds after which the two clocks below are looked at
STREAMS_A_SESSION = 6

T = TypeVar("T")
Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
Positions = dict[str, tuple[int, int]]

_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="live")


async def _in_thread(function: Callable[..., T], *args: Any) -> T:
    return await asyncio.get_running_loop().run_in_executor(_threads, _with_connection, function, *args)


def _with_connection(function: Callable[..., Any], *args: Any) -> Any:
    close_old_connections()
    try:
        return function(*args)
    finally:
        close_old_connections()


def session_key_of(scope: Message) -> str:
    cookies: SimpleCookie = SimpleCookie()
    for name, value in scope.get("headers", ()):
        if name == b"cookie":
            try:
                cookies.load(value.decode("latin-1"))
            except CookieError:
                return ""
    found = cookies.get(settings.SESSION_COOKIE_NAME)
    return found.value if found else ""


def compartments_of(session_key: str) -> frozenset[str] | None:
    """The compartments this session may hear of; None when it is over or unknown."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    if not session_key:
        return None
    session = store(session_key)
    if SESSION_KEY not in session or is_over(session):
        return None
    user = User.objects.filter(pk=session[SESSION_KEY], is_active=True).first()
    if user is None or session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    if not constant_time_compare(session.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash()):
        return None
    return frozenset(str(pk) for pk in Compartment.objects.visible_to(user).values_list("pk", flat=True))


def positions_of(compartments: Collection[Any]) -> Positions:
    """How far each log and its routing have come: an inbox changes when routing has read on."""
    read = {
        str(pk): position for pk, position in Reader.objects.filter(pk__in=compartments).values_list("pk", "position")
    }
    logs = Log.objects.unscoped("the stream tells only of the session's own").filter(pk__in=compartments)
    return {str(pk): (position, read.get(str(pk), 0)) for pk, position in logs.values_list("pk", "position")}


class Stream:
    def __init__(self, session_key: str, compartments: frozenset[str]) -> None:
        self.session_key = session_key
        self.compartments = compartments
        self.changed: asyncio.Queue[str] = asyncio.Queue()


class Poller:
    """Asks for all streams of this process at once, and only while there are any."""

    def __init__(self) -> None:
        self.streams: set[Stream] = set()
        self.seen: Positions = {}
        self.task: asyncio.Task[None] | None = None

    def count(self, session_key: str) -> int:
        return sum(stream.session_key == session_key for stream in self.streams)

    async def join(self, stream: Stream) -> None:
        self.seen |= {
            pk: place for pk, place in (await _in_thread(positions_of, stream.compartments)).items() if pk not in self.seen
        }  # fmt: skip
        self.streams.add(stream)
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self._poll())

    def leave(self, stream: Stream) -> None:
        self.streams.discard(stream)

    async def _poll(self) -> None:
        while self.streams:
            await asyncio.sleep(POLL_EVERY)
            watched = frozenset[str]().union(*(stream.compartments for stream in self.streams))
            try:
                now = await _in_thread(positions_of, watched)
            except Exception:  # noqa: S112  the database is away for a moment: ask again in a second
                continue
            moved = {pk for pk, place in now.items() if self.seen.get(pk, (0, 0)) != place}
            self.seen = now
            for stream in self.streams:
                for pk in moved & stream.compartments:
                    stream.changed.put_nowait(pk)
        self.seen = {}


poller = Poller()


async def application(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        return
    session_key = session_key_of(scope)
    compartments = await _in_thread(compartments_of, session_key)
    if scope.get("method") != "GET" or compartments is None or poller.count(session_key) >= STREAMS_A_SESSION:
        await _refuse(send, 405 if scope.get("method") != "GET" else 403 if compartments is None else 429)
        return
    stream = Stream(session_key, compartments)
    await poller.join(stream)
    gone = asyncio.create_task(_until_disconnected(receive))
    try:
        await _tell(stream, send, gone)
    finally:
        poller.leave(stream)
        gone.cancel()


async def _refuse(send: Send, status: int) -> None:
    headers = [(b"content-type", b"text/plain"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def _until_disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _tell(stream: Stream, send: Send, gone: "asyncio.Task[None]") -> None:
    headers = [
        (b"content-type", b"text/event-stream"), (b"cache-control", b"no-store"), (b"x-accel-buffering", b"no"),
    ]  # fmt: skip
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"retry: 2000\n\n", "more_body": True})
    loop = asyncio.get_running_loop()
    checked_at = beaten_at = loop.time()
    while not gone.done():
        pk = await _next(stream, gone, ASK_AGAIN_AFTER)
        if pk is not None or loop.time() - checked_at >= CHECK_EVERY:
            allowed = await _in_thread(compartments_of, stream.session_key)
            if allowed is None:
                break
            stream.compartments, checked_at = allowed, loop.time()
        if pk is not None and pk in stream.compartments:
            body = f"data: {json.dumps({'compartment': pk})}\n\n".encode()
            await send({"type": "http.response.body", "body": body, "more_body": True})
            beaten_at = loop.time()
        elif loop.time() - beaten_at >= HEARTBEAT_EVERY:
            await send({"type": "http.response.body", "body": b": still here\n\n", "more_body": True})
            beaten_at = loop.time()
    if not gone.done():
        await send({"type": "http.response.body", "body": b""})


async def _next(stream: Stream, gone: "asyncio.Task[None]", seconds: float) -> str | None:
    """The next compartment that changed; None after `seconds` or when the client left."""
    waiting = asyncio.create_task(stream.changed.get())
    done, _pending = await asyncio.wait({waiting, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    if waiting in done:
        return waiting.result()
    waiting.cancel()
    return None
