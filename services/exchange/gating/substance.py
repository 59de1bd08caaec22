"""Gates on what is asked: complete, particular, necessary, punishable, not political, within an instrument."""

from services.exchange.gating.matter import Item, Matter
from services.exchange.gating.results import Fail, NeedsHuman, Pass, Result
from services.exchange.states import MeasureState
from shared.protocol.law import completeness, library

LEVELS = {"A": 0, "P": 1, "J": 2}
LEAST_ASSESSMENT = 80  # characters, law/data/policy.toml


def instrument_bounds(matter: Matter) -> Result:
    """G24: the instrument is in force between the two today, takes this kind, and bars no third State."""
    pair, instrument = matter.pair, matter.instrument
    today = matter.at.date()
    if (
        pair is None
        or instrument is None
        or instrument.code not in {each.code for each in pair.in_force(today)}
    ):
        known = ", ".join(each.code for each in pair.in_force(today)) if pair else "none"
        return Fail(
            gate="G24",
            code="no_legal_basis",
            detail=f"No instrument that the request names ({', '.join(matter.basis)}) is in force between both.",
            rule="the profile of the two countries",
            next=f"Choose another basis; in force are: {known or 'none'}.",
        )
    if matter.document.request_kind not in instrument.request_kinds:
        return Fail(
            gate="G24",
            code="kind_not_taken",
            detail=f"{instrument.code} has no request of the kind {matter.document.request_kind}.",
            rule=f"{instrument.code} {instrument.applies.article}",
            next=f"It takes: {', '.join(instrument.request_kinds)}.",
        )
    return Pass("G24", instrument.code)


def completeness_of(matter: Matter) -> Result:
    """G02: every field that instrument and pair ask for is there."""
    assert matter.instrument is not None
    assert matter.pair is not None
    lacking = completeness.missing(matter.document, matter.instrument, matter.pair)
    if not lacking:
        return Pass("G02")
    told = "; ".join(
        f"{each.field} {each.title}" + (f" (measure {each.measure})" if each.measure else "")
        for each in lacking
    )
    return Fail(
        gate="G02",
        code="incomplete",
        detail=f"The request lacks: {told}.",
        rule=lacking[0].source,
        next="Fill in these fields; `rogatory request check` lists them with their articles.",
    )


def authority(matter: Matter) -> Result:
    """G01, its second half: who ordered the measure is judicial enough for it (4.4 of the process)."""
    assert matter.instrument is not None
    assert matter.pair is not None
    validated = matter.document.validating_authority or matter.document.issuing_authority
    has = LEVELS[validated.level] if validated is not None else -1
    for measure in matter.document.measures:
        rule = matter.instrument.measure.get(measure.code)
        if rule is None:
            return Fail(
                gate="G01",
                code="measure_not_available",
                detail=f"{matter.instrument.code} knows no measure {measure.code}.",
                rule=matter.instrument.applies.article,
                next=f"It knows: {', '.join(matter.instrument.measure)}.",
            )
        wanted = matter.pair.authority_levels.get(measure.code, rule.level)
        if has < LEVELS[wanted]:
            return Fail(
                gate="G01",
                code="authority_not_competent",
                detail=f"{measure.code} must be ordered or validated by {_WHO[wanted]}.",
                rule=f"{matter.instrument.code} {rule.article}",
                next="Have it validated, and name the validating authority (B03).",
            )
    return Pass("G01")


_WHO = {
    "A": "an authority",
    "P": "a prosecutor or judge",
    "J": "a judge, court or investigating judge",
}


def particularity(matter: Matter) -> Result:
    """G03: each item answers one accepted measure, is about what was asked, of the time that was asked."""
    wrong = tuple(item.item_id for item in matter.items if not _particular(item, matter))
    allowed = {each.item_id for each in matter.items} if matter.found("G03", "RD-CA") else set()
    blocked = tuple(item for item in wrong if item not in allowed)
    if not blocked:
        return Pass("G03", "incidental" if wrong else None)
    return Fail(
        gate="G03",
        code="beyond_request",
        detail=f"{len(blocked)} items answer no accepted measure as it was asked: identifier, time or category differ.",
        rule="EER 5(5)(c)-(e); IPCO, error reduction",
        next="Take these items out, or have the authority record why incidental evidence goes along.",
        items=blocked,
    )


def _particular(item: Item, matter: Matter) -> bool:
    accepted = {key for key, state in matter.measures.items() if state is MeasureState.ACCEPTED}
    asked = {each.measure_id: each for each in matter.document.measures}
    if item.measure_id not in accepted or item.measure_id not in asked:
        return False
    measure = asked[item.measure_id]
    category_ok = item.category in library.codes()["measure"][measure.code]["data"]
    identifiers = {each.value for each in measure.identifiers or ()}
    identifier_ok = not identifiers or item.identifier in identifiers
    return category_ok and identifier_ok and _in_range(item, measure)


def _in_range(item: Item, measure: object) -> bool:
    asked = getattr(measure, "range", None)
    if asked is None or item.since is None or item.until is None:
        return True
    return bool(asked.since <= item.since.isoformat() and item.until.isoformat() <= asked.until)


def necessity(matter: Matter) -> Result:
    """G04: the reviewer's own assessment, in own words, written before."""
    own = matter.found("G04", "RQ-JUD", "RD-CA")
    if not own:
        return NeedsHuman(
            gate="G04",
            role="RD-CA",
            detail="An assessment of necessity and proportionality in the reviewer's own words is missing.",
            rule="EER 5(2); EIO 6; LED 4",
        )
    asked = {str(measure.necessity or "").strip() for measure in matter.document.measures}
    text = own[-1].text.strip()
    if len(text) < LEAST_ASSESSMENT or text in asked or own[-1].at > matter.at:
        return Fail(
            gate="G04",
            code="assessment_not_own",
            detail="The assessment is too short, repeats the request's own text, or was written afterwards.",
            rule="EER 5(2); EIO 6; LED 4",
            next=f"Write in {LEAST_ASSESSMENT} characters or more why this measure, for this offence, against this person.",
        )
    return Pass("G04")


def dual_criminality(matter: Matter) -> Result:
    """G05: the conduct is an offence here, too, unless the instrument does not ask."""
    assert matter.instrument is not None
    if why := _not_asked(matter):
        return Pass("G05", why)
    found = matter.found("G05", "RD-CA")
    if matter.document.dual_criminality is None or not found:
        return NeedsHuman(
            gate="G05",
            role="RD-CA",
            detail="Whether the conduct is an offence here has to be found, by the conduct and not its name.",
            rule="BUD 25(5); UNTOC 18(9)",
        )
    if found[-1].verdict == "fail":
        return Fail(
            gate="G05",
            code="REF-05",
            detail="The conduct was found to be no offence here.",
            rule="BUD 25(5); UNTOC 18(9)",
            next="Refuse these measures with REF-05, after consultation.",
        )
    return Pass("G05", "found")


def _not_asked(matter: Matter) -> str | None:
    instrument, pair = matter.instrument, matter.pair
    assert instrument is not None
    assert pair is not None
    if instrument.preservation is not None and str(matter.document.request_kind).startswith(
        "PRESERVATION"
    ):
        reserved = {
            name
            for each in pair.instrument
            if each.code == instrument.code
            for name in each.reservations
        }
        barred = instrument.barred.get("REF-05")
        if barred is None or barred.unless not in reserved:
            return "preservation"
    ground = instrument.ground.get("REF-05")
    if ground is None:
        return "no ground"
    months = max((each.max_penalty_months for each in matter.document.offences or ()), default=0)
    listed = any(
        code.startswith("OFF-E")
        for each in matter.document.offences or ()
        for code in each.categories
    )
    if ground.unless_listed_months is not None and listed and months >= ground.unless_listed_months:
        return "listed"
    rules = [instrument.measure.get(measure.code) for measure in matter.document.measures]
    if ground.not_for_always and rules and all(rule is not None and rule.always for rule in rules):
        return "always available"
    return None


def political(matter: Matter) -> Result:
    """G06: what smells of politics or persecution is looked at by two people."""
    if not (triggers := _triggers(matter)):
        return Pass("G06")
    found = {each.officer: each for each in matter.found("G06", "RD-CA", "RD-JUD")}
    if len(found) < 2:  # noqa: PLR2004 - two reviewers
        return NeedsHuman(
            gate="G06",
            role="RD-CA",
            detail=f"Two reviewers have to look for a political offence or persecution: {', '.join(triggers)}.",
            rule="BUD 27(4)(a); MT 4(1)(b)-(c)",
        )
    if any(each.verdict == "fail" for each in found.values()):
        return Fail(
            gate="G06",
            code="political_or_persecution",
            detail="A reviewer found a political offence or persecution.",
            rule="BUD 27(4)(a); MT 4(1)(b)-(c)",
            next="Refuse with REF-02, REF-03 or what the instrument has, after consultation.",
        )
    return Pass("G06", "reviewed")


def _triggers(matter: Matter) -> list[str]:
    found = ["the request calls it political"] if matter.document.nature == "POLITICAL" else []
    flags = matter.document.sensitive_persons
    roles = set(flags.privileged) if flags is not None else set()
    if roles & {"JOURNALIST", "PARLIAMENT", "LAWYER"}:
        found.append("who the person is")
    families = set(matter.pair.political_families) if matter.pair else set()
    named = " ".join(each.name.lower() for each in matter.document.offences or ())
    if any(family.lower() in named for family in families):
        found.append("the family of the offence")
    return [*found, *(["known asylum"] if matter.asylum else [])]
