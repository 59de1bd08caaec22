"""The catalogue holds what the other services record."""

import re
from pathlib import Path

import pytest

from services.audit.events import CATALOGUE, Event

SERVICES = Path(__file__).resolve().parents[4] / "services"
FAMILIES = "|".join(sorted({name.partition(".")[0] for name in CATALOGUE}))
NAMED = sorted(
    {
        name
        for service in ("exchange", "gateway")
        for path in (SERVICES / service).rglob("*.py")
        for name in re.findall(rf'"((?:{FAMILIES})\.[a-z_]+)"', path.read_text())
        if not name.endswith(".id")  # a column
    }
)


@pytest.mark.parametrize("name", NAMED)
def test_what_a_service_records_is_in_the_catalogue(name: str) -> None:
    assert name in CATALOGUE


def test_what_a_type_needs_is_a_member_of_events() -> None:
    assert {member for needed in CATALOGUE.values() for member in needed} <= set(Event.model_fields)
