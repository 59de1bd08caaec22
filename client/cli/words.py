"""How requests and packages are shown to people."""

from __future__ import annotations

from collections.abc import Iterator

from client.sdk.records import Package, Request, as_list, as_object, maybe, text
from shared.protocol.canonical import Json, encode

STATES = {
    "S00": "draft",
    "S01": "internal review",
    "S02": "returned to drafter",
    "S03": "approved",
    "S04": "transmitted",
    "S05": "delivered",
    "S06": "acknowledged",
    "S07": "under review",
    "S08": "information requested",
    "S09": "conditions proposed",
    "S10": "accepted",
    "S11": "partially accepted",
    "S12": "refused",
    "S13": "postponed",
    "S14": "executing",
    "S15": "partially fulfilled",
    "S16": "fulfilled",
    "S17": "closed",
    "S18": "withdrawn",
    "S19": "suspended",
    "S20": "inadmissible",
    "S21": "lapsed",
}


def _state(state: str) -> str:
    return f"{state} {STATES.get(state, '')}".strip()


def request_line(request: Request) -> str:
    """Say in a line which request it is and where it stands."""
    arrow = "to" if request.direction == "out" else "from"
    waits = _waits(request.waiting_for)
    return f"{request.request_id}  {arrow} {request.peer}  {_state(request.state)}{waits}"


def request_lines(request: Request) -> Iterator[str]:
    """Say all there is to know at a glance."""
    yield request_line(request)
    yield f"  version {request.version}, SHA-256 {request.digest}"
    for measure in request.measures:
        yield f"  measure {measure.measure_id}  {measure.code}  {_state(measure.state)}"
    yield from _told(request)


def package_line(package: Package) -> str:
    """Say in a line which package it is and where it stands."""
    arrow = "to" if package.direction == "out" else "from"
    size = f"{package.size:,} bytes"
    waits = _waits(package.waiting_for)
    return f"{package.package_id}  {arrow} {package.peer}  {package.state}  {size}{waits}"


def package_lines(package: Package) -> Iterator[str]:
    """Say all there is to know at a glance."""
    yield package_line(package)
    yield f"  for request {package.request_id}"
    if package.digest:
        yield f"  segment index SHA-384 {package.digest}"
    if package.progress:
        yield f"  {package.progress.phase}: {package.progress.done} of {package.progress.total}"
    if package.problem:
        yield f"  problem: {package.problem}"
    yield from _told(package)


def _told(record: Request | Package) -> Iterator[str]:
    for row in as_list(record.wire.get("approvals", [])):
        approval = as_object(row)
        yield f"  {text(approval, 'act')} by {text(approval, 'officer')}, {text(approval, 'at')}"
    for row in as_list(record.wire.get("history", [])):
        step = as_object(row)
        state = text(step, "state")
        yield f"  {text(step, 'at')}  {state} {STATES.get(state, '')} by {maybe(step, 'by')}"


def _waits(waiting_for: str | None) -> str:
    return f"  ({waiting_for})" if waiting_for else ""


def indented(value: Json, margin: str = "") -> str:
    """Lay JSON out for people: a member or an element a line, in the order given."""
    inner = margin + "  "
    match value:
        case dict() if value:
            rows = [f"{encode(k).decode()}: {indented(part, inner)}" for k, part in value.items()]
        case list() if value:
            rows = [indented(part, inner) for part in value]
        case _:
            return encode(value).decode()
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n{inner}" + f",\n{inner}".join(rows) + f"\n{margin}{closing}"
