"""SC-09: a forged request, and then one with a stolen key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from client.sdk.requests import find_all
from deploy.stories import later_requests as requests
from deploy.stories.desk import APPROVER
from deploy.stories.flow import OWN_VIEW, SAME_CONDUCT, delivered
from deploy.stories.papers import DAY
from deploy.stories.stage import Stage
from deploy.stories.steering import SteeringGroup
from deploy.stories.story import Story
from deploy.stories.thief import forge

NO_JUDGE = "No judge can be reached at this hour, and every minute counts."
TONIGHT = datetime(2030, 5, 16, 0, 40, tzinfo=UTC)  # 02:40 in QP
DENIED = "Called at the number of the directory, QP's duty desk knows of no such request and of no emergency."


def play(stage: Stage) -> None:
    """A forger with a wrong key, then a thief with the right one."""
    stage.scene("QP", "An honest request of QP, as there are many.")
    honest = delivered(stage, "QP", "QM", requests.invoice(stage.world.clock()))
    _forged(stage)
    stolen = _stolen(stage)
    _suspended(stage)
    _affected(stage, honest, stolen)


def _forged(stage: Stage) -> None:
    world = stage.world
    stage.after(3 * DAY, "QM", "A request comes under a real case number, with a wrong key.")
    document = requests.invoice(world.clock())
    answer = forge(world.nodes["QP"], "QM", document, world.clock)
    stage.hold(
        "QM does not take it: no key of QP signed it", found=answer, wanted=(422, "unknown_key")
    )
    stage.teller.blocked("QP", "QM", "unknown key")
    known = find_all(stage["QM"].session(APPROVER), direction="in")
    stage.hold("no officer of QM ever sees it", found=len(known), wanted=1)
    stage.tells("QM", {("transfer.refused", "unknown_key"): 1})


def _stolen(stage: Stage) -> str:
    stage.at(TONIGHT, "QP", "02:40: somebody has QP's keys, and asks for thirty people at once.")
    request = delivered(
        stage, "QP", "QM", requests.thirty_identifiers(stage.world.clock()), no_judge=NO_JUDGE
    )
    stage.after(timedelta(minutes=9), "QM", "The duty desk calls back, on the directory's number.")
    stage["QM"].calls_back(request, confirmed=False, text=DENIED)
    stage.refused(
        "nothing of it can be granted (G20)",
        "call_back_missing",
        lambda: _granted(stage, request),
    )
    stage.hold("nothing left", found=stage["QM"].packages_of(request), wanted=[])
    return request


def _granted(stage: Stage, request: str) -> None:
    qm = stage["QM"]
    qm.takes_up(request, "QM-2030-666")
    qm.finds(APPROVER, request, "G04", "RD-CA", OWN_VIEW)
    qm.finds(APPROVER, request, "G05", "RD-CA", SAME_CONDUCT)
    qm.decides(request, "accept")


def _suspended(stage: Stage) -> None:
    world = stage.world
    stage.scene("QM", "Two holders of the federation's list suspend QP, in every node.")
    SteeringGroup(world).suspends("QP", "its keys are in foreign hands")
    world.cut_off.add("QP")
    for country in ("QM", "QN"):
        told = stage[country].session("ops").post("/v1/ops/directory/refresh")
        members = told["members"]
        assert isinstance(members, dict)
        stage.hold(f"{country} serves QP no longer", found=members["QP"], wanted="suspended")
    status, code = world.nodes["QP"].ask("QM", "heads")
    stage.hold("QM's gateway refuses whoever comes with QP's keys", found=status >= 400)  # noqa: PLR2004
    stage.teller.blocked("QP", "QM", f"suspended ({code or status})")


def _affected(stage: Stage, honest: str, stolen: str) -> None:
    stage.scene("QM", "Which requests came under that key in its last seven days? The log says.")
    week = stage.world.clock() - 7 * DAY
    found = stage.overseers.requests_from("QM", "QP", since=week)
    for each in found:
        stage.fact(
            f"{each.seq_time:%Y-%m-%d %H:%M} UTC  {each.channel} {each.seq}  {each.transfer_id}"
        )
    affected = [each.transfer_id for each in found]
    stage.hold(
        "the one of tonight, and the honest one too", found=affected, wanted=[honest, stolen]
    )


STORY = Story(
    number=9,
    title="A forged request and a stolen key",
    text="Somebody copies the case number of a real request; then somebody has QP's own keys.",
    zones={"QP": "Europe/Paris", "QM": "Asia/Tokyo", "QN": "Europe/Berlin"},
    begins=datetime(2030, 5, 10, 9, 0, tzinfo=UTC),
    play=play,
)
