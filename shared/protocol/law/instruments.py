"""Read an instrument's profile and explain every mistake in it, with its line (spec/law.md, 3)."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

from shared.protocol.law import library
from shared.protocol.law.clockwords import vocabulary
from shared.protocol.law.lines import Place
from shared.protocol.law.reading import check_meanings, each_known, read_shape
from shared.protocol.law.shapes import Instrument

_ID: Final = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*")


def read_instrument(text: bytes) -> Instrument:
    """Read a profile (TOML, UTF-8).

    Raises:
        ProfileError: it has mistakes: first all of its shape, then, when that is right, all of its meaning.
    """
    instrument, places = read_shape(Instrument, text)
    check_meanings(_meanings(instrument), places)
    return instrument


@cache
def packed(code: str) -> Instrument:
    """Return the profile of an instrument that comes with this release."""
    return read_instrument(library.instrument_text(code))


def _meanings(profile: Instrument) -> Iterable[tuple[Place, str]]:
    """Find what has the right shape and no meaning: unknown codes, rules that exclude each other."""
    yield from _codes(profile)
    yield from _kinds(profile)
    yield from _conditions(profile)
    yield from _deadlines(profile)
    for code in sorted(profile.ground.keys() & profile.barred.keys()):
        barred = profile.barred[code]
        if not (barred.alone or barred.kinds or barred.unless):
            yield ("barred", code), "this ground is available and barred; say when it is barred"
    for code, rule in profile.barred.items():
        if rule.unless is not None and rule.unless not in profile.reservations:
            yield ("barred", code, "unless"), f"there is no reservation {rule.unless}"
    if profile.kind != "template" and profile.in_force is None and profile.party:
        yield ("party",), "nobody is party to what is not in force; say since when it is (in_force)"


def _codes(profile: Instrument) -> Iterable[tuple[Place, str]]:
    known = library.codes()
    lists: Mapping[str, tuple[str, Iterable[str]]] = {
        "measure": ("measure", profile.measure),
        "ground": ("refusal", profile.ground),
        "barred": ("refusal", profile.barred),
        "postponement": ("postponement", profile.postponement),
        "condition": ("condition", profile.condition),
    }
    for table, (name, used) in lists.items():
        for code in used:
            if code not in known[name]:
                yield (table, code), f"there is no {name} code {code}"
    for field in profile.field:
        if field not in library.fields():
            yield ("field", field), f"there is no field {field}"
    yield from each_known(
        ("consultation", "grounds"), profile.consultation.grounds, profile.ground, "ground"
    )
    if profile.emergency is not None:
        yield from each_known(
            ("emergency", "unvalidated"), profile.emergency.unvalidated, profile.measure, "measure"
        )


def _kinds(profile: Instrument) -> Iterable[tuple[Place, str]]:
    yield from each_known(
        ("request_kinds",), profile.request_kinds, library.codes()["kind"], "kind of request"
    )
    own = set(profile.request_kinds)
    ruled: Mapping[str, Mapping[str, Any]] = {
        "field": profile.field,
        "measure": profile.measure,
        "ground": profile.ground,
        "barred": profile.barred,
    }
    for table, rules in ruled.items():
        for code, rule in rules.items():
            yield from each_known(
                (table, code, "kinds"), rule.kinds, own, "request kind of this instrument"
            )


def _conditions(profile: Instrument) -> Iterable[tuple[Place, str]]:
    """Hold the conditions of fields against the lists that they name; all others are true or false."""
    lists: Mapping[str, tuple[str, Iterable[str]]] = {
        "kinds": ("request kind of this instrument", profile.request_kinds),
        "measures": ("measure of this instrument", profile.measure),
        "urgency": ("urgency", ("ROUTINE", "URGENT", "EMERGENCY")),
        "instruments": ("instrument", library.INSTRUMENTS),
    }
    for code, rule in profile.field.items():
        for condition, want in rule.when.items():
            place: Place = ("field", code, "when", condition)
            if isinstance(want, bool) == (condition in lists):
                yield place, "a list of codes" if condition in lists else "true or false"
            elif not isinstance(want, bool):
                what, known = lists[condition]
                yield from each_known(place, want, known, what)


def _deadlines(profile: Instrument) -> Iterable[tuple[Place, str]]:
    seen: set[str] = set()
    words = vocabulary()
    for position, deadline in enumerate(profile.deadline):
        here: Place = ("deadline", position)
        if deadline.id in seen:
            yield (*here, "id"), f"there are two deadlines {deadline.id}"
        seen.add(deadline.id)
        if _ID.fullmatch(deadline.id) is None:
            yield (*here, "id"), "an id has letters, digits and hyphens: it names clocks"
        yield from each_known((*here, "act"), [deadline.act], words.duty, "duty")
        yield from each_known((*here, "starts"), [deadline.starts], words.starts, "start")
        yield from each_known(
            (*here, "measures"), deadline.measures, profile.measure, "measure of this instrument"
        )
        yield from each_known(
            (*here, "kinds"),
            deadline.kinds,
            profile.request_kinds,
            "request kind of this instrument",
        )
        yield from each_known((*here, "pauses"), deadline.pauses, library.STATES, "state")
