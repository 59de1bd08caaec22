"""The operating guide names every setting that a service reads, and no other."""

import re
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from services.audit import settings as audit
from services.directory import settings as directory
from services.exchange import settings as exchange
from services.gateway import settings as gateway

GUIDE = (Path(__file__).resolve().parents[2] / "deploy/OPERATING.md").read_text()
MODULES = (audit, directory, exchange, gateway)


def read_by_services() -> set[str]:
    kinds = [
        kind
        for module in MODULES
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, BaseSettings) and kind is not BaseSettings
    ]
    return {name.upper() for kind in kinds for name in kind.model_fields}


def told_by_guide() -> set[str]:
    section = GUIDE.partition("## Settings")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)}


@pytest.mark.parametrize("name", sorted(read_by_services()))
def test_every_setting_is_explained(name: str) -> None:
    assert name in told_by_guide()


def test_no_setting_is_invented() -> None:
    assert told_by_guide() <= read_by_services()
