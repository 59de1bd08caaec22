"""What was verified of the directory, and what it is worth at a moment.

    age of the timestamp   0 ──── 12 h ──── 18 h ──── 24 h
                             ok     ageing    stale    expired

`ageing` is a warning and `stale` an alarm, long before peers are refused. A clock that stands before the
last refresh, or before the directory's last signature, is wrong: nothing could be called fresh by it.
"""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError
from tuf.api.exceptions import ExpiredMetadataError, RepositoryError
from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp

from services.gateway.retrieval import Retrieved
from shared.protocol import canonical, ceremonies, trust
from shared.protocol.ceremonies import TIMESTAMP_LIFE
from shared.protocol.errors import FormatError, ProtocolError
from shared.protocol.identifiers import Country
from shared.runtime import logs

SKEW = timedelta(seconds=60)  # by which this clock and the directory's may differ
AGEING, STALE = TIMESTAMP_LIFE / 2, TIMESTAMP_LIFE * 3 / 4
MAX_VIEW = 2 * trust.MAX_BUNDLE  # bytes
FILE = "view.json"


class State(StrEnum):
    """What a view is worth."""

    EMPTY = "empty"
    OK = "ok"
    AGEING = "ageing"
    STALE = "stale"
    EXPIRED = "expired"
    CLOCK_BEHIND = "clock_behind"


class ClockBehindError(Exception):
    """This clock stands before a moment that has certainly been."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What was verified: the bundle, what it says, until when it is fresh, and how to pass it on."""

    bundle: bytes
    members: Mapping[Country, trust.Member]
    timestamp: bytes
    snapshot: bytes
    version: int  # of the timestamp
    expires: datetime
    seen: datetime  # when it was last refreshed, by this clock
    files: Mapping[str, bytes]  # the repository as a mirror serves it, by path

    @property
    def signed(self) -> datetime:
        """When the directory signed it."""
        return self.expires - TIMESTAMP_LIFE

    def state(self, now: datetime) -> State:
        """Say what the view is worth at this moment."""
        if now < max(self.seen, self.signed) - SKEW:
            return State.CLOCK_BEHIND
        if now >= self.expires:
            return State.EXPIRED
        age = now - self.signed
        return State.STALE if age >= STALE else State.AGEING if age >= AGEING else State.OK

    def to_bytes(self) -> bytes:
        """Write the view for the disk: one file, so that a crash leaves one state whole."""
        parts = {"bundle": self.bundle, "timestamp": self.timestamp, "snapshot": self.snapshot}
        sealed: dict[str, canonical.Json] = {
            name: canonical.b64u(part) for name, part in parts.items()
        }
        return canonical.encode({"v": 1, "seen": int(self.seen.timestamp()), **sealed})


class _File(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")
    v: int
    seen: int
    bundle: str
    timestamp: str
    snapshot: str


def check_clock(view: View | None, now: datetime) -> None:
    """Check that this clock has not been set back since the last refresh.

    Raises:
        ClockBehindError: it has.
    """
    if view is not None and view.state(now) is State.CLOCK_BEHIND:
        raise ClockBehindError(
            f"It is {now:%Y-%m-%d %H:%M} by this clock, and was {view.seen:%H:%M} at the last refresh."
        )


def verified(retrieved: Retrieved, countries: Collection[str], root: bytes, now: datetime) -> View:
    """Make a view of these countries of what a TUF client verified.

    Raises:
        ProtocolError: it is well signed and yet no directory of ours.
        ExpiredMetadataError: by this clock it has expired.
        ClockBehindError: it was signed in the future of this clock, or for longer than it may.
    """
    bundle = retrieved.bundle([each for each in retrieved.members if each in countries])
    view = _view(bundle, retrieved.timestamp, retrieved.snapshot, root=root, seen=now)
    if view.state(now) is State.EXPIRED:
        raise ExpiredMetadataError(f"the timestamp expired at {view.expires}")
    if view.state(now) is State.CLOCK_BEHIND:
        raise ClockBehindError(f"The directory signed at {view.signed}, after this clock's {now}.")
    return view


def is_active(member: trust.Member, now: datetime) -> bool:
    """Whether a country is a peer at this moment."""
    return member.status == "active" and member.not_before <= now.timestamp() < member.not_after


def claimed_twice(
    members: Mapping[Country, trust.Member], before: Mapping[Country, trust.Member]
) -> frozenset[Country]:
    """Name the members that say another's address is theirs.

    Whoever had it before keeps it. Between newcomers nobody can tell, and neither gets it.
    """
    owners: dict[str, set[Country]] = {}
    for country, member in members.items():
        for address in {member.issuer, member.gateway}:
            owners.setdefault(address, set()).add(country)
    doubtful: set[Country] = set()
    for address, claimants in owners.items():
        if len(claimants) > 1:
            known = {each for each in claimants if address in _addresses(before.get(each))}
            doubtful |= claimants - known if len(known) == 1 else claimants
    return frozenset(doubtful)


def _addresses(member: trust.Member | None) -> set[str]:
    return set() if member is None else {member.issuer, member.gateway}


def keep(view: View, folder: Path) -> None:
    """Put a view on the disk in the place of the one before."""
    path = folder / FILE
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(view.to_bytes())
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def stamp(folder: Path) -> int | None:
    """Say by which a reader knows that the view on the disk is another one."""
    path = folder / FILE
    return path.stat().st_mtime_ns if path.exists() else None


def load(folder: Path, root: bytes) -> View | None:
    """Read the view of before and check it anew, from the pinned root."""
    path = folder / FILE
    if not path.exists():
        return None
    try:
        data = path.read_bytes()
        canonical.parse(data, max_size=MAX_VIEW)
        told = _File.model_validate_json(data)
        parts = [canonical.unb64u(each) for each in (told.bundle, told.timestamp, told.snapshot)]
        return _view(*parts, root=root, seen=datetime.fromtimestamp(told.seen, UTC))
    except (RepositoryError, ProtocolError, ValidationError) as error:
        # Another root was pinned since, or the disk lost something: the directory has it all.
        logs.log().warning("directory_state_dropped", error=str(error))
        return None


def _view(bundle: bytes, timestamp: bytes, snapshot: bytes, *, root: bytes, seen: datetime) -> View:
    members = trust.read_bundle(bundle, root)
    signed = Metadata[Timestamp].from_bytes(timestamp).signed
    if not isinstance(signed, Timestamp):
        raise FormatError("This is no timestamp.")
    return View(
        bundle=bundle,
        members=members,
        timestamp=timestamp,
        snapshot=snapshot,
        version=signed.version,
        expires=signed.expires,
        seen=seen,
        files=_files(trust.read_parts(bundle), timestamp, snapshot),
    )


def _files(parts: trust.Parts, timestamp: bytes, snapshot: bytes) -> dict[str, bytes]:
    """Name the files as the directory itself does (consistent snapshots)."""
    files = {
        "metadata/timestamp.json": timestamp,
        _numbered("snapshot", snapshot, Snapshot): snapshot,
        _numbered("targets", parts.targets, Targets): parts.targets,
    }
    files |= {_numbered("root", root, Root): root for root in parts.roots}
    files |= {_numbered(name, role, Targets): role for name, role in parts.roles.items()}
    for country, document in parts.members.items():
        role = Metadata[Targets].from_bytes(parts.roles[trust.role_name(country)]).signed
        files[f"targets/members/{ceremonies.target_name(country, role)}"] = document
    files |= {f"targets/{path}": content for path, content in parts.pairs.items()}
    return files


def _numbered(name: str, data: bytes, kind: type[Root | Snapshot | Targets]) -> str:
    signed = Metadata[kind].from_bytes(data).signed  # type: ignore[valid-type]
    return f"metadata/{signed.version}.{name}.json"
