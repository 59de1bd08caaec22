"""Read an instrument's profile and explain every mistake in it, with its line (spec/law.md, 3)."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from shared.protocol.errors import FormatError
from shared.protocol.law import library
from shared.protocol.law.lines import Place, index, line_of
from shared.protocol.law.shapes import Instrument

_WORDS = {"extra_forbidden": "there is no such key here", "missing": "this key is missing"}
_STATES = {f"S{number:02}" for number in range(22)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """One mistake: the line it stands in, what it is about, what is wrong."""

    line: int
    place: str
    what: str


class ProfileError(FormatError):
    """A profile cannot be used; `flaws` says why, in the order of its lines."""

    code = "bad_profile"

    def __init__(self, flaws: Iterable[Flaw]) -> None:
        self.flaws = tuple(sorted(flaws, key=lambda flaw: (flaw.line, flaw.place)))
        first = self.flaws[0]
        super().__init__(f"line {first.line}: {first.place}: {first.what}", flaws=len(self.flaws))


def read_instrument(text: bytes) -> Instrument:
    """Read a profile (TOML, UTF-8).

    Raises:
        ProfileError: it has mistakes: first all of its shape, then, when that is right, all of its meaning.
    """
    document, places = _parse(text)
    try:
        instrument = Instrument.model_validate(document)
    except ValidationError as error:
        raise ProfileError(_shapes(error, places)) from error
    if flaws := [_flaw(places, place, what) for place, what in _meanings(instrument)]:
        raise ProfileError(flaws)
    return instrument


def packed(code: str) -> Instrument:
    """Return the profile of an instrument that comes with this release."""
    return read_instrument(library.instrument_text(code))


def _parse(text: bytes) -> tuple[dict[str, Any], Mapping[Place, int]]:
    try:
        written = text.decode()
        return tomllib.loads(written), index(written)
    except UnicodeDecodeError as error:
        line = text[: error.start].count(b"\n") + 1
        raise ProfileError([Flaw(line=line, place="file", what="this is not UTF-8")]) from error
    except tomllib.TOMLDecodeError as error:
        raise ProfileError([_syntax(error)]) from error


def _syntax(error: tomllib.TOMLDecodeError) -> Flaw:
    """Take the line out of the reader's own words; it has them in no other form before Python 3.14."""
    what, _, where = str(error).partition(" (at line ")
    number = where.partition(",")[0]
    return Flaw(
        line=int(number) if number.isdigit() else 1, place="file", what=f"this is not TOML: {what}"
    )


def _shapes(error: ValidationError, places: Mapping[Place, int]) -> list[Flaw]:
    return [
        _flaw(
            places,
            flaw["loc"],
            _WORDS.get(flaw["type"], flaw["msg"].removeprefix("Value error, ")),
        )
        for flaw in error.errors(include_url=False, include_context=False)
    ]


def _flaw(places: Mapping[Place, int], place: Place, what: str) -> Flaw:
    named = ".".join(str(part) for part in place) or "file"
    return Flaw(line=line_of(places, place), place=named, what=what)


def _meanings(profile: Instrument) -> Iterable[tuple[Place, str]]:
    """Find what has the right shape and no meaning: unknown codes, rules that exclude each other."""
    yield from _codes(profile)
    yield from _kinds(profile)
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
    yield from _each(
        ("consultation", "grounds"), profile.consultation.grounds, profile.ground, "ground"
    )
    if profile.emergency is not None:
        yield from _each(
            ("emergency", "unvalidated"), profile.emergency.unvalidated, profile.measure, "measure"
        )


def _kinds(profile: Instrument) -> Iterable[tuple[Place, str]]:
    yield from _each(
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
            yield from _each(
                (table, code, "kinds"), rule.kinds, own, "request kind of this instrument"
            )


def _deadlines(profile: Instrument) -> Iterable[tuple[Place, str]]:
    seen: set[str] = set()
    for position, deadline in enumerate(profile.deadline):
        here: Place = ("deadline", position)
        if deadline.id in seen:
            yield (*here, "id"), f"there are two deadlines {deadline.id}"
        seen.add(deadline.id)
        yield from _each(
            (*here, "measures"), deadline.measures, profile.measure, "measure of this instrument"
        )
        yield from _each(
            (*here, "kinds"),
            deadline.kinds,
            profile.request_kinds,
            "request kind of this instrument",
        )
        yield from _each((*here, "pauses"), deadline.pauses, _STATES, "state")


def _each(
    place: Place, used: Iterable[str], known: Iterable[str], what: str
) -> Iterable[tuple[Place, str]]:
    allowed = set(known)
    for code in used:
        if code not in allowed:
            yield place, f"there is no {what} {code}"
