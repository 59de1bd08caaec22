"""Which grounds a requested State may refuse with, in this case, under this instrument, between these two.

The rules are the instrument's (`[ground]`, `[barred]`) and the pair's (`grounds`, `reservations`); here is
only how they are read. A closed list is closed: what an instrument does not name is not available.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.protocol.law import library
from shared.protocol.law.pairs import Pair
from shared.protocol.law.shapes import Barred, Ground, Instrument


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a ground is held against.

    Attributes:
        kind: of the request.
        measures: the codes of those to be refused.
        listed: the requesting State claims a listed category, and every offence is of one.
        months: the least of the offences' maximum penalties.
    """

    kind: str
    measures: tuple[str, ...]
    listed: bool = False
    months: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavailable:
    """Why a ground cannot be chosen: `code` for machines, the reason in words, and the article."""

    ground: str
    code: str
    why: str
    article: str


def refusals(
    chosen: Sequence[str], case: Case, instrument: Instrument, pair: Pair
) -> Sequence[Unavailable]:
    """List what stands against a choice of grounds; empty: the refusal may rest on them.

    Args:
        chosen: codes of grounds (REF-01 …).
        case: what is to be refused.
        instrument: under which was asked.
        pair: the profile of the two countries.
    """
    flaws = [unavailable(code, case, instrument, pair) for code in chosen]
    found = [flaw for flaw in flaws if flaw is not None]
    if len(set(chosen)) == 1:
        rule = _barred(chosen[0], case, instrument, pair, alone=True)
        found += [rule] if rule is not None and not found else []
    return found


def available(case: Case, instrument: Instrument, pair: Pair) -> Sequence[str]:
    """Return the grounds that may be chosen, in the order of their codes."""
    codes = library.codes()["refusal"]
    return [code for code in codes if unavailable(code, case, instrument, pair) is None]


def unavailable(code: str, case: Case, instrument: Instrument, pair: Pair) -> Unavailable | None:
    """Say why a ground is not available, None if it is (beside others)."""
    if barred := _barred(code, case, instrument, pair, alone=False):
        return barred
    ground = instrument.ground.get(code)
    if ground is None or (ground.kinds and case.kind not in ground.kinds):
        title = library.codes()["refusal"].get(code, "no known ground")
        return Unavailable(
            ground=code,
            code="not_in_instrument",
            why=f"{instrument.name} does not name it for this kind of request ({title}).",
            article=instrument.citation,
        )
    if pair.grounds and code not in pair.grounds:
        return Unavailable(
            ground=code,
            code="not_in_pair",
            why="The two countries agreed not to use it.",
            article=f"the profile of {pair.requesting} and {pair.requested}",
        )
    return _excepted(code, ground, case, instrument)


def _excepted(code: str, ground: Ground, case: Case, instrument: Instrument) -> Unavailable | None:
    """Listed offences, and measures that must always be available."""
    least = ground.unless_listed_months
    if least is not None and case.listed and case.months >= least:
        why = f"Every offence is a listed one with a maximum of {least} months or more."
        return Unavailable(ground=code, code="listed", why=why, article=ground.article)
    rules = {each: instrument.measure.get(each) for each in case.measures}
    always = [each for each, rule in rules.items() if rule is not None and rule.always]
    if ground.not_for_always and always:
        why = f"{', '.join(always)} must always be available."
        articles = "; ".join(instrument.measure[each].article for each in always)
        return Unavailable(ground=code, code="always_available", why=why, article=articles)
    return None


def _barred(
    code: str, case: Case, instrument: Instrument, pair: Pair, *, alone: bool
) -> Unavailable | None:
    rule = instrument.barred.get(code)
    if rule is None or rule.alone != alone or (rule.kinds and case.kind not in rule.kinds):
        return None
    if rule.unless is not None and rule.unless in _reserved(instrument, pair):
        return None
    return _told(code, rule, instrument)


def _told(code: str, rule: Barred, instrument: Instrument) -> Unavailable:
    article = f"{instrument.code} {rule.article}"
    return Unavailable(ground=code, code="barred", why=rule.why, article=article)


def _reserved(instrument: Instrument, pair: Pair) -> set[str]:
    return {
        name
        for each in pair.instrument
        if each.code == instrument.code
        for name in each.reservations
    }
