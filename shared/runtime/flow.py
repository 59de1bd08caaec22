"""Who holds a body up: the caller, or we."""

import time

from typing_extensions import override
from uvicorn.protocols.http.flow_control import FlowControl


class Flow(FlowControl):
    """A connection's flow control that also knows how long we, not the caller, held a body up."""

    held_up = 0.0  # seconds
    _since = 0.0

    @override
    def pause_reading(self) -> None:
        if not self.read_paused:
            self._since = time.monotonic()
        super().pause_reading()

    @override
    def resume_reading(self) -> None:
        if self.read_paused:
            self.held_up += time.monotonic() - self._since
        super().resume_reading()
