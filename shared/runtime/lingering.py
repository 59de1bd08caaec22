"""A close that lets the caller take its answer."""

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar

from typing_extensions import override


class Lingering(asyncio.Transport):
    """Around a transport: `close` reads on for a moment if the caller has not sent everything.

    To close over unread bytes makes the kernel reset the connection, and the answer is lost: the
    caller, or a proxy on its behalf, sees a broken connection instead of the reason.
    """

    idle: ClassVar[float] = 0.3  # seconds without a byte
    longest: ClassVar[float] = 3.0  # seconds
    most: ClassVar[int] = 16 * 2**20  # bytes

    def __init__(
        self,
        transport: asyncio.Transport,
        loop: asyncio.AbstractEventLoop,
        unread: Callable[[], bool],
    ) -> None:
        """Wrap `transport`; `unread` says whether the caller has more to send."""
        super().__init__()
        self._transport, self._loop, self._unread = transport, loop, unread
        self._timer: asyncio.TimerHandle | None = None
        self._until, self._read = 0.0, 0
        self.dropping = False  # answered: what comes is for nobody

    @override
    def close(self) -> None:
        if self.dropping:
            return
        if self._transport.is_closing() or not self._unread():
            self._transport.close()
            return
        self.dropping, self._until = True, self._loop.time() + self.longest
        self._transport.resume_reading()
        self._timer = self._loop.call_later(self.idle, self._transport.close)

    def drop(self, size: int) -> None:
        """Note that so many bytes came after the answer."""
        self.forget()
        self._read += size
        if self._read > self.most or self._loop.time() > self._until:
            self._transport.close()
        else:
            self._timer = self._loop.call_later(self.idle, self._transport.close)

    def forget(self) -> None:
        """Wait no longer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @override
    def is_closing(self) -> bool:
        return self.dropping or self._transport.is_closing()

    @override
    def abort(self) -> None:
        self.forget()
        self._transport.abort()

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self.dropping:  # nothing comes after the answer
            self._transport.write(data)

    @override
    def pause_reading(self) -> None:
        self._transport.pause_reading()

    @override
    def resume_reading(self) -> None:
        self._transport.resume_reading()

    @override
    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)
