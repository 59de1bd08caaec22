"""Gates that protect people: death penalty, weighting, transfer of data, privilege, emergency, minimisation."""

from services.exchange.gating.matter import Matter
from services.exchange.gating.results import Fail, NeedsHuman, Pass, Result
from shared.protocol.law import library

SENSITIVE = 3  # tiers from here on need a weighting note that covers them
SPECIAL = 4


def death_penalty(matter: Matter) -> Result:
    """G07: a capital offence in a State that retains the penalty needs an assurance that binds."""
    assert matter.pair is not None
    penalties, rule = matter.document.penalties, matter.pair.death_penalty
    capital = penalties is not None and penalties.death_penalty
    if not (capital and rule.requesting_retains and rule.assurance_required):
        return Pass("G07")
    assurance = matter.document.death_penalty_assurance
    if assurance is not None and assurance.authority in rule.binding_signatories:
        return Pass("G07", "assured")
    if any(each.verdict == "override" for each in matter.found("G07", "MINISTER")):
        return Pass("G07", "overridden")
    who = ", ".join(rule.binding_signatories) or "nobody that the profile names"
    return Fail(
        gate="G07",
        code="REF-17",
        detail="No assurance that binds the prosecution excludes the death penalty, used directly or indirectly.",
        rule="Elgizouli [2020] UKSC 10",
        next=f"Ask for an assurance (J04) signed by: {who}.",
    )


def weighting(matter: Matter) -> Result:
    """G08: a valid note on the peer covers what is to go."""
    assert matter.pair is not None
    tier = highest_tier(matter)
    note = matter.pair.weighting
    covered = note is not None and tier in note.tiers and matter.at.date() <= note.valid_until
    if tier < SENSITIVE or covered:
        return Pass("G08", note.id if covered and note else None)
    if any(each.verdict == "override" for each in matter.found("G08", "MINISTER")):
        return Pass("G08", "overridden")
    return Fail(
        gate="G08",
        code="no_weighting_note",
        detail=f"No valid weighting note on {matter.pair.requesting} covers data of tier {tier}.",
        rule="weighting notes (profile of the pair)",
        next="Renew the note in the profile, or leave these data out.",
    )


def highest_tier(matter: Matter) -> int:
    """Return the most sensitive tier of a package's items, or of what the measures may bring."""
    data = library.codes()["data"]
    named = [item.category for item in matter.items if item.category in data]
    if not matter.items:
        named = [
            category
            for measure in matter.document.measures
            for category in library.codes()["measure"].get(measure.code, {"data": []})["data"]
        ]
    return max((int(data[each]["tier"]) for each in named if each), default=1)


def transfer_gateway(matter: Matter) -> Result:
    """G09: on what the transfer of personal data stands, written down before it happens."""
    assert matter.pair is not None
    rule = matter.pair.data_protection
    if rule.adequacy:
        return Pass("G09", "ADEQUACY")
    basis = matter.document.transfer_basis
    gateway = basis.gateway if basis is not None else rule.default_gateway
    if gateway != "SPECIAL_CIRCUMSTANCES":
        return Pass("G09", gateway)
    written = [each for each in matter.found("G09", "RD-DPO", "RD-CA") if each.at <= matter.at]
    if {"RD-DPO", "RD-CA"} <= {each.role for each in written if each.verdict != "fail"}:
        return Pass("G09", gateway)
    return NeedsHuman(
        gate="G09",
        role="RD-DPO",
        detail="Special circumstances have to be assessed in writing (strict necessity, no overriding rights) "
        "by the data-protection officer and the authority, before anything leaves.",
        rule="LED 38; Elgizouli [2020] UKSC 10",
    )


def special_categories(matter: Matter) -> Result:
    """G10: the most sensitive items go only with a reason, to named readers."""
    data = library.codes()["data"]
    bare = tuple(
        item.item_id
        for item in matter.items
        if item.category in data
        and data[item.category].get("special")
        and not (item.readers and matter.document.sensitive_data)
    )
    if not bare or matter.found("G10", "RD-DPO"):
        return Pass("G10")
    return Fail(
        gate="G10",
        code="special_category",
        detail=f"{len(bare)} items of special categories have no reason of strict necessity, or no named readers.",
        rule="LED 10; 2AP 14(4)",
        next="Ask for J07 and name the readers, or take the items out.",
        items=bare,
    )


def privilege(matter: Matter) -> Result:
    """G11: somebody other than the packer has looked at each item for privileged material."""
    unseen = tuple(item.item_id for item in matter.items if item.privilege == "unfiltered")
    if unseen:
        return NeedsHuman(
            gate="G11",
            role="RD-PRIV",
            detail=f"{len(unseen)} items were not yet looked at for privileged material.",
            rule="EIO 11(1)(a); EER 5(9)-(10)",
        )
    same = tuple(item.item_id for item in matter.items if item.filtered_by == matter.packer)
    privileged = tuple(item.item_id for item in matter.items if item.privilege == "privileged")
    if same or privileged:
        return Fail(
            gate="G11",
            code="privileged" if privileged else "own_filter",
            detail="Privileged material may not leave."
            if privileged
            else "Who packs an item does not filter it for privilege.",
            rule="EIO 11(1)(a); EER 5(9)-(10), 10(5)",
            next="Take these items out; only a court waives."
            if privileged
            else "Have the filter team look.",
            items=privileged or same,
        )
    return Pass("G11")


def confidentiality(matter: Matter) -> Result:
    """G12: the request says what is confidential; if that cannot be kept, it says so first."""
    if matter.document.confidentiality is None:
        return Fail(
            gate="G12",
            code="confidentiality_unsaid",
            detail="The request does not say what is to be kept confidential.",
            rule="BUD 27(8); UNTOC 18(20); EIO 19",
            next="State I01, NONE if nothing is.",
        )
    if any(each.verdict == "fail" for each in matter.found("G12")):
        return Fail(
            gate="G12",
            code="confidentiality_cannot_be_kept",
            detail="This authority found that it cannot keep the confidentiality asked for.",
            rule="BUD 27(8); UNTOC 18(20)",
            next="Tell the requesting authority and wait for what it decides.",
        )
    return Pass("G12")


def emergency(matter: Matter) -> Result:
    """G20: called back at the directory's number; unvalidated, only what the profile lets go."""
    if matter.document.urgency != "EMERGENCY":
        return Pass("G20")
    assert matter.pair is not None
    if not matter.call_back:
        return NeedsHuman(
            gate="G20",
            role="DUTY",
            detail="The duty officer has to call back the number in the directory, not the one in the message.",
            rule="EER 4(5); 2AP 9-10",
        )
    allowed = set(matter.pair.emergency.unvalidated) if matter.pair.emergency else set()
    asked = {each.measure_id: each.code for each in matter.document.measures}
    used = {asked.get(item.measure_id or "") for item in matter.items} or set(asked.values())
    if matter.validated or used <= allowed:
        return Pass("G20", "validated" if matter.validated else "unvalidated")
    return Fail(
        gate="G20",
        code="not_validated",
        detail=f"Without a judge's validation only {', '.join(sorted(allowed)) or 'nothing'} may leave.",
        rule="EER 4(5); 2AP 9-10",
        next="Send what may go, and wait for the validation with the rest.",
        items=tuple(
            item.item_id for item in matter.items if asked.get(item.measure_id or "") not in allowed
        ),
    )


def minimisation(matter: Matter) -> Result:
    """G21: data of third persons are redacted, or their presence is justified."""
    bare = tuple(item.item_id for item in matter.items if item.third_party and not item.treated)
    if not bare or matter.found("G21", "RD-CA"):
        return Pass("G21")
    return Fail(
        gate="G21",
        code="third_party_data",
        detail=f"{len(bare)} items hold data of third persons, neither redacted nor justified.",
        rule="LED 4(1)(c)",
        next="Redact them, or say why they go along.",
        items=bare,
    )
