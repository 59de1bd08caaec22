"""The papers of a story: requests that lack nothing, dated from the moment that they are written."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from datetime import datetime, timedelta

from deploy.case_draft import DRAFT
from shared.protocol.canonical import Json

DAY = timedelta(days=1)
PROSECUTOR: Json = {
    "name": "Regional Prosecutor",
    "function": "Prosecutor",
    "person": "A. Lindqvist",
    "level": "P",
}
POLICE: Json = {
    "name": "Police, duty desk",
    "function": "Duty officer",
    "person": "B. Amsel",
    "level": "A",
}
NEXUS = "What is asked for shows who did what the facts describe, and is not known from elsewhere."
NECESSITY = (
    "No other means would show it: witnesses know no name, and the accounts are under false ones. What is "
    "asked for is bounded by person, kind of data and time, and weighs less than what the offence did."
)


def instant(moment: datetime) -> str:
    """Write a moment as a request does, to the second."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def day(moment: datetime) -> str:
    """Write a day as a request does."""
    return f"{moment:%Y-%m-%d}"


def measure(
    number: int,
    code: str,
    *,
    description: str,
    data: Sequence[str] = (),
    identifier: tuple[str, str] | None = None,
    covers: tuple[datetime, datetime] | None = None,
    **more: Json,
) -> dict[str, Json]:
    """Write a measure of a request: its place, from 1; `identifier`: kind and value; `covers`: from, to."""
    made: dict[str, Json] = {
        "measure_id": f"M{number:02}",
        "code": code,
        "description": description,
        "nexus": NEXUS,
        "necessity": NECESSITY,
    }
    if data:
        made["data"] = list(data)
    if identifier is not None:
        kind, value = identifier
        made["identifiers"] = [
            {
                "kind": kind,
                "value": value,
                "document": "Case file, statement of 2 March",
                "page": "7",
            }
        ]
    if covers is not None:
        made["range"] = {"from": instant(covers[0]), "to": instant(covers[1])}
    return {**made, **more}


def offence(
    name: str, provision: str, months: int, *categories: str, law: str = ""
) -> dict[str, Json]:
    """Write an offence, with the text of its law."""
    text = (
        law or f"Whoever commits {name.lower()} is punished with up to {months} months in prison."
    )
    return {
        "name": name,
        "provision": provision,
        "law": text,
        "max_penalty_months": months,
        "categories": list(categories),
    }


def paper(
    *,
    now: datetime,
    to: str,
    reference: str,
    measures: Sequence[dict[str, Json]],
    **fields: Json,
) -> dict[str, Json]:
    """Write a request that lacks nothing; fields given replace the example's, None leaves one out."""
    made: dict[str, Json] = deepcopy(DRAFT)
    made |= {
        "to": to,
        "own_references": [reference],
        "issued_at": instant(now),
        "purpose": f"Evidence in criminal proceedings {reference}.",
        "orders": [_order(made, now)],
        "measures": list(measures),
        "confidentiality": {
            "scope": "BOTH",
            "reason": "Others of the group are not known yet.",
            "until": day(now + 365 * DAY),
        },
        "subject_notice": {
            "rule": "DELAYED_UNTIL",
            "ground": "Notice would warn others of the group.",
            "review": day(now + 180 * DAY),
        },
        "retention": {"until": day(now + 1826 * DAY), "review": day(now + 365 * DAY)},
        **fields,
    }
    return {name: value for name, value in made.items() if value is not None}


def _order(base: dict[str, Json], now: datetime) -> Json:
    orders = base["orders"]
    assert isinstance(orders, list)
    order = orders[0]
    assert isinstance(order, dict)
    return {**order, "date": day(now - 2 * DAY), "valid_until": day(now + 180 * DAY)}
