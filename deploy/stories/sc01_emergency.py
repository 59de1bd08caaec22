"""SC-01: three in the morning, a child is threatened, and no judge can be reached."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import sleep

from deploy.stories import requests
from deploy.stories.desk import APPROVER
from deploy.stories.flow import OWN_VIEW, SAME_CONDUCT, arrived, cleared
from deploy.stories.packing import Exhibit
from deploy.stories.papers import DAY
from deploy.stories.profiles import only
from deploy.stories.stage import Stage
from deploy.stories.story import Story, Variant
from services.gateway.standing import AGE

NIGHT = datetime(2030, 3, 8, 18, 12, tzinfo=UTC)  # Sat 03:12 in QM, Fri 19:12 in QN
NO_JUDGE = "The judge on duty was called at 02:58, 03:03 and 03:09, and could not be reached."
CONFIRMED = (
    "The duty desk of QM, called at the number of the directory, knows the case and confirms it."
)
ACCOUNT = requests.ACCOUNT[1]


def play(stage: Stage) -> None:
    """What needs no judge leaves within the hour; the rest waits for one."""
    request = _asked(stage)
    _called_back(stage, request)
    _answered(stage, request)
    stage.at(NIGHT + timedelta(hours=31), "QM", "A judge has looked at it, and validates it.")
    stage["QM"].validates(request, granted=True, text="The danger was real; all three were needed.")
    stage.crosses("QM", "QN", "notice: validated")
    stage.hold(
        "in both countries the emergency is in due form",
        found={name: stage[name].urgency(request) for name in ("QM", "QN")},
        wanted={"QM": "FORMALISED", "QN": "FORMALISED"},
    )
    stage.clock(request, "QM", "validate", state="MET")
    _content(stage, request)
    for country in ("QM", "QN"):
        stage.counts(
            country, request, {("emergency.formalised", ""): 1, ("request.validated", ""): 1}
        )
    stage.counts("QM", request, {("request.approved", "unvalidated"): 1})
    stage.counts("QN", request, {("emergency.callback_ok", ""): 1})


def not_validated(stage: Stage) -> None:
    """The judge refuses at hour 47: everything is deleted."""
    request = _asked(stage)
    _called_back(stage, request)
    package = _answered(stage, request)
    stage.at(NIGHT + timedelta(hours=47), "QM", "The judge refuses: it was no emergency.")
    qm = stage["QM"]
    qm.validates(
        request, granted=False, text="The messages were two weeks old when they were reported."
    )
    qm.decides(
        request,
        "withdraw",
        codes=["WD-04"],
        reasons="The judge did not validate the request; what was sent is deleted at once.",
        data="delete",
    )
    stage.crosses("QM", "QN", "withdrawal: WD-04, data deleted")
    stage.stands(request, QM="S18", QN="S18")
    stage.after(DAY, "QM", "QM has destroyed what it had; QN countersigns the certificate.")
    stage.lies(package, QM="DESTROYED", QN="DESTROYED")
    counted = stage.overseers.statistics("QM")
    stage.hold(
        "O11 and O23 count one each",
        found={name: n for name, n in counted.items() if name.startswith(("O11/", "O23/"))},
        wanted={
            "O11/QN/made by us": 1,
            "O23/QN/ordered": 1,
            "O23/QN/done": 1,
            "O23/QN/package destroyed": 1,
        },
    )


def without_log(stage: Stage) -> None:
    """The log of QN is away for a quarter of an hour in the middle of it."""
    request = _asked(stage)
    _called_back(stage, request)
    stage.at(NIGHT + timedelta(minutes=28), "QN", "19:40: the audit service of QN goes down.")
    node = stage.world.nodes["QN"]
    node.stop("audit")
    sleep(AGE)  # the gateway looks at the log once a second at most
    stage.refused(
        "what cannot be recorded is not done",
        "audit_unavailable",
        lambda: stage["QN"].takes_up(request, "QN-2030-1"),
    )
    stage.scene("QN", "It is back; what was to be recorded meanwhile is replayed.")
    node.start("audit")
    stage.world.settle()
    _answered(stage, request)
    stage.say("No number is missing in either log.")


def _asked(stage: Stage) -> str:
    qm = stage["QM"]
    stage.scene("QM", "A girl of 14 is being threatened, live, on a chat service of QN.")
    request = qm.drafts(requests.emergency(stage.world.clock())).request_id
    stage.say("No judge can be reached. The officer and the duty desk sign; 48 hours begin to run.")
    qm.approves_unvalidated(request, NO_JUDGE)
    qm.sends(request)
    stage.crosses("QM", "QN", "request: EMERGENCY, not validated")
    stage.stands(request, QM="S05", QN="S05")
    stage.clock(request, "QM", "validate", state="RUNNING")
    return request


def _called_back(stage: Stage, request: str) -> None:
    qn = stage["QN"]
    stage.at(NIGHT + timedelta(minutes=19), "QN", "19:31: the duty officer calls back.")
    stage.refused(
        "not the number in the message",
        "other_number",
        lambda: qn.calls_back(
            request, confirmed=True, text=CONFIRMED, number=str(requests.DUTY_CONTACT["telephone"])
        ),
    )
    qn.calls_back(request, confirmed=True, text=CONFIRMED)
    stage.hold(
        "called at the number of the directory",
        found=qn.urgency(request),
        wanted="CALLBACK_CONFIRMED",
    )


def _answered(stage: Stage, request: str) -> str:
    qn = stage["QN"]
    qn.takes_up(request, "QN-2030-1")
    qn.finds(APPROVER, request, "G04", "RD-CA", OWN_VIEW)
    qn.finds(APPROVER, request, "G05", "RD-CA", SAME_CONDUCT)
    stage.refused(
        "what was written must wait for the judge (G20)",
        "not_validated",
        lambda: qn.decides(request, "accept", measures=["M03"]),
    )
    qn.decides(request, "accept", measures=["M01", "M02"])
    qn.executes(request, measures=["M01", "M02"])
    stage.at(
        NIGHT + timedelta(minutes=53), "QN", "20:05: holder and address leave, and nothing else."
    )
    tonight = (NIGHT - timedelta(hours=20), NIGHT - timedelta(minutes=10))
    files = [
        Exhibit(
            name=name, content=content, measure=measure, category=category,
            about=ACCOUNT, covers=tonight,
        )
        for name, content, measure, category in (
            ("holder.txt", b"Registered to: V. Arn\n", "M01", "DC-SUB"),
            ("addresses.csv", b"at,address,port\n", "M02", "DC-IDN"),
        )
    ]  # fmt: skip
    package = cleared(stage, request, files, asked="QN")
    arrived(stage, package, asker="QM", asked="QN")
    stage.measures(request, QM=("S15", "S15", "S07"), QN=("S15", "S15", "S07"))
    stage.hold(
        "an hour after the call the data are there",
        found=stage.world.clock() < NIGHT + timedelta(hours=1),
    )
    return package


def _content(stage: Stage, request: str) -> None:
    qn = stage["QN"]
    stage.scene("QN", "Now what was written may go as well, by an order of QN's own court.")
    qn.decides(request, "accept", measures=["M03"])
    qn.executes(request, "1 Gs 2/30", measures=["M03"])
    chat = Exhibit(
        name="chat.txt", content=b"I know where you live\n", measure="M03", category="DC-CNT",
        about=ACCOUNT, covers=(NIGHT - timedelta(hours=20), NIGHT - timedelta(minutes=10)),
    )  # fmt: skip
    package = cleared(stage, request, [chat], asked="QN")
    arrived(stage, package, asker="QM", asked="QN")
    qn.does(APPROVER, request, "fulfil")
    stage.crosses("QN", "QM", "decision: fulfilled")
    stage.stands(request, QM="S16", QN="S16")


STORY = Story(
    number=1,
    title="An emergency at three in the morning",
    text="QM asks QN at night, without a judge; tier 1 leaves within the hour, content waits.",
    zones={"QM": "Asia/Tokyo", "QN": "Europe/Berlin"},
    begins=NIGHT,
    play=play,
    changes={("QM", "QN"): only("2AP")},
    variants={
        "a": Variant(title="Validation refused at hour 47", play=not_validated),
        "b": Variant(title="The audit service of QN is down at 19:40", play=without_log),
    },
)
