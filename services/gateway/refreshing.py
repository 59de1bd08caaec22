"""Bring the view of the directory up to date: from the directory, or else from other members' gateways."""

import fcntl
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadHTTPError,
    RepositoryError,
)

from services.gateway import agreed, views
from services.gateway.retrieval import Retrieved, Source, retrieve
from services.gateway.troubles import DIRECTORY, Report, Troubles
from services.gateway.views import ClockBehindError, View
from shared.protocol import trust
from shared.protocol.errors import ProtocolError, TrustError
from shared.protocol.identifiers import Country
from shared.runtime import http, logs, outward
from shared.runtime.clock import Clock
from shared.runtime.refusals import Unavailable

PATIENCE = 30.0  # seconds to wait for another refresh to end
REFUSALS = (RepositoryError, ProtocolError, ClockBehindError)
FAILURES = (*REFUSALS, DownloadError, OSError)
_RANDOM = secrets.SystemRandom()


class Refresher:
    """Keeps the newest view, in memory and on disk; one refresh at a time, whoever asks."""

    def __init__(
        self,
        primary: Source,
        *,
        root: bytes,
        folder: Path,
        clock: Clock,
        country: str,
        report: Report,
    ) -> None:
        """Take up what was verified before; it is checked anew."""
        self._primary, self._root, self._folder = primary, root, folder
        self._clock, self._country, self._report = clock, Country(country), report
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        self.troubles = Troubles(report, clock)
        self._stamp = views.stamp(folder)
        self.source = ""  # that the view was last refreshed from
        self.view = views.load(folder, root)

    def refresh(self) -> None:
        """Fetch and verify what is new.

        Raises:
            DownloadError, OSError: nobody answers.
            RepositoryError: what the directory answers does not hold: rollback, freeze, a wrong signature.
            ProtocolError: it is well signed and yet no directory of ours.
            ClockBehindError: our clock was set back.
            Unavailable: another refresh goes on.
        """
        with self._alone():
            try:
                self._check_clock()
                self._refresh()
            finally:
                self.troubles.close()

    def _refresh(self) -> None:
        failure, taken = None, False
        before = self.view.version if self.view is not None else 0
        for source in self._sources():
            try:
                view = self._take(source)
            except FAILURES as error:
                failure = failure or error
                self._failed(source, error)
                continue
            if source is self._primary or view.version > before:
                return
            taken = True  # but it may be withholding what is new: the next one is asked, too
        if failure is not None and not taken:
            raise failure

    def _check_clock(self) -> None:
        self._look_again()
        try:
            views.check_clock(self.view, self._clock())
        except ClockBehindError as error:
            self.troubles.note(DIRECTORY, error)
            raise

    def _look_again(self) -> None:
        """Take over what another process on the same folder has refreshed since."""
        stamp = views.stamp(self._folder)
        if stamp != self._stamp:
            self.view, self._stamp = views.load(self._folder, self._root) or self.view, stamp

    def _sources(self) -> Iterator[Source]:
        """Give the directory, then the other members' gateways, by their pinned anchors."""
        yield self._primary
        known = list(self.view.members.values()) if self.view is not None else []
        own = [member.gateway for member in known if member.country == self._country]
        reach = outward.reach_of("".join(own))
        for member in _RANDOM.sample(known, len(known)):
            foreign = member.country != self._country and member.tls_anchors
            if foreign and views.is_active(member, self._clock()):
                anchors = partial(http.pinned_context, *member.tls_anchors)
                url = f"{member.gateway}/federation"
                yield Source(name=member.country, url=url, trust=anchors, reach=reach)

    def _failed(self, source: Source, error: Exception) -> None:
        behind = source is not self._primary and isinstance(error, BadVersionNumberError)
        if isinstance(error, REFUSALS) and not isinstance(error, DownloadError) and not behind:
            self.troubles.note(source.name, error)
        else:
            logs.log().warning("directory_not_reached", source=source.name, error=str(error))

    def _take(self, source: Source) -> View:
        retrieved = retrieve(source, self._folder, self._root, self._doubt, self._country)
        members = self._vouched(retrieved)
        before = self.view.members if self.view is not None else {}
        for country in views.claimed_twice(members, before):
            self.troubles.note(country, TrustError("It claims the address of another member."))
            del members[country]
        view = views.verified(retrieved, members, self._root, self._clock())
        views.keep(view, self._folder)
        # Commit point: before it the view of before holds, after it this one, also after a crash.
        self.view, self.source, self._stamp = view, source.name, views.stamp(self._folder)
        self._tell(before, view.members)
        return view

    def _vouched(self, retrieved: Retrieved) -> dict[Country, trust.Member]:
        """Check all; if that fails, each alone: what one signs wrongly must not cost the others theirs.

        Raises:
            ProtocolError: the list of countries itself does not hold.
        """
        try:
            return trust.read_bundle(retrieved.bundle(list(retrieved.members)), self._root)
        except ProtocolError:
            members = trust.read_bundle(retrieved.bundle([]), self._root)
        for country in retrieved.members:
            try:
                members |= trust.read_bundle(retrieved.bundle([country]), self._root)
            except ProtocolError as error:
                self._doubt(country, error)
        return members

    def _doubt(self, country: str, error: Exception) -> None:
        if isinstance(error, DownloadHTTPError):
            logs.log().warning("member_not_there", country=country, error=str(error))
        else:
            self.troubles.note(country, error)

    def _tell(
        self, before: Mapping[Country, trust.Member], after: Mapping[Country, trust.Member]
    ) -> None:
        """Record which peers were suspended or taken up again, whose keys changed, and what was agreed."""
        for kind, name in agreed.changes(before, after, self._country):
            (peer,) = name.countries - {self._country}
            self._report(kind, peer, name.reason)
        for country, old in before.items():
            new = after.get(country)
            if country == self._country:
                continue
            if old.status == "active" and (new is None or new.status != "active"):
                self._report("peer.suspended", country, new.status if new else "gone")
            if new is not None and old.status != "active" and new.status == "active":
                self._report("peer.resumed", country, None)
            if new is not None and _keys(old) != _keys(new):
                self._report("peer.key_changed", country, None)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep others out: threads of this process, and processes on the same folder.

        Raises:
            Unavailable: another refresh has not ended in time.
        """
        deadline = time.monotonic() + PATIENCE
        if not self._lock.acquire(timeout=PATIENCE):
            raise _busy()
        try:
            with (self._folder / "lock").open("wb") as file:
                _lock(file, deadline)
                yield
        finally:
            self._lock.release()


def _lock(file: IO[bytes], deadline: float) -> None:
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise _busy() from None
            time.sleep(0.05)
        else:
            return


def _busy() -> Unavailable:
    return Unavailable(
        "refresh_running",
        "Another refresh of the directory goes on.",
        next_step="Try again in a minute.",
        headers={"Retry-After": "30"},
    )


def _keys(member: trust.Member) -> tuple[object, ...]:
    return member.client_jwks, member.seal, member.kem, member.log.vkeys, member.witness.vkeys
