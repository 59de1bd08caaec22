"""What every connection from outside must bear with, before an app is reached.

`EdgeProtocol` gives uvicorn the deadlines, sizes and strictness that it lacks (it touches uvicorn's
internals: its version is pinned, and tests probe each of them).

    head ──headers complete──▶ body ──message complete──▶ idle ──next request──▶ head
      │ header deadline, sizes   │ idle time, least rate,   │ uvicorn's keep-alive
      │                          │ a small one's deadline   │
      ▼                          ▼                          ▼
    closed, and counted: no app could record it
"""

import asyncio
import math
import time
from typing import ClassVar, NoReturn

from httptools import HttpParserError
from typing_extensions import override
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from shared.runtime import crowding, framing
from shared.runtime.answers import Edge, headers_too_large, malformed, overloaded, written
from shared.runtime.closures import Closing, EdgeConfig, counting
from shared.runtime.crowding import Held, Phase
from shared.runtime.flow import Flow
from shared.runtime.lingering import Lingering
from shared.runtime.networks import network
from shared.runtime.refusals import Refusal

__all__ = ["Edge", "EdgeProtocol"]

MAX_HEADER_BYTES = 16 * 2**10  # the URL included
MAX_HEADERS = 64
LARGE_HEAD = 4 * 2**10
SMALL_BODY = 16 * 2**10  # what is sent in one go


class _RefusedError(Exception):
    """Stops the parser; what to answer is kept by the protocol."""


class EdgeProtocol(Held, HttpToolsProtocol):
    """HTTP/1.1 with deadlines and bounds; what is ambiguous in it is refused."""

    max_header_bytes: ClassVar[int] = MAX_HEADER_BYTES
    max_headers: ClassVar[int] = MAX_HEADERS
    max_connections: ClassVar[int] = 512
    max_calls: ClassVar[int] = 512
    # Bodies of one network that have not ended: twice what a country's system sends at once.
    max_bodies: ClassVar[int] = 128
    header_deadline: ClassVar[float] = 10.0  # seconds from the connection to the end of the headers
    body_idle: ClassVar[float] = 20.0  # seconds between two pieces of a body
    small_deadline: ClassVar[float] = 10.0  # seconds for a body announced as small
    min_rate: ClassVar[float] = 1024  # bytes a second, once `rate_grace` has passed
    rate_grace: ClassVar[float] = 30.0  # seconds
    answer_idle: ClassVar[float] = 60.0  # seconds in which a caller takes nothing of its answer
    linger: ClassVar[float] = 60.0  # seconds for the rest of a body that was answered already

    config: EdgeConfig
    flow: Flow
    transport: Lingering
    _timer: asyncio.TimerHandle | None = None
    _answer_timer: asyncio.TimerHandle | None = None
    _pending = 0  # bytes of a header that has not ended yet
    _end = math.inf  # of a body announced as small
    _answered = 0.0  # when the answer ended before its request did
    _refusal: tuple[str, Refusal] | None = None

    @property
    def caller(self) -> str:
        """The address that this connection comes from."""
        return self.client[0] if self.client else "?"

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.transport = Lingering(transport, self.loop, self._has_more)
        self.flow = Flow(self.transport)
        self.network = network(self.caller)
        self._enter(Phase.HEAD, self.header_deadline)
        if len(self.connections) > self.max_connections:
            crowding.least(self._everyone())._close("crowded")  # noqa: SLF001 - one of us

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        self.transport.forget()
        self.resume_writing()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        if self.transport.dropping:
            self.transport.drop(len(data))
            return
        began = self.phase is Phase.HEAD and self.size > 0
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except HttpParserError:  # an upgrade is refused before the parser speaks of it
            self._answer_refused()
            return
        # A header that does not end is not shown by the parser: what came for it is counted here.
        if began and self.phase is Phase.HEAD:
            self._pending += len(data)
            if self._pending > self.max_header_bytes:
                self._refusal = "header-size", headers_too_large()
                self._answer_refused()

    @override
    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["state"]["closing"] = Closing()
        self.size, self._pending = 1, 0
        if self.phase is not Phase.HEAD:
            self._enter(Phase.HEAD, self.header_deadline)

    @override
    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._measure(len(url))

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        if self.phase is Phase.BODY:
            # The app may have begun: a trailer would become a header that nobody checked.
            self._refuse("trailer", malformed("A body takes no trailers."))
        super().on_header(name, value)
        self._measure(len(name) + len(value) + 4)
        if len(self.headers) > self.max_headers:
            self._refuse("header-count", headers_too_large())

    @override
    def on_headers_complete(self) -> None:
        ambiguous = framing.find_ambiguity(self.headers, self.url, self.parser)
        if ambiguous is not None:
            self._refuse(*ambiguous)
        self.network = network(self.caller)
        size = framing.announced(self.headers)
        self._check_room(size)
        self.size, self.flow.held_up = 0, 0.0
        small = size is not None and size <= SMALL_BODY
        self._end = time.monotonic() + self.small_deadline if small else math.inf
        self._enter(Phase.BODY, min(self.body_idle, self.small_deadline if small else math.inf))
        super().on_headers_complete()

    @override
    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self.size += len(body)
        now = time.monotonic()
        if not self.running:
            self._pass_over(now)
            return
        lasted = now - self.since - self.flow.held_up
        if lasted > self.rate_grace and self.size / lasted < self.min_rate:
            self._close("body-rate")
            return
        self._arm(max(0.0, min(self.body_idle, self._end - now)))

    @override
    def on_message_complete(self) -> None:
        self._disarm()
        self.phase, self.since = Phase.IDLE, time.monotonic()
        super().on_message_complete()

    @override
    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        def count(reason: str) -> None:
            self.config.closures.count(self.caller, reason)

        watched = counting(app, count)  # type: ignore[arg-type]  # uvicorn's own types
        super()._start_asgi_task(cycle, watched)  # type: ignore[arg-type]

    @override
    def on_response_complete(self) -> None:
        self._answered = time.monotonic()
        super().on_response_complete()

    @override
    def pause_writing(self) -> None:
        super().pause_writing()
        if self._answer_timer is None:
            self._answer_timer = self.loop.call_later(
                self.answer_idle, self._close, "answer-not-taken"
            )

    @override
    def resume_writing(self) -> None:
        if self._answer_timer is not None:
            self._answer_timer.cancel()
            self._answer_timer = None
        if self.flow is not None:
            super().resume_writing()

    @override
    def shutdown(self) -> None:
        super().shutdown()
        if self.transport.is_closing():
            # A TLS peer may never say goodbye; an idle connection is not worth the wait.
            self.transport.abort()

    def _answer_refused(self) -> None:
        """Answer what the parser or we refused, and close."""
        reason, refusal = self._refusal or ("malformed", malformed("This is not an HTTP request."))
        self._record(reason)
        self._disarm()
        earlier = self.running and self.phase is Phase.HEAD  # a request before this one
        if earlier or (self.running and self.cycle.response_started):
            self.transport.abort()  # this answer would be taken for another one, or a part of it
            return
        self.transport.write(written(refusal))
        self.transport.close()

    def _measure(self, size: int) -> None:
        self.size, self._pending = self.size + size, 0
        if self.size > self.max_header_bytes:
            self._refuse("header-size", headers_too_large())

    def _refuse(self, reason: str, refusal: Refusal) -> NoReturn:
        self._refusal = reason, refusal
        raise _RefusedError

    def _enter(self, phase: Phase, seconds: float) -> None:
        self.phase, self.since = phase, time.monotonic()
        self._arm(seconds)

    def _arm(self, seconds: float) -> None:
        self._disarm()
        self._timer = self.loop.call_later(seconds, self._expire, seconds)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self, seconds: float) -> None:
        if self.flow.read_paused:
            self._arm(seconds)  # we are the slow side
        elif self.phase is Phase.BODY:
            late = "body-deadline" if seconds < self.body_idle else "body-idle"
            self._close(late if self.running else None)
        else:
            self._close("header-deadline" if self.size else "silent")

    def _has_more(self) -> bool:
        """Whether more is to come of a request: of its body, or of a head that is large already."""
        large = self.phase is Phase.HEAD and self.size + self._pending > LARGE_HEAD
        return large or self.phase is Phase.BODY

    def _pass_over(self, now: float) -> None:
        """Read on after the answer, so that the caller can take it, but not for ever."""
        if now - self._answered > self.linger:
            self._close(None)
        else:
            self._arm(self.body_idle)

    def _close(self, reason: str | None) -> None:
        """Close at once; without a reason the call was answered, and there is nothing to count."""
        if reason is not None:
            self._record(reason)
        self.transport.abort()

    @property
    @override
    def running(self) -> bool:
        known = self.cycle is not None  # uvicorn begins with None, whatever it declares
        return known and not self.cycle.response_complete

    def _record(self, reason: str) -> None:
        if self.running:
            self.cycle.scope["state"]["closing"].reason = reason
        else:
            self.config.closures.count(self.caller, reason)

    def _everyone(self) -> list["EdgeProtocol"]:
        return [one for one in self.connections if isinstance(one, EdgeProtocol)]

    def _check_room(self, size: int | None) -> None:
        """Refuse a call of who has too many under way; if all are too many, close one who has more."""
        under_way = len(self.tasks)
        # Nothing is counted while all that is under way is less than one network may have.
        full = size != 0 and under_way >= self.max_bodies
        if full and crowding.bodies_of(self._everyone(), self.network) >= self.max_bodies:
            self._refuse("bodies", overloaded())
        if under_way >= self.max_calls:
            slow = crowding.slowest(self._everyone(), self.network)
            if slow is None:
                self._refuse("overload", overloaded())
            slow._close("crowded")  # noqa: SLF001 - one of us
