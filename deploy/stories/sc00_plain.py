"""The case that everything else departs from: asked, granted, collected, released, verified."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from deploy.stories.checking import bags
from deploy.stories.flow import arrived, cleared, delivered, granted
from deploy.stories.packing import Exhibit
from deploy.stories.papers import DAY, measure, paper
from deploy.stories.stage import Stage
from deploy.stories.story import Story

ACCOUNT = "mail.qn.example/varga"
FILES = {"chat.txt": b"the messages of March\n" * 200, "list.csv": b"number,when\n" * 40}


def play(stage: Stage) -> None:
    """QM asks, QN answers, QM reads."""
    qm, qn = stage["QM"], stage["QN"]
    stage.scene("QM", "A prosecutor drafts a request; a second officer approves it.")
    now = stage.world.clock()
    wanted = measure(
        1, "MEA-07", description="What was written from this account.", data=["DC-CNT"],
        identifier=("ACCOUNT", ACCOUNT), covers=(now - 60 * DAY, now),
    )  # fmt: skip
    document = paper(now=now, to="QN", reference="QM-2030-0001", measures=[wanted])
    request = delivered(stage, "QM", "QN", document)
    stage.after(timedelta(days=2), "QN", "The central authority confirms receipt, and accepts.")
    qn.takes_up(request, "QN-2030-0311")
    granted(stage, request, asker="QM", asked="QN", order="4 Gs 17/30")
    stage.stands(request, QM="S14", QN="S14")
    stage.after(timedelta(days=30), "QN", "The evidence is collected, closed, cleared, released.")
    exhibits = [
        Exhibit(
            name=name, content=content, measure="M01", category="DC-CNT",
            about=ACCOUNT, covers=(now - 50 * DAY, now - 20 * DAY),
        )
        for name, content in FILES.items()
    ]  # fmt: skip
    package = cleared(stage, request, exhibits, asked="QN")
    arrived(stage, package, asker="QM", asked="QN")
    qn.does("approver", request, "fulfil")
    stage.crosses("QN", "QM", "decision: fulfilled")
    stage.after(timedelta(days=1), "QM", "The prosecutor fetches the bag and confirms.")
    bag = qm.fetches(package, stage.world.folder / "bag")
    stage.hold("every file is as it was", found=bags(bag), wanted=FILES)
    stage.world.settle()
    stage.lies(package, QM="IN_USE", QN="IN_USE")
    qm.does("approver", request, "close")
    stage.crosses("QM", "QN", "notice: closed")
    stage.stands(request, QM="S17", QN="S17")


STORY = Story(
    number=0,
    title="A request and its answer",
    text="QM asks QN for stored data. Nothing goes wrong.",
    zones={"QM": "Asia/Tokyo", "QN": "Europe/Berlin"},
    begins=datetime(2030, 3, 4, 1, 0, tzinfo=UTC),
    play=play,
)
