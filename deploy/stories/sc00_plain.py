"""The case that everything else departs from: asked, granted, collected, released, verified."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from deploy.case_draft import DRAFT
from deploy.stories.checking import bags
from deploy.stories.stage import Stage
from deploy.stories.story import Story

FILES = {"chat.txt": b"the messages of March\n" * 200, "list.csv": b"number,when\n" * 40}


def play(stage: Stage) -> None:
    """QM asks, QN answers, QM reads."""
    qm, qn = stage["QM"], stage["QN"]
    stage.scene("QM", "A prosecutor drafts a request; a second officer approves it.")
    request = qm.drafts(DRAFT).request_id
    qm.hands_in(request)
    qm.approves(request)
    qm.acts("approver", request, "send")
    stage.crosses("QM", "QN", "request")
    stage.stands(request, QM="S05", QN="S05")
    stage.after(timedelta(days=2), "QN", "The central authority confirms receipt, and accepts.")
    qn.acts("preparer", request, "acknowledge", reference="QN-2026-0311", note="")
    qn.acts("preparer", request, "accept", note="")
    stage.crosses("QN", "QM", "acknowledgement, decision")
    stage.after(
        timedelta(days=30), "QN", "The evidence is collected, closed, cleared and released."
    )
    measures = [each.measure_id for each in qn.request(request).measures]
    package = qn.collects(request, measures, "Seized devices", FILES).package_id
    stage.world.settle()
    qn.prepares(package)
    qn.clears(package)
    qn.releases(package)
    stage.crosses("QN", "QM", "package")
    stage.lies(package, QM="VERIFIED", QN="VERIFIED")
    stage.after(timedelta(days=1), "QM", "The prosecutor fetches the bag and confirms.")
    bag = qm.fetches(package, stage.world.folder / "bag")
    stage.hold("every file is as it was", found=bags(bag), wanted=FILES)
    stage.world.settle()
    stage.lies(package, QM="IN_USE", QN="IN_USE")


STORY = Story(
    number=0,
    title="A request and its answer",
    text="QM asks QN for stored data. Nothing goes wrong.",
    zones={"QM": "Asia/Tokyo", "QN": "Europe/Berlin"},
    begins=datetime(2030, 3, 4, 1, 0, tzinfo=UTC),
    play=play,
)
