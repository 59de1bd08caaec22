"""SC-08: too little to decide on; then dual criminality, a postponement, and at last the evidence."""

from __future__ import annotations

from datetime import UTC, datetime

from deploy.stories import later_requests as requests
from deploy.stories.desk import APPROVER
from deploy.stories.flow import OWN_VIEW, arrived, cleared, delivered
from deploy.stories.packing import Exhibit
from deploy.stories.papers import DAY
from deploy.stories.profiles import more
from deploy.stories.stage import Stage
from deploy.stories.story import Story

LINE = "+999 555 0123"
CONDUCT = (
    "Who pretends to hold an office and lets people pay is punished in XC as a swindler, with five years: "
    "another name, the same conduct."
)
EXECUTION = more(
    '[[clock]]\nact = "execute"\nstarts = "decided"\nroutine = { length = 30, unit = "day" }\n'
    'pauses = ["S13"]\nextension = 30\nextensions = 1\nmissed = "breach"\narticle = "agreed"'
)


def play(stage: Stage) -> None:
    """Incomplete, completed, postponed, resumed, executed."""
    qr, xc = stage["QR"], stage["XC"]
    stage.scene("QR", "QR asks for connections, with a section in the place of the law's text.")
    stage.refused(
        "its own node does not let it out while a text of law is missing (G02)",
        "incomplete",
        lambda: _hand_in_without_law(stage),
    )
    request = delivered(stage, "QR", "XC", requests.incomplete(stage.world.clock()))
    stage.after(
        2 * DAY, "XC", "XC takes it up, and finds the text of the law missing, and no time."
    )
    xc.takes_up(request, "XC-2030-88")
    xc.asks(
        request,
        ["D01", "G04"],
        "What does section 132 say? Of which days are the connections wanted?",
        due=stage.world.clock() + 20 * DAY,
        provisional=True,
    )
    stage.crosses("XC", "QR", "query: D01, G04, 20 days; preserved meanwhile")
    stage.stands(request, QR="S08", XC="S08")
    query = qr.letters(request, "query")[-1]
    stage.hold("QR reads which fields", found=query["fields"], wanted=["D01", "G04"])
    stage.hold("and that the data are kept meanwhile (IMAC 28(6))", found=query["provisional"])
    stage.clock(request, "XC", "decide", state="PAUSED")
    stage.after(10 * DAY, "QR", "The answer: the text, and eight days in May.")
    qr.answers(request, "The text is in D01 now, the days in G04.", **requests.completed())
    stage.crosses("QR", "XC", "answer")
    stage.clock(request, "XC", "decide", state="RUNNING")
    _postponed(stage, request)
    _executed(stage, request)


def _hand_in_without_law(stage: Stage) -> None:
    document = requests.incomplete(stage.world.clock())
    made = stage["QR"].drafts({**document, "offences": [requests.lawless()]})
    stage["QR"].hands_in(made.request_id)


def _postponed(stage: Stage, request: str) -> None:
    xc = stage["XC"]
    stage.after(
        3 * DAY, "XC", "XC has a case of its own open: it postpones, to look again in 60 days."
    )
    xc.finds(APPROVER, request, "G05", "RD-CA", CONDUCT)
    xc.decides(
        request,
        "postpone",
        codes=["POST-01"],
        reasons="A search in our own case against the same person would be spoiled.",
        expected="about two months",
        review=int((stage.world.clock() + 60 * DAY).timestamp()),
    )
    stage.crosses("XC", "QR", "postponed: POST-01, review in 60 days")
    stage.stands(request, QR="S13", XC="S13")
    stage.clock(request, "XC", "decide", state="PAUSED")
    stage.clock(request, "XC", "review postponement", state="RUNNING")
    stage.after(58 * DAY, "XC", "The ground has ceased: XC must go on at once (EIO 15(2)).")
    xc.does(APPROVER, request, "resume", note="The search is over.")
    stage.crosses("XC", "QR", "resumed")


def _executed(stage: Stage, request: str) -> None:
    xc = stage["XC"]
    stage.say("The conduct is an offence in XC under another name: G05 passes on the conduct.")
    xc.finds(APPROVER, request, "G04", "RD-CA", OWN_VIEW)
    xc.decides(request, "accept")
    stage.clock(request, "XC", "decide", state="MET")
    xc.executes(request, "12 Rs 44/30")
    stage.crosses("XC", "QR", "decision: accepted, executing")
    stage.stands(request, QR="S14", XC="S14")
    stage.after(
        25 * DAY, "XC", "The provider needs longer; XC says so, with reasons and an estimate."
    )
    stage.extends(
        request,
        "XC",
        "execute",
        reasons="The provider restores the records of May from a tape.",
        estimate=stage.world.clock() + 12 * DAY,
        length=15,
    )
    stage.crosses("XC", "QR", "notice: extension")
    stage.after(10 * DAY, "XC", "35 days after it went on, the result.")
    may = (datetime(2030, 5, 3, tzinfo=UTC), datetime(2030, 5, 10, tzinfo=UTC))
    table = Exhibit(
        name="connections.csv", content=b"from,to,at\n" * 99, measure="M01", category="DC-TRF",
        about=LINE, covers=may,
    )  # fmt: skip
    package = cleared(stage, request, [table], asked="XC")
    arrived(stage, package, asker="QR", asked="XC")
    xc.does(APPROVER, request, "fulfil")
    stage.crosses("XC", "QR", "decision: fulfilled")
    stage.stands(request, QR="S16", XC="S16")
    stage.clock(request, "XC", "execute", state="MET")
    stage.explains(request, "XC", "decide")


STORY = Story(
    number=8,
    title="Dual criminality, an incomplete request, a postponement, execution",
    text="QR asks for too little; XC asks back, postpones for its own case, and then answers.",
    zones={"QR": "Europe/Paris", "XC": "Europe/Berlin"},
    begins=datetime(2030, 6, 3, 7, 0, tzinfo=UTC),
    play=play,
    changes={("QR", "XC"): EXECUTION},
)
