"""Have published checkpoints stamped by time-stamping authorities (RFC 3161), and tell how that goes.

Never in the path of a transfer: an authority that is away, or answers nonsense, is a red light for the
operators. A stamp is over the whole note, so it shows that the signatures were there at that time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx

from services.audit import proofs
from services.audit.store import Session, stamps
from services.audit.store.stamps import Stamped
from shared.protocol import timetokens
from shared.protocol.errors import ProtocolError
from shared.protocol.timestamps import Stamp, format_stamp
from shared.runtime import logs
from shared.runtime.authorities import Authority
from shared.runtime.clock import Clock
from shared.runtime.database import Database
from shared.runtime.refusals import NotFound

PAGE = 100  # stamps at most in one answer
RETRY = timedelta(minutes=1)  # after an authority failed
QUERY = {"content-type": "application/timestamp-query"}  # RFC 3161, 3.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """How an authority does: the size and the time of its newest stamp, and what is wrong, if anything."""

    authority: str
    size: int
    time: datetime | None
    trouble: str | None
    since: datetime | None


@dataclass(slots=True, kw_only=True)
class Stamper:
    """A job of the leader: for each authority a stamp every so often, while the log grows."""

    database: Database
    gateway: httpx.Client
    authorities: Mapping[str, Authority]
    every: timedelta
    clock: Clock
    _due: dict[str, datetime] = field(default_factory=dict)
    _trouble: dict[str, tuple[str, datetime]] = field(default_factory=dict)

    def begin(self) -> None:
        """Every authority is looked at anew; what it stamped is in the database."""
        self._due.clear()

    def work(self) -> bool:
        """Ask the authorities that are due; False, since nothing hurries."""
        for authority in self.authorities.values():
            now = self.clock()
            if now >= self._due.get(authority.name, now):
                self._due[authority.name] = self._turn(authority, now)
        return False

    def lights(self) -> list[Light]:
        """Tell of every authority."""
        with self.database.read() as db:
            newest = {name: stamps.newest(db, name) for name in self.authorities}
        return [
            Light(
                authority=name,
                size=known.size if known else 0,
                time=known.time if known else None,
                trouble=self._trouble[name][0] if name in self._trouble else None,
                since=self._trouble[name][1] if name in self._trouble else None,
            )
            for name, known in newest.items()
        ]

    def _turn(self, authority: Authority, now: datetime) -> datetime:
        """Have the newest checkpoint stamped, if that is due; return when to look again."""
        with self.database.read() as db:
            known = stamps.newest(db, authority.name)
            size, note = _published(db)
        if known and now < known.time + self.every:
            return min(known.time + self.every, now + self.every)
        if size == (known.size if known else 0):
            return now  # the log has not grown: the next entry is stamped at once
        try:
            made = self._ask(authority, size, note)
        except (ProtocolError, httpx.HTTPError, _RefusedError) as error:
            self._tell(authority.name, error, now)
            return now + min(RETRY, self.every)
        with self.database.begin() as db:
            stamps.add(db, made, now)
        # Commit point. Died before it: the authority is asked again, and a stamp more harms nobody.
        self._trouble.pop(authority.name, None)
        return now + self.every

    def _ask(self, authority: Authority, size: int, note: str) -> Stamped:
        question = timetokens.ask(note)
        path = f"/egress/time/{authority.name}"
        answer = self.gateway.post(path, content=question.request, headers=QUERY)
        if not answer.is_success:
            raise _RefusedError(f"the gateway says {answer.status_code}: {_detail(answer)}")
        token = timetokens.read_answer(answer.content, question, note, authority.anchors)
        time = timetokens.stated_time(token)
        return Stamped(size=size, authority=authority.name, note=note, token=token, time=time)

    def _tell(self, name: str, error: Exception, now: datetime) -> None:
        detail = error.detail if isinstance(error, ProtocolError) else str(error)
        since = self._trouble[name][1] if name in self._trouble else now
        self._trouble[name] = detail, since
        logs.log().warning("not_stamped", authority=name, error=detail, since=since.isoformat())


class _RefusedError(Exception):
    """There is no answer of the authority."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Records of stamps (spec/timestamps.md), each with its size; `following` is where to go on from."""

    records: Sequence[tuple[int, bytes]]
    following: int | None


def records(database: Database, *, start: int, limit: int = PAGE) -> Records:
    """Give the stamps over checkpoints of size `start` and larger.

    The first size of the next page may have been on this one, with other authorities.
    """
    limit = min(limit, PAGE)
    with database.read() as db:
        found = stamps.page(db, start, limit + 1)
    following = found[limit].size if len(found) > limit else None
    return Records(
        records=[(each.size, _record(each)) for each in found[:limit]], following=following
    )


def _record(each: Stamped) -> bytes:
    return format_stamp(Stamp(authority=each.authority, note=each.note, token=each.token))


def _published(db: Session) -> tuple[int, str]:
    try:
        newest = proofs.newest(db)
    except NotFound:
        return 0, ""
    return newest.size, newest.note


def _detail(answer: httpx.Response) -> str:
    try:
        told = answer.json()
    except ValueError:
        return ""
    return str(told.get("detail", ""))[:200] if isinstance(told, dict) else ""
