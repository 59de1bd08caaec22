"""Gates on what is asked: complete, necessary, within an instrument, by whom it takes."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from services.exchange.gating import outcomes
from services.exchange.gating.matter import Finding, Matter
from services.exchange.gating.results import Pass, Result, fail, needs
from shared.protocol.law import completeness, gates


def instrument_bounds(matter: Matter) -> Result:
    """G24: the instrument is in force between the two today, takes this kind, and bars no third State."""
    pair, instrument, document = matter.pair, matter.instrument, matter.document
    known = [each.code for each in pair.in_force(matter.at.date())] if pair is not None else []
    if instrument is None or instrument.code not in known:
        named = ", ".join(each.instrument for each in document.legal_basis or ()) or "none"
        return fail(
            "G24",
            "no_legal_basis",
            f"No instrument that the request names ({named}) is in force between both.",
            f"Choose another basis (A05); in force are: {', '.join(known) or 'none'}.",
        )
    if document.request_kind not in instrument.request_kinds:
        return fail(
            "G24",
            "kind_not_taken",
            f"{instrument.code} has no request of the kind {document.request_kind}.",
            f"It takes (A03): {', '.join(instrument.request_kinds)}.",
        )
    if document.on_behalf_of and not instrument.applies.for_third_state:
        return fail(
            "G24",
            "third_state",
            f"{instrument.code} may not be used to assist a third State.",
            "Choose another basis (A05).",
        )
    return _residual(matter) or _measures(matter) or Pass("G24", instrument.code)


def _residual(matter: Matter) -> Result | None:
    """Articles that are there only for States without a treaty."""
    assert matter.instrument is not None
    article = next(
        (
            each.article
            for each in matter.document.legal_basis
            if each.instrument == matter.instrument.code
        ),
        "",
    )
    only = matter.instrument.applies.only_without_treaty
    treaties = [
        each.code for each in matter.other_instruments if each.kind in gates.policy().treaty_kinds
    ]
    if treaties and any(article.split("(")[0].strip() == each for each in only):
        return fail(
            "G24",
            "treaty_first",
            f"{matter.instrument.code} {article} is for States without a treaty; "
            f"{', '.join(treaties)} is in force between both.",
            f"Name {treaties[0]} as the basis (A05).",
        )
    return None


def _measures(matter: Matter) -> Result | None:
    """Each measure is one of the instrument, between these two, for an offence grave enough."""
    assert matter.instrument is not None
    assert matter.pair is not None
    between = matter.pair.between(matter.instrument.code, matter.at.date())
    assert between is not None
    for measure in matter.asked():
        rule = matter.instrument.measure.get(measure.code)
        kinds = rule.kinds if rule is not None else ()
        narrowed = between.measures and measure.code not in between.measures
        if rule is None or narrowed or (kinds and matter.document.request_kind not in kinds):
            able = ", ".join(between.measures or matter.instrument.measure)
            return fail(
                "G24",
                "measure_not_available",
                f"{matter.instrument.code} has no measure {measure.code} for this request.",
                f"It has: {able}.",
            )
        if rule.months is not None and not grave(matter, rule.months, listed=rule.or_listed):
            return fail(
                "G24",
                "offence_not_grave",
                f"{measure.code} takes an offence of {rule.months} months or more"
                + (", or a listed one." if rule.or_listed else "."),
                f"Leave the measure out, or correct D01 ({matter.instrument.code} {rule.article}).",
            )
        least = matter.pair.least_months(measure.code)
        if least and not grave(matter, least, listed=False):
            return fail(
                "G24",
                "offence_not_grave",
                f"The two countries ask for {measure.code} from {least} months on.",
                "Leave the measure out, or correct D01 (thresholds of the profile of the two).",
            )
    return None


def grave(matter: Matter, months: int, *, listed: bool) -> bool:
    """Say whether one of the offences has such a maximum penalty, or stands on the list."""
    return any(
        each.max_penalty_months >= months or (listed and is_listed(each))
        for each in matter.document.offences or ()
    )


def is_listed(offence: Any) -> bool:  # noqa: ANN401 - forms.Offence
    """Say whether an offence is of a category of the list (EIO Annex D; EER Annex IV)."""
    return any(code.startswith("OFF-E") for code in offence.categories)


def completeness_of(matter: Matter) -> Result:
    """G02: every field that instrument and pair ask for is there, and none is plainly wrong."""
    if matter.instrument is None or matter.pair is None:
        return fail("G02", "no_profile", "No profile says what is asked for.", "See G24.")
    lacking = completeness.missing(matter.document, matter.instrument, matter.pair)
    if lacking:
        return fail(
            "G02",
            "incomplete",
            f"{len(lacking)} things are missing or wrong: {'; '.join(str(each) for each in lacking)}.",
            "Mend these fields; `rogatory request check` lists them with their articles.",
            matter.names(),
        )
    return Pass("G02")


_LEVELS: Final[Mapping[str, int]] = {"A": 0, "P": 1, "J": 2}
_WHO: Final[Mapping[str, str]] = {
    "A": "an authority",
    "P": "a prosecutor or judge",
    "J": "a judge, court or investigating judge",
}


def authority(matter: Matter) -> Result:
    """G01, its second half: who ordered or validated the measure is judicial enough for it (process 4.4)."""
    if matter.instrument is None or matter.pair is None:
        return fail("G01", "no_profile", "No profile says who may order it.", "See G24.")
    document = matter.document
    if document.urgency == "EMERGENCY" and not matter.validated:
        return Pass("G01", "unvalidated")  # what may go meanwhile is for G20 to say
    has = max(
        (
            _LEVELS[each.level]
            for each in (document.issuing_authority, document.validating_authority)
            if each is not None
        ),
        default=-1,
    )
    if (
        document.validation_due is not None and matter.validated
    ):  # since it was sent, by a judge's key
        has = _LEVELS["J"]
    for measure in matter.asked():
        rule = matter.instrument.measure.get(measure.code)
        level = rule.level if rule is not None else "A"
        wanted = matter.pair.authority_levels.get(measure.code, level)
        if has < _LEVELS[wanted]:
            return fail(
                "G01",
                "authority_not_competent",
                f"{measure.code} must be ordered or validated by {_WHO[wanted]}.",
                "Have it validated, and name the validating authority (B03).",
            )
    return Pass("G01")


def necessity(matter: Matter) -> Result:
    """G04: the reviewer's own assessment of each measure, in own words, written before."""
    role = "RQ-JUD" if matter.side == "requesting" else "RD-CA"
    found = outcomes.newest(matter, "G04", role)
    if against := outcomes.against(found):
        return fail(
            "G04",
            "not_necessary",
            f"The reviewer found {', '.join(against)} not necessary, or out of proportion.",
            "Refuse or narrow them (REF-19), after consultation.",
            against,
        )
    if None in found.values():
        return needs(
            "G04", role, "An assessment of necessity and proportionality in own words is missing."
        )
    own = {said: _is_own(said, matter) for said in set(found.values()) if said is not None}
    alien = outcomes.names(
        part for part, said in found.items() if said is not None and not own[said]
    )
    return _not_own(alien) if alien else Pass("G04")


def _is_own(said: Finding, matter: Matter) -> bool:
    least = gates.policy().assessment_least
    return len(_own_words(said.text, matter)) >= least and said.officer != matter.packer


def _not_own(parts: Sequence[str]) -> Result:
    least = gates.policy().assessment_least
    return fail(
        "G04",
        "assessment_not_own",
        f"The assessment of {', '.join(parts)} is too short, repeats the request, "
        "or is by who drew it up.",
        f"Write in {least} characters or more why this measure, for this offence, against this person.",
        parts,
    )


def _own_words(text: str, matter: Matter) -> str:
    """Return what a text says beyond what the request itself said about why."""
    left = _plain(text)
    for measure in matter.document.measures:
        said = _plain(measure.necessity or "")
        left = "" if left in said else left.replace(said, "") if said else left
    return left


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
