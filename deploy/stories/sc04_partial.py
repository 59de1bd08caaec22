"""SC-04: one measure as asked, one on conditions, one refused; two packages, of which one arrives damaged."""

from __future__ import annotations

from datetime import UTC, datetime

from deploy.stories import exhibits, requests
from deploy.stories.desk import APPROVER
from deploy.stories.flow import OWN_VIEW, SAME_CONDUCT, arrived, cleared, delivered
from deploy.stories.packing import Exhibit
from deploy.stories.papers import DAY, day
from deploy.stories.profiles import only
from deploy.stories.stage import Stage
from deploy.stories.story import Story
from shared.protocol.canonical import Json

READERS = ("QS-receiver",)
NOT_AT_HOME = (
    "The law of QT knows no order to watch an account while it is used; in a like case of its own no court "
    "could allow it."
)


def play(stage: Stage) -> None:
    """Three measures, three answers."""
    now = stage.world.clock()
    stage.scene("QS", "QS asks for transactions, an image of a computer, and a live account.")
    request = delivered(stage, "QS", "QT", requests.fraud(now))
    stage.after(3 * DAY, "QT", "QT takes it up and looks at each measure.")
    stage["QT"].takes_up(request, "QT-2030-402")
    _conditions(stage, request)
    _decisions(stage, request)
    _bank(stage, request, now)
    _image(stage, request, now)


def _conditions(stage: Stage, request: str) -> None:
    qs, qt = stage["QS"], stage["QT"]
    terms: list[Json] = [
        {
            "code": "COND-05",
            "text": "Delete the image when judgment is final, at the latest by that day.",
            "parameters": {"by": day(stage.world.clock() + 900 * DAY)},
            "measures": ["M02"],
        },
        {"code": "COND-07", "text": "What is of counsel is left out.", "measures": ["M02"]},
    ]
    qt.finds(APPROVER, request, "G04", "RD-CA", OWN_VIEW)
    qt.finds(APPROVER, request, "G05", "RD-CA", SAME_CONDUCT)
    qt.consults(
        request,
        "Granted on these conditions; the third measure QT cannot take.",
        terms=terms,
        measures=["M01", "M02"],
    )
    qt.consults(request, "Would the transactions of the past do?", measures=["M03"])
    stage.crosses("QT", "QS", "COND-01, 04, 05, 07 proposed")
    stage.stands(request, QS="S09", QT="S09")
    stage.refused(
        "before QS has signed them nothing can be accepted",
        "wrong_state",
        lambda: qt.decides(request, "accept", measures=["M01", "M02"]),
    )
    stage.after(
        4 * DAY, "QS", "The central authority of QS takes them on, word for word, by signature."
    )
    offers = qs.letters(request, "conditions")
    codes = [str(term["code"]) for term in qs.terms(offers[0])]
    stage.hold(
        "to what QT asked, the profile of the two added that it is for this case alone",
        found=sorted(codes),
        wanted=["COND-01", "COND-04", "COND-05", "COND-07"],
    )
    qs.settles(request, "accepted", "Agreed.", offer=0)
    qs.settles(request, "declined", "No: the account is still used.", offer=1)
    stage.crosses("QS", "QT", "conditions accepted, signed")


def _decisions(stage: Stage, request: str) -> None:
    qt = stage["QT"]
    qt.decides(request, "accept", measures=["M01", "M02"])
    qt.decides(request, "refuse", measures=["M03"], codes=["REF-08"], reasons=NOT_AT_HOME)
    stage.crosses("QT", "QS", "M01, M02 accepted; M03 refused: REF-08")
    stage.measures(request, QS=("S10", "S10", "S12"), QT=("S10", "S10", "S12"))
    stage.stands(request, QS="S11", QT="S11")
    qt.executes(request, "7 Rs 12/30", measures=["M01", "M02"])
    stage.crosses("QT", "QS", "executing")


def _bank(stage: Stage, request: str, now: datetime) -> None:
    qs = stage["QS"]
    stage.after(20 * DAY, "QT", "The bank has answered: package 1.")
    table = Exhibit(
        name="ledger.sqlite", content=exhibits.ledger(), measure="M01", category="DC-FIN",
        covers=(now - 190 * DAY, now - 20 * DAY),
    )  # fmt: skip
    package = cleared(stage, request, [table], asked="QT")
    arrived(stage, package, asker="QS", asked="QT")
    bag = qs.fetches(package, stage.world.folder / "package-1")
    info = (bag / "bag-info.txt").read_text(encoding="utf-8")
    stage.hold("the conditions travel in the bag", found="COND-01" in info)


def _image(stage: Stage, request: str, now: datetime) -> None:
    qt = stage["QT"]
    stage.after(30 * DAY, "QT", "The image is ready, in two parts: package 2.")
    first = _packed(stage, request, now)
    stage.say("On its way out a disk in QT loses octets of one part.")
    stage.world.nodes["QS"].stop("exchange")
    qt.releases(first)
    stage.world.nodes["QT"].damage(first)
    stage.world.nodes["QS"].start("exchange")
    stage.crosses("QT", "QS", "package 2, damaged")
    stage.lies(first, QS="DISPUTED", QT="DISPUTED")
    stage.after(DAY, "QT", "QT packs both parts again, and sends them.")
    second = _packed(stage, request, now)
    arrived(stage, second, asker="QS", asked="QT")
    stage.custody(second, "QT")
    stage.hold(
        "both countries hold both packages",
        found={
            name: set(stage[name].packages_of(request)) >= {first, second} for name in ("QS", "QT")
        },
        wanted={"QS": True, "QT": True},
    )
    qt.does(APPROVER, request, "fulfil")
    stage.crosses("QT", "QS", "decision: fulfilled")
    stage.measures(request, QS=("S16", "S16", "S12"), QT=("S16", "S16", "S12"))


def _packed(stage: Stage, request: str, now: datetime) -> str:
    qt = stage["QT"]
    parts = [
        Exhibit(
            name=name, content=content, measure="M02", category="DC-IMG", about="PF-2X91-77",
            covers=(now - 190 * DAY, now - 20 * DAY), readers=READERS, third_party=True,
            treated="Pictures of the children were taken out of the image's index.",
        )
        for name, content in exhibits.image_parts().items()
    ]  # fmt: skip
    package = qt.collects(request, parts).package_id
    stage.world.settle()
    qt.prepares(package)
    qt.filters(package)
    qt.clears(package)
    return package


STORY = Story(
    number=4,
    title="Partly executed, on conditions, in two packages",
    text="QS asks QT for three things about an investment fraud, and gets two of them.",
    zones={"QS": "Europe/Paris", "QT": "Europe/Zurich"},
    begins=datetime(2030, 2, 11, 9, 0, tzinfo=UTC),
    play=play,
    changes={("QS", "QT"): only("EIO")},
)
