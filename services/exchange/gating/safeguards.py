"""Gates that protect people: death penalty, weighting, transfer of data, special categories, privilege."""

from collections.abc import Sequence

from services.exchange.gating import outcomes
from services.exchange.gating.matter import Finding, Item, Matter
from services.exchange.gating.results import Pass, Result, fail, needs
from shared.protocol.law import gates, library

_ASSESSORS = ("RD-DPO", "RD-CA")


def death_penalty(matter: Matter) -> Result:
    """G07: a capital offence in a State that retains the penalty needs an assurance that binds."""
    if matter.pair is None:
        return fail("G07", "no_profile", "No profile says who retains the penalty.", "See G24.")
    penalties, rule = matter.document.penalties, matter.pair.death_penalty
    capital = penalties is not None and penalties.death_penalty
    if not (capital and rule.requesting_retains and rule.assurance_required):
        return Pass("G07")
    assurance = matter.document.death_penalty_assurance
    binding = assurance is not None and assurance.authority in rule.binding_signatories
    if not binding or assurance.date > matter.at.date().isoformat():
        who = ", ".join(rule.binding_signatories) or "nobody that the profile names"
        return fail(
            "G07",
            "no_assurance",
            "No assurance that binds the prosecution excludes the death penalty.",
            f"Ask for an assurance (J04) signed by: {who}.",
            matter.names(),
        )
    return _assured(matter)


def _assured(matter: Matter) -> Result:
    found = outcomes.newest(matter, "G07", "RD-CA")
    if against := outcomes.against(found):
        return fail(
            "G07",
            "assurance_too_narrow",
            f"The assurance was found not to cover direct and indirect use, for {', '.join(against)}.",
            "Ask for one that does (J04), or refuse with REF-17, after consultation.",
            against,
        )
    if None in found.values():
        return needs(
            "G07",
            "RD-CA",
            "Whether the assurance covers direct and indirect use has to be found.",
        )
    return Pass("G07", "assured")


def weighting(matter: Matter) -> Result:
    """G08: a valid note on the peer covers what is to go."""
    if matter.pair is None:
        return fail("G08", "no_profile", "No profile weighs the peer.", "See G24.")
    note, tiers = matter.pair.weighting, _tiers(matter)
    valid = note is not None and matter.at.date() <= note.valid_until
    covered = frozenset(note.tiers if valid and note is not None else ())
    bare = [
        (name, tier)
        for name, tier in tiers
        if tier >= gates.policy().sensitive_tier and tier not in covered
    ]
    if not bare:
        highest = max((tier for _, tier in tiers), default=1)
        return Pass("G08", note.id if highest in covered and note is not None else None)
    return fail(
        "G08",
        "no_weighting_note",
        f"No valid weighting note on {matter.pair.requesting} covers data of tier "
        f"{max(tier for _, tier in bare)}.",
        "Renew the note in the profile, or leave these data out.",
        list(dict.fromkeys(name for name, _ in bare)),
    )


def _tiers(matter: Matter) -> Sequence[tuple[str, int]]:
    """Return measures with the tiers of a package's items, or of what they may bring."""
    if matter.items:
        return [(each.measure_id or each.item_id, tier(each)) for each in matter.items]
    codes = library.codes()
    return [
        (measure.measure_id, int(codes["data"][category]["tier"]))
        for measure in matter.asked()
        for category in measure.data or codes["measure"].get(measure.code, {"data": []})["data"]
        if category in codes["data"]
    ]


def tier(item: Item) -> int:
    """Return an item's tier; what was not said to be something counts as the most sensitive."""
    data = library.codes()["data"]
    known = data.get(item.category or "")
    return int(known["tier"]) if known is not None else gates.policy().special_tier


def transfer_gateway(matter: Matter) -> Result:
    """G09: on what the transfer of personal data stands, written down before it happens."""
    if matter.pair is None:
        return fail("G09", "no_profile", "No profile says on what a transfer stands.", "See G24.")
    rule, basis = matter.pair.data_protection, matter.document.transfer_basis
    if rule.adequacy:
        return Pass("G09", "ADEQUACY")
    gateway = basis.gateway if basis is not None else rule.default_gateway
    if gateway == "ADEQUACY":
        return fail(
            "G09",
            "no_adequacy",
            f"The request claims adequacy (J08); the profile knows of none for {matter.pair.requesting}.",
            "Have J08 corrected: safeguards, or special circumstances with an assessment.",
            matter.names(),
        )
    if gateway != "SPECIAL_CIRCUMSTANCES":
        return Pass("G09", gateway)
    found = outcomes.of_parts(matter, "G09", *_ASSESSORS)
    lacking = [role for said in found.values() if (role := _unassessed(said)) is not None]
    if not lacking:
        return Pass("G09", gateway)
    return needs(
        "G09",
        min(lacking, key=_ASSESSORS.index),
        "Special circumstances have to be assessed in writing (strict necessity, no overriding rights) "
        "by the data-protection officer and the authority, before anything leaves.",
    )


def _unassessed(said: Sequence[Finding]) -> str | None:
    """Return in whose role a part has still to be assessed; two people do it, each in one role."""
    newest = {each.role: each for each in said}
    least = gates.policy().assessment_least
    written = {
        role: each.officer.casefold()
        for role, each in newest.items()
        if each.verdict == "pass" and len(each.text.strip()) >= least
    }
    if len(set(written.values())) == len(_ASSESSORS):
        return None
    return next((role for role in _ASSESSORS if role not in written), _ASSESSORS[-1])


def special_categories(matter: Matter) -> Result:
    """G10: the most sensitive items go only with a reason, to named readers."""
    special = [each for each in matter.items if tier(each) >= gates.policy().special_tier]
    justified = matter.document.sensitive_data is not None
    bare = [each.item_id for each in special if not (each.readers and justified)]
    if not bare:
        return Pass("G10")
    return fail(
        "G10",
        "special_category",
        f"{len(bare)} items of the most sensitive categories have no reason of strict necessity (J07), "
        "or no named readers.",
        "Ask for J07 and name the readers, or take the items out.",
        bare,
    )


def filter_asked(matter: Matter) -> bool:
    """Say whether this package has to be looked at for privileged material."""
    policy, flags = gates.policy(), matter.document.sensitive_persons
    measures = {each.code for each in matter.asked()}
    privileged = flags is not None and bool(flags.privileged)
    sensitive = any(tier(each) >= policy.sensitive_tier or _found(each) for each in matter.items)
    return privileged or sensitive or bool(measures & set(policy.filtered_measures))


def _found(item: Item) -> bool:
    """Say whether it was declared to be privileged, or found to be though nobody had to look."""
    return item.category == "DC-PRV" or item.privilege in {"privileged", "waived"}


def privilege(matter: Matter) -> Result:
    """G11: the filter team, and not the packer, has looked at each item; a court alone waives."""
    if not filter_asked(matter):
        return Pass("G11", "not asked")
    unseen = [each.item_id for each in matter.items if _unseen(each)]
    if unseen:
        return needs(
            "G11",
            "RD-PRIV",
            f"{len(unseen)} items were not yet looked at for privileged material.",
            "filter_missing",
        )
    return _held(matter) or Pass("G11", "filtered")


def _held(matter: Matter) -> Result | None:
    """Name at once all that a court would have to open: what is privileged, and what its packer filtered."""
    packer = (matter.packer or "").casefold()
    held = [each.item_id for each in matter.items if _privileged(each)]
    same = [each.item_id for each in matter.items if (each.filtered_by or "").casefold() == packer]
    if not held and not same:
        return None
    told, steps = [], []
    if held:
        told.append(f"{len(held)} items hold privileged material, which stays sealed here.")
        steps.append(
            "Make a package without them and tell the requesting authority; only a court waives."
        )
    if same:
        told.append(f"{len(same)} items were filtered by who packs them.")
        steps.append("Have the filter team look.")
    code = "privileged" if held else "own_filter"
    return fail("G11", code, " ".join(told), " ".join(steps), list(dict.fromkeys([*held, *same])))


def _unseen(item: Item) -> bool:
    return item.privilege == "unfiltered" or item.filtered_by is None


def _privileged(item: Item) -> bool:
    """Say so of what was found to be, or declared as such; `waived` is a word that a court confirms."""
    return item.privilege != "clean" or item.category == "DC-PRV"


def minimisation(matter: Matter) -> Result:
    """G21: data of third persons are redacted, or their presence is justified."""
    bare = [each.item_id for each in matter.items if each.third_party and not each.treated]
    if not bare:
        return Pass("G21")
    return fail(
        "G21",
        "third_party_data",
        f"{len(bare)} items hold data of third persons, neither redacted nor justified.",
        "Redact them, or say why they go along.",
        bare,
    )
