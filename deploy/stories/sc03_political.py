"""SC-03: asked for the mailbox of an editor, QR refuses: a political offence, and freedom of the press."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from deploy.stories import requests
from deploy.stories.desk import APPROVER, COURT
from deploy.stories.flow import OWN_VIEW, SAME_CONDUCT, delivered
from deploy.stories.papers import DAY
from deploy.stories.profiles import only
from deploy.stories.stage import Stage
from deploy.stories.story import Story, Variant

FAMILIES = {
    'speciality = ["COND-01", "COND-04"]': 'speciality = ["COND-01", "COND-04"]\n'
    'political_families = ["extremism", "insult of the State", "assembly"]'
}
EVASIVE = "The facts are well known. The person acts against the State, and more need not be said."
POLITICAL = (
    "An editor is to be prosecuted for what she published about officials. No violence, no call for it; the "
    "offence is named by a word that fits any opinion."
)


def play(stage: Stage) -> None:
    """The request, the question, the evasive answer, the consultation, the refusal."""
    request = _reviewed(stage, requests.editor(stage.world.clock()))
    _refused(stage, request, ["REF-02", "REF-03", "REF-12"])


def as_order(stage: Stage) -> None:
    """Under the Directive the political offence is no ground; fundamental rights are."""
    now = stage.world.clock()
    order = requests.editor(now, instrument=("EIO", "1"), kind="EIO")
    request = _reviewed(stage, order)
    stage.refused(
        "the political offence cannot be chosen under the Directive (EIO 11(1))",
        "ground_not_available",
        lambda: stage["QR"].decides(request, "refuse", codes=["REF-02"], reasons=POLITICAL),
    )
    _refused(stage, request, ["REF-12", "REF-14"])


def again(stage: Stage) -> None:
    """Three weeks later the same mailbox is asked for, as tax fraud."""
    play(stage)
    stage.after(21 * DAY, "QP", "The same mailbox is asked for again, now as tax fraud.")
    delivered(stage, "QP", "QR", requests.editor(stage.world.clock(), crime="Tax fraud"))
    stage.suspects(
        "QR", "M11", "the overseers of QR are shown that it is the refused request again"
    )


def _reviewed(stage: Stage, document: requests.Paper) -> str:
    """Have it asked, looked at, and evaded."""
    qp, qr = stage["QP"], stage["QR"]
    stage.scene("QP", "QP asks for the mailbox of an editor of the opposition, for extremism.")
    request = delivered(stage, "QP", "QR", document)
    stage.after(2 * DAY, "QR", "The central authority takes it up.")
    qr.takes_up(request, "QR-2030-118")
    qr.finds(APPROVER, request, "G04", "RD-CA", OWN_VIEW)
    qr.finds(APPROVER, request, "G05", "RD-CA", SAME_CONDUCT)
    stage.refused(
        "nobody accepts it alone: an editor, and a family of offences that two must look at (G06)",
        "finding_missing",
        lambda: qr.decides(request, "accept"),
    )
    stage.say("QR asks for facts.")
    qr.asks(
        request,
        ["E01", "E02"],
        "Which act is alleged, when and where? What do the mails have to do with it?",
        due=stage.world.clock() + 20 * DAY,
    )
    stage.crosses("QR", "QP", "query: E01, E02")
    stage.stands(request, QP="S08", QR="S08")
    stage.after(12 * DAY, "QP", "The answer is scattered and evasive.")
    qp.answers(request, EVASIVE)
    stage.crosses("QP", "QR", "answer")
    return request


def _refused(stage: Stage, request: str, codes: list[str]) -> None:
    qp, qr = stage["QP"], stage["QR"]
    stage.after(timedelta(days=1), "QR", "Two reviewers look at it: the authority and a judge.")
    qr.finds(APPROVER, request, "G06", "RD-CA", POLITICAL, "fail")
    qr.finds(COURT, request, "G06", "RD-JUD", POLITICAL, "fail")
    stage.refused(
        "now it cannot be accepted at all",
        "political_or_persecution",
        lambda: qr.decides(request, "accept"),
    )
    stage.refused(
        "and not be refused either, before both have consulted (T13)",
        "not_consulted",
        lambda: qr.decides(request, "refuse", codes=[*codes], reasons=POLITICAL),
    )
    qr.consults(request, "Can QP name an act of violence? Without one, QR will have to refuse.")
    stage.crosses("QR", "QP", "consultation")
    stage.stands(request, QP="S09", QR="S09")
    stage.after(5 * DAY, "QP", "QP has nothing to add.")
    qp.settles(request, "declined", "What was said stands.")
    stage.crosses("QP", "QR", "declined")
    qr.decides(request, "refuse", codes=[*codes], reasons=POLITICAL)
    stage.crosses("QR", "QP", f"refused: {', '.join(codes)}")
    stage.stands(request, QP="S12", QR="S12")
    decision = qp.letters(request, "decision")[-1]
    stage.hold("QP reads the grounds", found=decision["codes"], wanted=codes)
    stage.hold("and the reasons in words", found=decision["reasons"], wanted=POLITICAL)
    stage.hold("nothing was released", found=qr.packages_of(request), wanted=[])
    for country in ("QP", "QR"):
        stage.counts(country, request, {("request.refused", code): 1 for code in codes})


STORY = Story(
    number=3,
    title="Refused: a political offence",
    text="QP asks for the mailbox of an opposition editor under the name of extremism.",
    zones={"QP": "Europe/Paris", "QR": "Europe/Zurich"},
    begins=datetime(2030, 9, 2, 8, 0, tzinfo=UTC),
    play=play,
    changes={("QP", "QR"): {**only("REC"), **FAMILIES}},
    variants={
        "a": Variant(title="The same mailbox, three weeks later, as tax fraud", play=again),
        "b": Variant(
            title="The same under the EIO Directive: REF-02 cannot be chosen",
            play=as_order,
            changes={("QP", "QR"): {**only("EIO"), **FAMILIES}},
        ),
    },
)
