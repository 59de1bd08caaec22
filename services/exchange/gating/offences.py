"""Gates on the offence: punishable on both sides, and not political."""

from collections.abc import Mapping

from services.exchange.gating import outcomes
from services.exchange.gating.matter import Finding, Matter, Part
from services.exchange.gating.results import Pass, Result, fail, needs
from services.exchange.gating.substance import is_listed
from shared.protocol.law import gates, grounds

_REVIEWERS = ("RD-CA", "RD-JUD")


def dual_criminality(matter: Matter) -> Result:
    """G05: the conduct is an offence here, too, unless the instrument does not ask."""
    if matter.instrument is None or matter.pair is None:
        return fail("G05", "no_profile", "No profile says whether this is asked.", "See G24.")
    spared = _spared(matter)
    found = {
        part: said
        for part, said in outcomes.newest(matter, "G05", "RD-CA").items()
        if part.measure_id not in spared
    }
    if not found:
        return Pass("G05", next(iter(spared.values())))
    if matter.document.dual_criminality is None:
        return fail(
            "G05",
            "conduct_missing",
            "The request does not tell the conduct so that it could be compared with the law here (D04).",
            "Ask for D04.",
        )
    if against := outcomes.against(found):
        return fail(
            "G05",
            "no_offence_here",
            f"The conduct was found to be no offence here, for {', '.join(against)}.",
            "Refuse these measures with REF-05, after consultation.",
            against,
        )
    if None in found.values():
        return needs(
            "G05",
            "RD-CA",
            "Whether the conduct is an offence here has to be found, by the conduct and not its name.",
        )
    return Pass("G05", "found")


def _spared(matter: Matter) -> Mapping[str | None, str]:
    """Return the measures for which dual criminality is not asked, each with why."""
    assert matter.instrument is not None
    assert matter.pair is not None
    document = matter.document
    listed = bool(document.listed_category) and bool(document.offences)
    listed = listed and all(map(is_listed, document.offences))
    months = min((each.max_penalty_months for each in document.offences or ()), default=0)
    kind, spared = document.request_kind or "", {}
    for each in matter.asked():
        case = grounds.Case(kind=kind, measures=(each.code,), listed=listed, months=months)
        flaw = grounds.unavailable("REF-05", case, matter.instrument, matter.pair)
        if flaw is not None:
            spared[each.measure_id] = flaw.code
    return spared


def political(matter: Matter) -> Result:
    """G06: what smells of politics or persecution is looked at by two people."""
    if not (triggers := _triggers(matter)):
        return Pass("G06")
    wanted = gates.policy().reviewers
    found = _reviews(matter)
    against = outcomes.names(
        part
        for part, said in found.items()
        if any(each.verdict == "fail" for each in said.values())
    )
    if against:
        return fail(
            "G06",
            "political_or_persecution",
            f"A reviewer found a political offence or persecution in {', '.join(against)}.",
            f"Refuse with {_grounds(matter)}, after consultation.",
            against,
        )
    if any(len(said) < wanted for said in found.values()):
        return needs(
            "G06",
            "RD-CA",
            f"{wanted} reviewers have to look for a political offence or persecution: "
            f"{', '.join(triggers)}.",
        )
    return Pass("G06", "reviewed")


def _reviews(matter: Matter) -> Mapping[Part, Mapping[str, Finding]]:
    """Return each reviewer's newest word on each part."""
    return {
        part: {each.officer.casefold(): each for each in said}
        for part, said in outcomes.of_parts(matter, "G06", *_REVIEWERS).items()
    }


def _grounds(matter: Matter) -> str:
    """Name those of the gate's grounds that the instrument has."""
    named = gates.rule("G06").refusal
    known = matter.instrument.ground if matter.instrument is not None else {}
    return ", ".join(code for code in named if code in known) or ", ".join(named)


def _triggers(matter: Matter) -> list[str]:
    policy, document = gates.policy(), matter.document
    found = []
    if document.nature in policy.tested_nature:
        found.append("the request itself calls it so")
    flags = document.sensitive_persons
    if flags is not None and set(flags.privileged) & set(policy.screened_roles):
        found.append("who the person is")
    families = matter.pair.political_families if matter.pair is not None else ()
    named = " ".join(each.name.casefold() for each in document.offences or ())
    if any(family.casefold() in named for family in families):
        found.append("the family of the offence")
    if any(each.verdict == "concern" for each in matter.found("G06", *_REVIEWERS)):
        found.append("a concern of this authority")  # as that the person has asylum here
    return found
