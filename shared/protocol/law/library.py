"""The lists that come with this release: codes, fields of a request, instruments.

They are TOML files beside this module, so that a country edits data and no program. What is read here
was checked when it was packed (tests); `instruments.read_instrument` checks what comes from elsewhere.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

PACKED: Final = files("shared.protocol.law") / "data"
STATES: Final = frozenset(f"S{number:02}" for number in range(22))  # of a request
INSTRUMENTS: Final = ("BUD", "2AP", "UNTOC", "UNCC", "EIO", "EER", "BILATERAL", "REC")


@cache
def codes() -> Mapping[str, Mapping[str, Any]]:
    """Return the code lists: list name → code → title, or a table with `title` and more."""
    return table("codes.toml")


@cache
def fields() -> Mapping[str, Mapping[str, Any]]:
    """Return the fields of a request by their id (A01 … K01)."""
    return table("fields.toml")


@cache
def boxes() -> Mapping[str, Any]:
    """Return how a request is laid out for people: `box`es of fields, those of a `measure`, `words`."""
    return table("boxes.toml")


def title(kind: str, code: str) -> str:
    """Return what a code means, in words.

    Args:
        kind: the list: refusal, postponement, condition, withdrawal, offence, data, measure, kind.
        code: a code of that list.
    """
    meant = codes()[kind][code]
    return str(meant["title"] if isinstance(meant, Mapping) else meant)


def instrument_text(code: str) -> bytes:
    """Return the packed profile of an instrument of `INSTRUMENTS`."""
    return (PACKED / "instruments" / f"{code}.toml").read_bytes()


def policy_text() -> bytes:
    """Return the packed values of policy."""
    return (PACKED / "policy.toml").read_bytes()


def table(name: str) -> Mapping[str, Mapping[str, Any]]:
    """Return a packed table as it is written."""
    return tomllib.loads((PACKED / name).read_text(encoding="utf-8"))
