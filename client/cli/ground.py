"""What the node says of itself to its operators, judged: services, directory, ground, log, channels."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from client.cli.findings import (
    Finding,
    away,
    broken,
    fine,
    listed,
    members,
    number,
    text,
    warned,
)
from client.cli.handshake import certificate
from client.sdk.session import Session
from shared.protocol.canonical import Json

GIB: Final = 2**30
FULL, NEARLY_FULL = 1 * GIB, 10 * GIB  # bytes free
LAG: Final = 60  # seconds that something may wait for the log before it is a failure
SERVICES: Final = {"gateway": "", "exchange": "/exchange", "audit": "/audit"}
ASK: Final = "see the log of this service on the node"


def services(session: Session) -> Iterator[Finding]:
    """Judge `/v1/ops/health`: each service, the directory, the keys of clients, what waits."""
    told = session.get("/v1/ops/health")
    for name in ("exchange", "audit"):
        yield _service(name, members(told, name))
    gateway = members(told, "gateway")
    yield _edge(members(gateway, "edge"))
    yield _directory(members(gateway, "view"))
    yield from _clients(members(gateway, "clients"))
    yield _token_keys(members(gateway, "token_keys"))
    waiting = number(gateway, "denials_waiting") or 0
    if waiting:
        yield warned("denials", f"{waiting} or more wait for the log", "look at the finding `log`")


def _service(name: str, told: dict[str, Json]) -> Finding:
    status = text(told, "status") or "unknown"
    parts = ", ".join(f"{part} {state}" for part, state in members(told, "parts").items())
    if status == "ok":
        return fine(name, parts or status)
    detail = "; ".join(filter(None, (status, text(told, "error"), parts)))
    return away(name, detail, f"does it run? {ASK}")


def _edge(told: dict[str, Json]) -> Finding:
    """What the gateway says of its own listener: TLS of its own, or a proxy's."""
    says = told.get("says")
    wrong = "; ".join(map(str, says)) if isinstance(says, list) else ""
    if text(told, "level") == "red":
        return away("edge", wrong, "what is shown is what was shown before; mend the new files")
    if wrong:
        return warned("edge", wrong, ASK)
    return fine("edge", f"TLS by {text(told, 'tls') or 'unknown'}")


def _directory(view: dict[str, Json]) -> Finding:
    """The view of the directory: how fresh, from where."""
    name = "directory view"
    told_of = view.get("says")
    says = "; ".join(map(str, told_of)) if isinstance(told_of, list) else ""
    told = f"signed {text(view, 'signed')}, expires {text(view, 'expires')}"
    source = text(view, "source")
    detail = "; ".join(filter(None, (says, told, f"from {source}" if source else "")))
    step = "`rogatory federation refresh` asks at once; then ask who runs the directory"
    match text(view, "level"):
        case "green":
            return fine(name, detail)
        case "yellow":
            return warned(name, detail, step)
        case _:
            return away(name, detail, step)


def _clients(told: dict[str, Json]) -> Iterator[Finding]:
    for each in listed(told, "keys_ending"):
        name = f"key of {text(each, 'client_id')}"
        step = f"`rogatory client rotate {text(each, 'client_id')}` proposes a new one"
        yield warned(name, f"its last key ends {text(each, 'until')}", step)
    waiting = number(told, "proposals_open") or 0
    if waiting:
        yield fine("proposals", f"{waiting} wait for the other office: `rogatory client list`")


def _token_keys(told: dict[str, Json]) -> Finding:
    """The gateway draws them itself: only if that has stopped there is something to do."""
    began = datetime.fromtimestamp(number(told, "began") or 0, UTC)
    detail = f"the one in force signs since {began:%Y-%m-%d}"
    if told.get("overdue"):
        return warned("token keys", f"{detail}; no next one was drawn", ASK)
    return fine("token keys", detail)


def condition(session: Session, service: str) -> Iterator[Finding]:
    """Judge the disk, database and certificates of a service."""
    told = session.get(f"/v1/ops/condition{SERVICES[service]}")
    yield _disk(service, members(told, "disk"))
    yield _database(service, members(told, "database"))
    for each in listed(told, "certificates"):
        until = datetime.fromtimestamp(number(each, "not_after") or 0, UTC)
        yield certificate(f"{service} {text(each, 'name')}", until, session.clock())


def _disk(service: str, told: dict[str, Json]) -> Finding:
    name, free, total = f"disk {service}", number(told, "free") or 0, number(told, "total") or 0
    detail = f"{free / GIB:.1f} of {total / GIB:.1f} GiB free"
    if free < FULL:
        return away(name, detail, "make room now: nothing more can be taken or recorded")
    if free < NEARLY_FULL:
        return warned(name, detail, "make room, or add some, before evidence needs it")
    return fine(name, detail)


def _database(service: str, told: dict[str, Json]) -> Finding:
    name, journal = f"database {service}", text(told, "journal")
    size = (number(told, "size") or 0) / 2**20
    detail = f"{text(told, 'kind')} {text(told, 'version')}, {journal}, {size:.1f} MiB"
    if text(told, "kind") == "postgresql" and journal not in {"on", "remote_apply"}:
        step = "set synchronous_commit = on: what was acknowledged could be lost"
        return away(name, f"{detail} is not durable", step)
    if text(told, "kind") == "sqlite" and journal != "wal":
        step = "use SQLite 3.51.3 or newer, whose write-ahead log is sound, or PostgreSQL"
        return warned(name, f"{detail}: safe, and slower", step)
    return fine(name, detail)


def log(session: Session) -> Iterator[Finding]:
    """Judge how far the log has come, and what its witnesses say."""
    found = session.get("/v1/ops/log")
    alarm = members(found, "alarm")
    if alarm:
        detail = f"ALARM {text(alarm, 'code')}: {text(alarm, 'detail')}"
        yield broken("log", detail, "stop sending; deploy/OPERATING.md says what each alarm means")
        return
    stages = members(found, "stages")
    sizes = ", ".join(f"{name} {number(stage, 'size')}" for name, stage in stages.items())
    said = [f"{text(each, 'name')} {text(each, 'outcome')}" for each in listed(found, "witnesses")]
    detail = "; ".join([sizes, *said])
    over = (number(found, "unwitnessed_for") or 0) > (number(found, "limit") or 2**53)
    if over:
        yield away("log", f"{detail}; nobody has cosigned it for too long", "reach its witnesses")
    else:
        yield fine("log", detail)


def channels(session: Session) -> Iterator[Finding]:
    """Judge the chains to each country, and what waits for the log."""
    found = session.get("/v1/ops/channels")
    for each in listed(found, "channels"):
        yield _channel(each)
    outbox = members(found, "outbox")
    events, since = number(outbox, "events") or 0, text(outbox, "since")
    lag = (session.clock() - datetime.fromisoformat(since)).total_seconds() if since else 0.0
    detail = f"{events} events wait for the log, for {lag:.0f} s"
    if lag > LAG:
        yield away("log lag", detail, "does audit run? Nothing is lost; nothing leaves either")
    else:
        yield fine("log lag", detail)


def _channel(told: dict[str, Json]) -> Finding:
    name = f"channel {text(told, 'channel')}"
    wrong = text(told, "first_break") or text(told, "frozen")
    if wrong or told.get("contradictions"):
        detail = wrong or f"the peer contradicted itself: {told['contradictions']}"
        return broken(name, detail, "two officers settle it with the other country")
    late = text(told, "last_error")
    if late:
        return warned(name, f"the next entry has not arrived: {late}", "see the way to this peer")
    return fine(name, f"{number(told, 'entries')} entries, unbroken")
