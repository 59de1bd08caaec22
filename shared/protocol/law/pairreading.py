"""Read the profile of a pair of countries, and explain every mistake in it with its line (spec/law.md, 4)."""

import re
from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Final
from zoneinfo import ZoneInfo

from shared.protocol.law import library
from shared.protocol.law.instruments import packed
from shared.protocol.law.pairs import Between, Pair
from shared.protocol.law.policy import policy
from shared.protocol.law.reading import Meaning, check_meanings, each_known, read_shape
from shared.protocol.law.shapes import Instrument

_CALENDAR: Final = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}")
_LEVELS: Final = "APJ"  # each asks for more than the one before

Pinned = Mapping[str, Instrument]  # SHA-256 of an instrument's profile → the profile


def read_pair(text: bytes, pinned: Pinned | None = None) -> Pair:
    """Read the profile of a pair (TOML, UTF-8).

    Args:
        text: the file.
        pinned: profiles of instruments that travel with it, by their digests.

    Raises:
        ProfileError: it has mistakes: first all of its shape, then, when that is right, all of its meaning.
    """
    pair, places = read_shape(Pair, text)
    check_meanings(_meanings(pair, pinned or {}), places)
    return pair


def instrument_of(between: Between, pinned: Pinned) -> Instrument | None:
    """Return the profile of an instrument as the two have agreed on it; none if nobody knows it."""
    if between.profile is not None:
        return pinned.get(between.profile)
    return packed(between.code) if between.code in library.INSTRUMENTS else None


def _meanings(pair: Pair, pinned: Pinned) -> Iterable[Meaning]:
    if pair.requesting == pair.requested:
        yield ("requested",), "a country does not ask itself"
    if pair.valid_until is not None and pair.valid_until <= pair.valid_from:
        yield ("valid_until",), "it ends before it begins"
    yield from _place(pair)
    known: list[Instrument] = []
    for position, between in enumerate(pair.instrument):
        instrument = instrument_of(between, pinned)
        if instrument is None:
            yield ("instrument", position), _unknown(between)
        else:
            known.append(instrument)
            yield from _between(position, between, instrument)
            yield from _parties(position, pair, instrument)
    yield from _twice(pair)
    yield from _codes(pair, known)
    yield from _levels(pair, known)
    yield from _clocks(pair, known)
    yield from _people(pair)


def _unknown(between: Between) -> str:
    if between.profile is not None:
        return f"the profile of {between.code} with this digest is not at hand"
    return f"there is no instrument {between.code}; a treaty of your own names its profile's digest"


def _place(pair: Pair) -> Iterable[Meaning]:
    try:
        ZoneInfo(pair.time_zone)
    except (KeyError, OSError, ValueError):
        yield ("time_zone",), f"there is no time zone {pair.time_zone}"
    if _CALENDAR.fullmatch(pair.calendar) is None:
        yield ("calendar",), "write a country, or a country and its part: DE, DE-BY"
    if not pair.languages:
        yield ("languages",), "name a language"
    for language in pair.languages:
        if _LANGUAGE.fullmatch(language) is None:
            yield ("languages",), f"{language} is no language code (ISO 639)"


def _between(position: int, between: Between, instrument: Instrument) -> Iterable[Meaning]:
    here = ("instrument", position)
    if instrument.code != between.code:
        yield (*here, "profile"), f"this is the profile of {instrument.code}"
    if instrument.kind == "template":
        yield (*here, "code"), "a template is copied and given a code; it is never in force itself"
    if between.since is not None:
        if instrument.in_force is not None and between.since < instrument.in_force:
            yield (*here, "since"), f"{between.code} is in force since {instrument.in_force}"
        if between.until is not None and between.until <= between.since:
            yield (*here, "until"), "it ends before it begins"
    elif between.until is not None:
        yield (*here, "until"), "say since when it was in force (since)"
    yield from each_known(
        (*here, "reservations"), between.reservations, instrument.reservations, "reservation"
    )
    yield from each_known(
        (*here, "measures"),
        between.measures,
        instrument.measure,
        f"measure in {instrument.code}:",
    )


def _parties(position: int, pair: Pair, instrument: Instrument) -> Iterable[Meaning]:
    """Between two whose membership is known, it is in force while both are parties, and not longer."""
    between, here = pair.instrument[position], ("instrument", position)
    for party in instrument.party:
        if between.since is None or party.country not in {pair.requesting, pair.requested}:
            continue
        if between.since < party.since:
            yield (*here, "since"), f"{party.country} is a party since {party.since}"
        if party.until is not None and (between.until is None or between.until > party.until):
            yield (*here, "until"), f"{party.country} was a party until {party.until}"


def _twice(pair: Pair) -> Iterable[Meaning]:
    numbered = [
        (position, each) for position, each in enumerate(pair.instrument) if each.since is not None
    ]
    for (_, one), (position, other) in combinations(numbered, 2):
        if one.code == other.code and one.meets(other):
            yield ("instrument", position), f"{one.code} is in force twice on the same day"


def _codes(pair: Pair, known: Iterable[Instrument]) -> Iterable[Meaning]:
    codes = library.codes()
    yield from each_known(("extra_fields",), pair.extra_fields, library.fields(), "field")
    yield from each_known(("speciality",), pair.speciality, codes["condition"], "condition code")
    available = {code for instrument in known for code in instrument.ground}
    for ground in pair.grounds:
        if ground not in codes["refusal"]:
            yield ("grounds",), f"there is no refusal code {ground}"
        elif ground not in available:
            yield ("grounds",), f"no instrument of this pair has the ground {ground}"
    for position, receiver in enumerate(pair.authority):
        yield from each_known(
            ("authority", position, "receives"), receiver.receives, codes["kind"], "request kind"
        )
    if pair.emergency is not None:
        yield from each_known(
            ("emergency", "unvalidated"),
            pair.emergency.unvalidated,
            codes["measure"],
            "measure code",
        )


def _levels(pair: Pair, known: Iterable[Instrument]) -> Iterable[Meaning]:
    """A pair may ask for a higher authority than an instrument does, never for a lower one."""
    instruments = list(known)
    for code, level in pair.authority_levels.items():
        if code not in library.codes()["measure"]:
            yield ("authority_levels", code), f"there is no measure code {code}"
        for instrument in instruments:
            rule = instrument.measure.get(code)
            if rule is not None and _LEVELS.index(level) < _LEVELS.index(rule.level):
                what = f"{instrument.code} {rule.article} asks for {rule.level}, which is more"
                yield ("authority_levels", code), what


def _clocks(pair: Pair, instruments: Iterable[Instrument]) -> Iterable[Meaning]:
    known = {(each.act, each.starts) for each in policy().clock}
    known |= {(each.act, each.starts) for one in instruments for each in one.deadline}
    seen: set[tuple[str, str]] = set()
    for position, clock in enumerate(pair.clock):
        here, key = ("clock", position), (clock.act, clock.starts)
        if key not in known:
            yield here, f"no treaty or policy has a clock to {clock.act} from {clock.starts}"
        if key in seen:
            yield here, f"there are two clocks to {clock.act} from {clock.starts}"
        seen.add(key)
        if clock.routine is None and clock.urgent is None and clock.emergency is None:
            yield here, "give a length: routine, urgent or emergency"
        yield from each_known((*here, "pauses"), clock.pauses, library.STATES, "state")


def _people(pair: Pair) -> Iterable[Meaning]:
    rule, note = pair.death_penalty, pair.weighting
    if rule.requesting_retains and rule.assurance_required and not rule.binding_signatories:
        yield ("death_penalty", "binding_signatories"), "name who can bind the requesting State"
    if note is not None:
        if not note.tiers:
            yield ("weighting", "tiers"), "name the tiers that the note covers"
        if len(set(note.tiers)) != len(note.tiers):
            yield ("weighting", "tiers"), "a tier is named twice"
    if not pair.oversight.bodies:
        yield ("oversight", "bodies"), "somebody must oversee"
    if pair.challenge is not None and not pair.challenge.who:
        yield ("challenge", "who"), "somebody must be able to object"
