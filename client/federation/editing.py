"""Change what a member document says, piece by piece."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from client.errors import StateError, UsageError, unreadable
from client.federation.folder import Held
from shared.protocol import canonical
from shared.protocol.errors import FormatError
from shared.protocol.identities import ClosedLog, Maintenance
from shared.protocol.policies import PolicyLog, format_policy, parse_policy
from shared.protocol.trust import Member

NO_MAINTENANCE = "none"


def current(held: Held, country: str) -> Member:
    """Give the document that the country signed last.

    Raises:
        StateError: there is none.
    """
    member = held.members.get(country)
    if member is None:
        raise StateError(f"{country} has no document that holds here", code="no_member")
    return member


def whole(path: Path, country: str) -> Member:
    """Read a whole new document.

    Raises:
        UsageError: it is none, or another country's.
    """
    try:
        member = Member.from_bytes(_read(path))
    except FormatError as error:
        raise UsageError(f"{path}: {error.detail}", code="bad_document") from error
    if member.country != country:
        raise UsageError(f"{path} is of {member.country}, not of {country}", code="bad_document")
    return member


def with_closed(member: Member, path: Path) -> Member:
    """Name a log that has ended, where it ended: an element of `closed_logs`, as `shards close` writes it."""
    try:
        closed = ClosedLog.model_validate_json(_read(path))
    except ValidationError as error:
        raise UsageError(f"{path} is no log that has ended", code="bad_document") from error
    others = [each for each in member.closed_logs if each.origin != closed.origin]
    return member.model_copy(update={"closed_logs": (*others, closed)})


def with_log(member: Member, path: Path) -> Member:
    """Name the log that is written from now on, or other keys of it; its policy names them, too.

    The file is `{"origin", "vkeys"}` as `shards draw` writes it.
    """
    match canonical.parse(_read(path)):
        case {"origin": str(origin), "vkeys": [*vkeys]} if all(isinstance(k, str) for k in vkeys):
            keys = tuple(map(str, vkeys))
        case _:
            raise UsageError(f"{path} is no origin of a log with its keys", code="bad_document")
    policy = parse_policy(member.log.policy.encode())
    urls = {each.url for each in policy.logs} or {None}
    logs = tuple(PolicyLog(vkey=key, url=url) for key in keys for url in urls)
    text = format_policy(replace(policy, logs=logs if policy.logs else ())).decode()
    log = member.log.model_copy(update={"origin": origin, "vkeys": keys, "policy": text})
    return member.model_copy(update={"log": log})


def with_maintenance(member: Member, span: str, note: str) -> Member:
    """Announce a maintenance `FROM/UNTIL` (RFC 3339), or take it back with `none`."""
    if span == NO_MAINTENANCE:
        return member.model_copy(update={"maintenance": None})
    begin, _, end = span.partition("/")
    try:
        told = {"from": _seconds(begin), "until": _seconds(end), "note": note}
        maintenance = Maintenance.model_validate(told)
    except (ValueError, ValidationError) as error:
        raise UsageError(
            f"{span} is no FROM/UNTIL",
            code="bad_maintenance",
            next_step="write 2027-01-31T22:00Z/2027-02-01T02:00Z, or none",
        ) from error
    return member.model_copy(update={"maintenance": maintenance})


def _seconds(text: str) -> int:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return int(moment.timestamp())


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes().strip()
    except OSError as error:
        raise unreadable(path, error) from error
