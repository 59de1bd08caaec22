"""The live view of the directory, kept fresh by a thread.

    nothing ──refresh──▶ ok ──12 h──▶ ageing ──18 h──▶ stale ──24 h──▶ expired
                          ▲───────────────── refresh ─────────────────────┘

Until it is expired peers are served. Then they are refused (503 `directory_expired`), since a withdrawn
country could otherwise go on for ever; reading at home goes on. A failed refresh changes nothing. A clock
that was set back makes every view worthless until it is right again (503 `clock_behind`).
"""

import secrets
import threading
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from services.gateway import agreed
from services.gateway.refreshing import FAILURES, Refresher
from services.gateway.retrieval import Source
from services.gateway.troubles import DIRECTORY, Report
from services.gateway.views import State, View, is_active
from shared.protocol import trust
from shared.protocol.canonical import Json
from shared.protocol.identifiers import Country
from shared.runtime import http, logs
from shared.runtime.clock import Clock, milliseconds
from shared.runtime.refusals import NotAllowed, NotFound, Refusal, Unavailable

REFRESH = timedelta(minutes=5)  # give or take a tenth, so that not all members come at once
RETRY, LONGEST_RETRY = timedelta(seconds=2), timedelta(seconds=60)  # after failures
STUCK = REFRESH + timedelta(minutes=3)  # without a sign of life of the thread
ENDS_SOON = timedelta(days=30)
_ASK_AGAIN = 300  # seconds


def _nobody(_kind: str, _peer: str | None, _reason: str | None) -> None:
    """Record nothing: where there is no audit log."""


class Directory:
    """The countries of the federation, as they are now."""

    def __init__(  # noqa: PLR0913 - where, from what, for whom
        self,
        *,
        url: str,
        context: http.Trust,
        root: bytes,
        folder: Path,
        clock: Clock,
        country: str,
        report: Report = _nobody,
    ) -> None:
        """Take up what was verified before.

        Args:
            url: the directory process.
            context: gives one that trusts its anchor only.
            root: the pinned first root.
            folder: where the verified state is kept.
            clock: the time.
            country: our own.
            report: records an event in the audit log.
        """
        primary = Source(name=DIRECTORY, url=url, trust=context)
        self._refresher = Refresher(
            primary, root=root, folder=folder, clock=clock, country=country, report=report
        )
        self._clock, self._country = clock, Country(country)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="directory", daemon=True)
        self._sign_of_life: float | None = None  # of the thread, by the monotonic clock

    def start(self) -> None:
        """Keep the view fresh until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def state(self) -> State:
        """Say what the view is worth now."""
        view = self._refresher.view
        return State.EMPTY if view is None else view.state(self._clock())

    def refresh(self) -> None:
        """Fetch and verify what is new; raises what `Refresher.refresh` does."""
        self._refresher.refresh()

    def bundle(self) -> bytes:
        """Return the trust bundle, however old: keys in it are judged at the logged time.

        Raises:
            Unavailable: there never was one.
        """
        return self._any_view().bundle

    def members(self) -> Mapping[Country, trust.Member]:
        """Return every country's document, however old: for what proves itself. Raises as `bundle`."""
        return self._any_view().members

    def file(self, path: str) -> bytes:
        """Return a file of the repository as last verified: we are a mirror for other members.

        Raises:
            NotFound: no such file, or there never was a view.
        """
        view = self._refresher.view
        if view is None or path not in view.files:
            raise NotFound("no_such_file", "This mirror of the directory has no such file.")
        return view.files[path]

    def peer(self, country: str) -> trust.Member:
        """Return an active member, from a fresh view.

        Raises:
            NotFound: no such country in the directory.
            NotAllowed: the country is suspended or has left.
            Unavailable: the view has expired, or the clock is wrong.
        """
        member = self._fresh_view().members.get(Country(country))
        if member is None:
            raise NotFound("unknown_country", f"The directory does not name {country}.")
        if not is_active(member, self._clock()):
            raise NotAllowed("peer_not_allowed", f"{country} is {member.status} in the directory.")
        return member

    def peer_at_work(self, country: str) -> trust.Member:
        """Return an active member that takes calls now.

        Raises:
            Unavailable: it has announced maintenance; `Retry-After` says when it ends.
            Refusal: as `peer`.
        """
        member = self.peer(country)
        at = int(self._clock().timestamp())
        maintenance = member.maintenance_at(at)
        if maintenance is not None:
            raise Unavailable(
                "peer_in_maintenance",
                f"{country} has announced maintenance: {maintenance.note}",
                next_step="Nothing is lost; it is tried again when the maintenance has ended.",
                # It may end earlier than announced: the directory would say so at a refresh.
                headers={"Retry-After": str(min(maintenance.end - at, _ASK_AGAIN))},
                until=maintenance.end,
            )
        return member

    def issuer(self, issuer: str) -> trust.Member | None:
        """Return the active member with this issuer URL, if there is one.

        Raises:
            Unavailable: the view has expired, or the clock is wrong.
        """
        for member in self._fresh_view().members.values():
            if member.issuer == issuer and is_active(member, self._clock()):
                return member
        return None

    def health(self) -> dict[str, Json]:
        """Tell an operator everything: `level` is green, yellow (see to it) or red (now)."""
        view, alarms, warnings = self._refresher.view, self._alarms(), self._warnings()
        times = (view.signed, view.expires, view.seen) if view else (None, None, None)
        signed, expires, seen = (milliseconds(at) if at else None for at in times)
        members = view.members if view else {}
        return {
            "state": self.state.value,
            "level": "red" if alarms else "yellow" if warnings else "green",
            "says": [*alarms, *warnings],
            "signed": signed,
            "expires": expires,
            "refreshed": seen,
            "source": self._refresher.source,
            "members": {each.country: each.status for each in members.values()},
        }

    def _alarms(self) -> list[str]:
        troubles = self._refresher.troubles.last
        found = [f"{each.who} was refused: {each.reason}" for each in troubles]
        if self.state not in {State.OK, State.AGEING}:
            found.append(f"the view of the directory is {self.state.value}")
        life = self._sign_of_life
        if life is not None and time.monotonic() - life > STUCK.total_seconds():
            found.append("the thread that refreshes is stuck: restart the gateway")
        view = self._refresher.view
        own = view.members.get(self._country) if view else None
        if view is not None and (own is None or not is_active(own, self._clock())):
            status = own.status if own is not None else "no member"
            found.append(f"{self._country} is {status}: no peer serves us")
        return found

    def _warnings(self) -> list[str]:
        view, source = self._refresher.view, self._refresher.source
        found = ["the view of the directory is ageing"] if self.state is State.AGEING else []
        if source not in {"", DIRECTORY}:
            found.append(f"the directory does not answer; {source} stands in as a mirror")
        own = view.members.get(self._country) if view else None
        if own is not None and own.not_after < (self._clock() + ENDS_SOON).timestamp():
            found.append("our member document ends within 30 days: rogatory federation update")
        if view is not None:
            today = self._clock().date()
            found += agreed.warnings(view.members, view.files, self._country, today)
        return found

    def _watch(self) -> None:
        failures = 0
        while not self._stopped.is_set():
            self._sign_of_life = time.monotonic()
            try:
                self.refresh()
                failures = 0
            except (*FAILURES, Refusal) as error:
                failures += 1
                logs.log().warning("directory_not_refreshed", state=self.state, error=str(error))
            except Exception as error:  # noqa: BLE001 - whatever it is must not end the watch
                failures += 1
                logs.log().error("directory_failed", exc_info=error)
            self._stopped.wait(_pause(failures))

    def _any_view(self) -> View:
        view = self._refresher.view
        if view is None:
            raise Unavailable(
                "directory_empty",
                "This gateway has not yet reached the directory of countries.",
                next_step="Try again in a minute.",
            )
        return view

    def _fresh_view(self) -> View:
        view = self._any_view()
        match view.state(self._clock()):
            case State.EXPIRED:
                raise Unavailable(
                    "directory_expired",
                    "The directory of countries could not be refreshed for too long.",
                    next_step="The operators must restore the connection to the directory.",
                )
            case State.CLOCK_BEHIND:
                raise Unavailable(
                    "clock_behind",
                    "This gateway's clock stands before its last look at the directory.",
                    next_step="The operators must set the clock right.",
                )
            case _:
                return view


def _pause(failures: int) -> float:
    """Draw the seconds until the next refresh."""
    pace = min(RETRY * 2 ** min(failures - 1, 10), LONGEST_RETRY) if failures else REFRESH
    return pace.total_seconds() * (0.9 + secrets.randbelow(201) / 1000)
