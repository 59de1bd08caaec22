"""SC-05: a person challenges a transfer; what it concerns stays, whoever wants it to leave."""

from __future__ import annotations

from datetime import UTC, datetime

from client.sdk.records import Item
from deploy.stories import exhibits, requests
from deploy.stories.flow import arrived, cleared, delivered, granted
from deploy.stories.packing import Exhibit
from deploy.stories.papers import DAY
from deploy.stories.profiles import only
from deploy.stories.stage import Stage
from deploy.stories.story import Story, Variant
from shared.protocol.canonical import Json

FIRST, SECOND = (mail for _, mail in requests.HOLDERS)
LETTERS = range(1, 11)
OF_COUNSEL = range(3, 8)
COMPLAINT = "The mailbox holds letters to and from my counsel; none of them may be handed over."
RULING = "Letters 3 to 7 are between client and counsel and stay here; for the rest the appeal is dismissed."


def play(stage: Stage) -> None:
    """By law an appeal suspends the transfer."""
    request, now = _accepted(stage, "BUD")
    first, second = _cleared(stage, request, now)
    stage.refused(
        "while the period to appeal runs nothing leaves (G14)",
        "appeal_period",
        lambda: stage["QN"].releases(first),
    )
    stage.after(15 * DAY, "QN", "Day 25: the holder of the first mailbox appeals.")
    challenge = stage["QN"].lodges(request, [first], COMPLAINT)
    stage.crosses("QN", "QV", "challenge: suspended by law")
    stage.hold(
        "QV hears that it is suspensive", found=_stage(stage, "QV", request), wanted="suspensive"
    )
    _nobody_releases(stage, first)
    stage.after(
        8 * DAY, "QN", "Day 33: the period is over, and nobody appealed for the second mailbox."
    )
    arrived(stage, second, asker="QV", asked="QN")
    _nobody_releases(stage, first)
    _ruled(stage, request, challenge, first, now)


def by_order(stage: Stage) -> None:
    """Under the Directive nothing is held by itself; a court may order it."""
    request, now = _accepted(stage, "EIO")
    first, second = _cleared(stage, request, now)
    challenge = stage["QN"].lodges(request, [first], COMPLAINT)
    stage.crosses("QN", "QV", "challenge: lodged")
    stage.hold(
        "QV hears that it suspends nothing yet", found=_stage(stage, "QV", request), wanted="lodged"
    )
    arrived(stage, second, asker="QV", asked="QN")
    stage.scene(
        "QN", "The damage would be serious and irreversible: the court orders a stay (EIO 13(2))."
    )
    stage["QN"].rules(request, challenge, "admitted", "The appeal is heard.")
    stage["QN"].rules(request, challenge, "suspensive", "The transfer would do harm beyond repair.")
    stage.crosses("QN", "QV", "challenge: suspended by order")
    _nobody_releases(stage, first)
    stage.after(20 * DAY, "QN", "The court dismisses the appeal.")
    stage["QN"].rules(request, challenge, "dismissed", "No letter of counsel is among them.")
    stage.crosses("QN", "QV", "challenge: dismissed")
    arrived(stage, first, asker="QV", asked="QN")


def _accepted(stage: Stage, instrument: str) -> tuple[str, datetime]:
    now = stage.world.clock()
    stage.scene("QV", "QV asks for two mailboxes.")
    request = delivered(stage, "QV", "QN", requests.lawyers_mail(now, instrument))
    stage["QN"].takes_up(request, "QN-2030-61")
    granted(stage, request, asker="QV", asked="QN", order="9 Gs 33/30")
    return request, now


def _cleared(stage: Stage, request: str, now: datetime) -> tuple[str, str]:
    """Day 10: both packages are sealed."""
    stage.after(10 * DAY, "QN", "Day 10: two packages are ready, one for each mailbox.")
    covers = (now - 80 * DAY, now - 10 * DAY)
    mine = [exhibits.mails(n, whose=FIRST, covers=covers, measure="M01") for n in LETTERS]
    other = [exhibits.mails(n, whose=SECOND, covers=covers, measure="M02") for n in LETTERS]
    return cleared(stage, request, mine, asked="QN"), cleared(stage, request, other, asked="QN")


def _nobody_releases(stage: Stage, package: str) -> None:
    """Try every hand that could let it out."""
    qn, world = stage["QN"], stage.world
    stage.refused("the approver cannot release it", "held", lambda: qn.releases(package))
    status, _ = world.nodes["QV"].ask("QN", f"packages/{package}/index")
    stage.hold("the peer that asks for it gets nothing", found=status >= 400)  # noqa: PLR2004 - HTTP
    world.nodes["QN"].stop("exchange")
    world.nodes["QN"].start("exchange")
    world.settle()
    stage.hold(
        "nor does it leave when the node is started anew",
        found=qn.package(package).state,
        wanted="CLEARED",
    )
    stage.teller.blocked("QN", "QV", "held: a challenge is open")


def _ruled(stage: Stage, request: str, challenge: str, first: str, now: datetime) -> None:
    qn = stage["QN"]
    stage.after(107 * DAY, "QN", "Day 140: the court upholds it for letters 3 to 7.")
    names = {f"mail-{n}.eml" for n in OF_COUNSEL}
    kept = {item.original_name: item for item in qn.items(first)}
    items: list[Json] = [kept[name].item_id for name in sorted(names)]
    qn.rules(request, challenge, "upheld_part", RULING, items=items)
    stage.crosses("QN", "QV", "challenge: upheld in part")
    stage.refused("the old package stays for good", "held", lambda: qn.releases(first))
    rest = [_derived(first, kept[f"mail-{n}.eml"], n, now) for n in LETTERS if n not in OF_COUNSEL]
    package = cleared(stage, request, rest, asked="QN")
    arrived(stage, package, asker="QV", asked="QN")
    bag = stage["QV"].fetches(package, stage.world.folder / "bag")
    found = sorted(path.name for path in (bag / "data").iterdir())
    stage.hold(
        "letters 3 to 7 are not in it", found=found, wanted=sorted(each.name for each in rest)
    )
    stage.custody(package, "QV")
    stage.derives(package, "QV", first)
    for country in ("QN", "QV"):
        stage.counts(
            country, request, {("challenge.lodged", ""): 1, ("challenge.decided", "upheld_part"): 1}
        )


def _derived(package: str, item: Item, number: int, now: datetime) -> Exhibit:
    covers = (now - 80 * DAY, now - 10 * DAY)
    made = exhibits.mails(number, whose=FIRST, covers=covers, measure="M01")
    source: Json = {
        "item_id": item.item_id,
        "package_id": package,
        "relation": "COPY",
        "sha256": item.sha256,
    }
    return made.with_custody({"derived_from": [source]})


def _stage(stage: Stage, country: str, request: str) -> str:
    return stage[country].challenges(request)[-1]


STORY = Story(
    number=5,
    title="A challenge suspends a transfer",
    text="QV asks QN for two mailboxes; the holder of one goes to court.",
    zones={"QV": "Europe/Paris", "QN": "Europe/Zurich"},
    begins=datetime(2030, 1, 7, 9, 0, tzinfo=UTC),
    play=play,
    changes={("QV", "QN"): {**only("BUD"), 'suspends = "BY_ORDER"': 'suspends = "BY_LAW"'}},
    variants={
        "a": Variant(
            title="Under the EIO Directive: held only by order",
            play=by_order,
            changes={("QV", "QN"): only("EIO")},
        )
    },
)
