"""Keep the short-lived roles fresh, so that a federation left alone still trusts itself."""

import threading
from pathlib import Path
from typing import ClassVar

from services.directory import repository
from shared.runtime import logs
from shared.runtime.clock import Clock


class Resigner:
    """A thread that publishes and re-signs until it is stopped."""

    interval: ClassVar[float] = 30.0  # seconds; also how long a newly signed document waits

    def __init__(self, folder: Path, online: repository.OnlineKeys, clock: Clock) -> None:
        self._folder, self._online, self._clock = folder, online, clock
        self._stopped, self._failed = threading.Event(), False
        self._thread = threading.Thread(target=self._run, name="resigner", daemon=True)

    def start(self) -> None:
        """Re-sign what is due now, then keep watch."""
        self.resign()
        self._thread.start()

    def stop(self) -> None:
        """Stop and wait for the thread."""
        self._stopped.set()
        self._thread.join()

    @property
    def state(self) -> str:
        """Say `ok`, `failing` (what is due is not signed) or `stopped`."""
        if not self._thread.is_alive():
            return "stopped"
        return "failing" if self._failed else "ok"

    def resign(self) -> None:
        """Publish what countries have signed, re-sign what is due, and warn of what people must renew."""
        now = self._clock().replace(microsecond=0)
        if repository.refresh(self._folder, online=self._online, now=now):
            logs.log().info("directory_signed")
            for role, expires in repository.ending(self._folder, now):
                # Nobody can do it for them: an expired root or list stops every country.
                logs.log().warning("role_ends_soon", role=role, expires=expires.isoformat())

    def _run(self) -> None:
        while not self._stopped.wait(self.interval):
            try:
                self.resign()
                self._failed = False
            except Exception as error:  # noqa: BLE001 - a full disk must not end the watch
                self._failed = True
                logs.log().error("directory_not_signed", exc_info=error)
