"""Gates on the offence: punishable on both sides, and not political."""

from services.exchange.gating.matter import Matter
from services.exchange.gating.results import Pass, Result, fail, needs
from services.exchange.gating.substance import is_listed
from shared.protocol.law import gates, grounds

_REVIEWERS = ("RD-CA", "RD-JUD")


def dual_criminality(matter: Matter) -> Result:
    """G05: the conduct is an offence here, too, unless the instrument does not ask."""
    if matter.instrument is None or matter.pair is None:
        return fail("G05", "no_profile", "No profile says whether this is asked.", "See G24.")
    if why := _not_asked(matter):
        return Pass("G05", why)
    found = matter.found("G05", "RD-CA")
    if matter.document.dual_criminality is None:
        return fail(
            "G05",
            "conduct_missing",
            "The request does not tell the conduct so that it could be compared with the law here (D04).",
            "Ask for D04.",
        )
    if not found:
        return needs(
            "G05",
            "RD-CA",
            "Whether the conduct is an offence here has to be found, by the conduct and not its name.",
        )
    if found[-1].verdict != "pass":
        return fail(
            "G05",
            "no_offence_here",
            "The conduct was found to be no offence here.",
            "Refuse these measures with REF-05, after consultation.",
        )
    return Pass("G05", "found")


def _not_asked(matter: Matter) -> str | None:
    """Say why dual criminality is asked for none of the measures, if it is not."""
    assert matter.instrument is not None
    assert matter.pair is not None
    document = matter.document
    listed = bool(document.listed_category) and bool(document.offences)
    listed = listed and all(map(is_listed, document.offences))
    months = min((each.max_penalty_months for each in document.offences or ()), default=0)
    kind, codes = document.request_kind or "", [each.code for each in matter.asked()]
    flaws = [
        grounds.unavailable(
            "REF-05",
            grounds.Case(kind=kind, measures=(code,), listed=listed, months=months),
            matter.instrument,
            matter.pair,
        )
        for code in codes
    ]
    first = flaws[0] if flaws and all(flaws) else None
    return first.code if first is not None else None


def political(matter: Matter) -> Result:
    """G06: what smells of politics or persecution is looked at by two people."""
    if not (triggers := _triggers(matter)):
        return Pass("G06")
    wanted = gates.policy().reviewers
    said = [each for each in matter.found("G06", *_REVIEWERS) if each.verdict != "concern"]
    found = {each.officer.casefold(): each for each in said}
    if any(each.verdict == "fail" for each in found.values()):
        return fail(
            "G06",
            "political_or_persecution",
            "A reviewer found a political offence or persecution.",
            f"Refuse with {_grounds(matter)}, after consultation.",
        )
    if len(found) < wanted:
        return needs(
            "G06",
            "RD-CA",
            f"{wanted} reviewers have to look for a political offence or persecution: "
            f"{', '.join(triggers)}.",
        )
    return Pass("G06", "reviewed")


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
