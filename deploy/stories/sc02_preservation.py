"""SC-02: data are kept first, for longer then, and asked for in the end."""

from __future__ import annotations

from datetime import UTC, datetime

from deploy.stories import requests
from deploy.stories.desk import APPROVER
from deploy.stories.flow import OWN_VIEW, arrived, cleared, delivered, granted
from deploy.stories.packing import Exhibit
from deploy.stories.papers import DAY
from deploy.stories.profiles import only
from deploy.stories.stage import Stage
from deploy.stories.story import Story, Variant

BEGINS = datetime(2030, 4, 1, 12, 0, tzinfo=UTC)
PANEL = "panel.lockit.example"
GONE = "The provider deleted what it had kept when the time was over; nothing of it can be brought back."


def play(stage: Stage) -> None:
    """Preserved, extended, linked, produced."""
    kept = _preserved(stage)
    stage.at(BEGINS + 40 * DAY, "XA", "Day 40: XA is not ready, and asks for more time.")
    stage["XA"].keeps(
        kept, "asked", "Eleven hospitals are heard; the request will take until June."
    )
    stage.crosses("XA", "XB", "preservation: more time asked")
    stage["XB"].keeps(
        kept, "extended", "The provider was told to keep the data for another sixty days."
    )
    stage.crosses("XB", "XA", "preservation: extended")
    _kept(stage, kept, "EXTENDED", 121)
    stage.at(
        BEGINS + 75 * DAY, "XA", "Day 75: the request for the data, linked to the preservation."
    )
    now = stage.world.clock()
    document = requests.production(now, kept, BEGINS + 121 * DAY)
    request = delivered(stage, "XA", "XB", document)
    for country in ("XA", "XB"):
        stage.hold(
            f"{country}: kept until the request is decided (BUD 29(7))",
            found=stage[country].kept(kept)[0],
            wanted="LINKED_TO_REQUEST",
        )
    stage["XB"].takes_up(request, "XB-2030-31")
    stage.at(BEGINS + 90 * DAY, "XB", "Day 90: accepted.")
    granted(stage, request, asker="XA", asked="XB", order="22 Gs 5/30")
    _produced(stage, request, now)
    for country in ("XA", "XB"):
        wanted = {(f"preservation.{word}", ""): 1 for word in ("ordered", "extended", "linked")}
        stage.counts(country, kept, wanted)


def lapsed(stage: Stage) -> None:
    """XA sends nothing: day 61 the time is over."""
    kept = _preserved(stage)
    for day in (48, 55, 61):
        stage.at(BEGINS + day * DAY, "XB", f"Day {day}: XB is reminded that the time runs out.")
    warned = stage.overseers.of_case("XB", kept)[("clock.warned", "preserve")]
    stage.hold("reminders 14, 7 and 1 days before", found=warned, wanted=3)
    stage.at(
        BEGINS + 62 * DAY, "XB", "Day 61 is over: the provider is told that it need keep nothing."
    )
    _kept(stage, kept, "EXPIRED", 61)
    for country in ("XA", "XB"):
        stage.counts(country, kept, {("preservation.lapsed", ""): 1})
    stage.at(BEGINS + 75 * DAY, "XA", "Day 75: only now the request comes.")
    now = stage.world.clock()
    request = delivered(stage, "XA", "XB", requests.production(now, kept, BEGINS + 61 * DAY))
    xa, xb = stage["XA"], stage["XB"]
    xb.takes_up(request, "XB-2030-31")
    xb.consults(request, "The data are gone. Does XA know of another copy?")
    stage.crosses("XB", "XA", "consultation")
    xa.settles(request, "declined", "No.")
    stage.crosses("XA", "XB", "declined")
    xb.decides(request, "refuse", codes=["REF-22"], reasons=GONE)
    stage.crosses("XB", "XA", "refused: REF-22, the data are no longer held")
    stage.stands(request, XA="S12", XB="S12")


def _preserved(stage: Stage) -> str:
    stage.scene("XA", "Ransomware. XA asks XB to keep what a server holds.")
    kept = delivered(stage, "XA", "XB", requests.preservation(stage.world.clock()))
    stage.at(
        BEGINS + DAY,
        "XB",
        "Day 1: kept until day 61. Dual criminality is not asked for (BUD 29(3)).",
    )
    xb = stage["XB"]
    xb.takes_up(kept, "XB-2030-17")
    xb.finds(APPROVER, kept, "G04", "RD-CA", OWN_VIEW)
    xb.decides(kept, "accept")
    xb.executes(kept)
    xb.keeps(kept, "ordered", "Northern Racks keeps the records and the image of the server.")
    stage.crosses("XB", "XA", "preservation: ordered")
    _kept(stage, kept, "PRESERVED", 61)
    stage.clock(kept, "XB", "preserve", state="RUNNING")
    return kept


def _kept(stage: Stage, kept: str, state: str, day: int) -> None:
    until = f"{BEGINS + day * DAY:%Y-%m-%d}"
    for country in ("XA", "XB"):
        stage.hold(
            f"{country}: {state} until {until}",
            found=stage[country].kept(kept),
            wanted=(state, until),
        )


def _produced(stage: Stage, request: str, asked: datetime) -> None:
    stage.at(BEGINS + 120 * DAY, "XB", "Day 120: two packages.")
    covers = (asked - 110 * DAY, asked - 80 * DAY)
    for measure, category, name in (("M01", "DC-TRF", "flows.csv"), ("M02", "DC-CNT", "panel.tar")):
        exhibit = Exhibit(
            name=name, content=name.encode() * 99, measure=measure, category=category,
            about=PANEL, covers=covers,
        )  # fmt: skip
        package = cleared(stage, request, [exhibit], asked="XB")
        arrived(stage, package, asker="XA", asked="XB")
    stage["XB"].does(APPROVER, request, "fulfil")
    stage.crosses("XB", "XA", "decision: fulfilled")
    stage.stands(request, XA="S16", XB="S16")


STORY = Story(
    number=2,
    title="Preservation, then production, with renewal",
    text="Ransomware: XA has data kept in XB, needs longer than it thought, and asks for them in the end.",
    zones={"XA": "America/New_York", "XB": "Europe/Berlin"},
    begins=BEGINS,
    play=play,
    changes={("XA", "XB"): only("BUD")},
    variants={"a": Variant(title="XA sends nothing: the preservation lapses", play=lapsed)},
)
