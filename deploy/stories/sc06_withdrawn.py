"""SC-06: the suspect is dead; what was asked for is given up, and what was sent is deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from client.federation.editing import with_maintenance
from deploy.stories import later_requests as requests
from deploy.stories.desk import APPROVER
from deploy.stories.flow import arrived, cleared, delivered, granted
from deploy.stories.packing import Exhibit
from deploy.stories.papers import DAY, instant
from deploy.stories.stage import Stage
from deploy.stories.steering import SteeringGroup
from deploy.stories.story import Story

HOUR = timedelta(hours=1)
MAIL = "k.dorn@mail.example"
DEAD = (
    "The suspect died on the second of the month; the proceedings are closed by order of the court."
)


def play(stage: Stage) -> None:
    """Granted, half answered, withdrawn."""
    now = stage.world.clock()
    stage.scene("XB", "XB asks who holds a mailbox, and with whom it wrote.")
    request = delivered(stage, "XB", "XC", requests.suspect(now))
    stage["XC"].takes_up(request, "XC-2030-7")
    granted(stage, request, asker="XB", asked="XC", order="5 Gs 90/30")
    first = _first(stage, request, now)
    third = cleared(stage, request, [_table(now, "more.csv")], asked="XC")
    second = _second(stage, request, now)
    _withdrawn(stage, request)
    _stopped(stage, request, second, third)
    _deleted(stage, request, first)


def _first(stage: Stage, request: str, now: datetime) -> str:
    stage.after(9 * DAY, "XC", "The first answer: the holder. XB receives and reads it.")
    holder = Exhibit(
        name="holder.txt", content=b"K. Dorn\n", measure="M01", category="DC-SUB",
        about=MAIL, covers=(now - 50 * DAY, now - 10 * DAY),
    )  # fmt: skip
    package = cleared(stage, request, [holder], asked="XC")
    arrived(stage, package, asker="XB", asked="XC")
    stage["XB"].fetches(package, stage.world.folder / "package-1")
    stage.world.settle()
    stage.lies(package, XB="IN_USE", XC="IN_USE")
    return package


def _second(stage: Stage, request: str, now: datetime) -> str:
    stage.after(
        6 * DAY, "XC", "The second answer is ready. XB moves its machines, and says so: one hour."
    )
    package = cleared(stage, request, [_table(now, "letters.csv")], asked="XC")
    group, begins = SteeringGroup(stage.world), stage.world.clock()
    span = f"{instant(begins)}/{instant(begins + HOUR)}"
    group.revised(with_maintenance(group.member("XB"), span, "Machines are moved."))
    stage["XC"].releases(package)
    stage.teller.blocked("XC", "XB", "package 2 waits in the queue")
    return package


def _withdrawn(stage: Stage, request: str) -> None:
    stage.scene("XB", "The suspect is dead: XB withdraws, and will delete what it has.")
    stage["XB"].decides(request, "withdraw", codes=["WD-08"], reasons=DEAD, data="delete")
    stage.awaits("XC", request, "S18")
    stage.world.leap(stage.world.clock() + HOUR)
    stage.scene("XC", "XC knows of it. The hour is over, and the queue moves again.")
    stage.crosses("XB", "XC", "withdrawal: WD-08, data deleted")
    stage.stands(request, XB="S18", XC="S18")


def _stopped(stage: Stage, request: str, second: str, third: str) -> None:
    xc = stage["XC"]
    stage.say("XC stops at once.")
    stage.hold(
        "package 2 never reaches XB", found=second in stage["XB"].packages_of(request), wanted=False
    )
    stage.hold("package 3 is given up", found=xc.package(third).state, wanted="WITHDRAWN")
    stage.refused("nobody releases it any more", "wrong_state", lambda: xc.releases(third))
    status, _ = stage.world.nodes["XB"].ask("XC", f"packages/{second}/index")
    stage.hold("and nobody fetches the content of package 2", found=status >= 400)  # noqa: PLR2004 - HTTP


def _deleted(stage: Stage, request: str, first: str) -> None:
    stage.after(DAY, "XB", "Package 1 is destroyed, and XC countersigns the certificate.")
    stage.lies(first, XB="DESTROYED", XC="DESTROYED")
    use = stage["XB"].session(APPROVER).get(f"/v1/packages/{first}/use")
    stage.hold(
        "both have signed for it",
        found=use["certificate"] is not None and use["countersigned"] is not None,
    )
    stage.custody(first, "XB")
    read = stage.overseers.timeline("XB", request)
    stage.hold("the overseers still read the case from its first day", found=len(read) > 20)  # noqa: PLR2004
    for country in ("XB", "XC"):
        stage.counts(country, request, {("request.withdrawn", "WD-08"): 1})
    stage.counts(
        "XB", request, {("deletion.ordered", "withdrawn"): 1, ("deletion.done", "withdrawn"): 1}
    )


def _table(now: datetime, name: str) -> Exhibit:
    return Exhibit(
        name=name, content=b"to,at\n" * 50, measure="M02", category="DC-TRF",
        about=MAIL, covers=(now - 50 * DAY, now - 10 * DAY),
    )  # fmt: skip


STORY = Story(
    number=6,
    title="A withdrawn request",
    text="XB asks XC about a suspect, who dies while XC is still at work.",
    zones={"XB": "Europe/Paris", "XC": "Europe/Berlin"},
    begins=datetime(2030, 4, 8, 8, 0, tzinfo=UTC),
    play=play,
)
