"""SC-10: an officer opens evidence for a dispute of his own, and tries to hand it on; oversight sees it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

from client.sdk import packages, uses
from client.sdk.approving import Grant
from deploy.stories import later_requests as requests
from deploy.stories.desk import APPROVER, RECEIVER, refusal
from deploy.stories.flow import OWN_VIEW, SAME_CONDUCT, arrived, cleared, delivered
from deploy.stories.packing import Exhibit
from deploy.stories.papers import DAY
from deploy.stories.profiles import only
from deploy.stories.stage import Stage
from deploy.stories.story import Story, Variant
from shared.protocol.canonical import Json

MAIL = "v.stern@mail.example"
OTHER_CASE = "QN-2030-0091"  # a dispute between neighbours, one of whom is the officer's brother
TRIES = 41
REPORT = (
    "Nothing was opened for another case and nothing left QN: both were tried by one officer, who is "
    "suspended, and both were blocked. The files are kept by the prosecutor alone."
)


def play(stage: Stage) -> None:
    """Read for case 77; tried for case 91, and for a third country."""
    request, package = _received(stage)
    _tried(stage, package)
    _seen(stage, request)
    _accounted(stage, request)


def removed(stage: Stage) -> None:
    """An administrator takes the rows away."""
    _, package = _received(stage)
    _tried(stage, package)
    kept = stage.overseers.leaves("QN")
    rows = [index for index, leaf in enumerate(kept) if leaf.reason in {"G17", "G18"}]
    stage.scene("QN", "An administrator of QN removes the rows that tell of it from the database.")
    node = stage.world.nodes["QN"]
    stage.hold(
        "the database refuses: it only grows",
        found=node.removes(rows[:2]),
        wanted="log_entry is append only",
    )
    stage.say("So the administrator takes the guard away first.")
    node.unguards()
    stage.hold("and they are gone", found=node.removes(rows), wanted="")
    missing, found = stage.overseers.compared("QN")
    stage.hold("the overseers' own copy names them, number by number", found=missing, wanted=rows)
    stage.hold("and what the node shows now does not make up what it signed", found=bool(found))
    stage.fact(f"missing: {', '.join(map(str, rows[:6]))}, … ({len(rows)} rows)")
    stage.fact(found)
    stage.spoilt = True


def _received(stage: Stage) -> tuple[str, str]:
    qn, qs = stage["QN"], stage["QS"]
    now = stage.world.clock()
    stage.scene("QN", "QN asks QS in case 77, and gets what it asked for, for that case alone.")
    request = delivered(stage, "QN", "QS", requests.officers_case(now))
    qs.takes_up(request, "QS-2030-5")
    qs.finds(APPROVER, request, "G04", "RD-CA", OWN_VIEW)
    qs.finds(APPROVER, request, "G05", "RD-CA", SAME_CONDUCT)
    terms: list[Json] = [{"code": "COND-09", "text": "Report on use when asked (BUD 28(4))."}]
    qs.consults(request, "Granted on these conditions.", terms=terms)
    stage.crosses("QS", "QN", "COND-01, COND-04, COND-09 proposed")
    qn.settles(request, "accepted", "Agreed.")
    stage.crosses("QN", "QS", "accepted, signed")
    qs.decides(request, "accept")
    qs.executes(request)
    stage.crosses("QS", "QN", "decision: accepted, executing")
    files = [
        Exhibit(
            name=name, content=name.encode() * 40, measure="M01", category="DC-SUB",
            about=MAIL, covers=(now - 50 * DAY, now - DAY),
        )
        for name in ("holder.txt", "payments.csv")
    ]  # fmt: skip
    package = cleared(stage, request, files, asked="QS")
    arrived(stage, package, asker="QN", asked="QS")
    qs.does(APPROVER, request, "fulfil")
    stage.crosses("QS", "QN", "decision: fulfilled")
    qn.fetches(package, stage.world.folder / "bag")
    stage.hold("for case 77 it opens", found=qn.package(package).state in {"VERIFIED", "IN_USE"})
    return request, package


def _tried(stage: Stage, package: str) -> None:
    qn = stage["QN"]
    stage.after(
        40 * DAY, "QN", "An officer of case 77 opens it for case 91, a dispute of his brother."
    )
    found = qn.package(package)
    grant = Grant(qn.officer(RECEIVER), found, stage.world.clock, OTHER_CASE)
    answers = {
        refusal(lambda: packages.tags(qn.session(RECEIVER), package, grant)) for _ in range(TRIES)
    }
    stage.hold(
        f"{TRIES} times, and each time it stays shut (G18)", found=answers, wanted={"other_case"}
    )
    stage.scene("QN", "He tries to hand two files on to XA.")
    for item in qn.items(package):
        said: dict[str, Json] = {
            "recipient": "XA",
            "purpose": "Civil proceedings",
            "items": [item.item_id],
        }
        stage.refused(
            f"{item.original_name} does not leave without the consent of QS (G17)",
            "no_consent",
            partial(uses.export, qn.session(APPROVER), package, said),
        )
    stage.teller.blocked("QN", "QS", "XA gets nothing")


def _seen(stage: Stage, request: str) -> None:
    stage.scene("QN", "The overseers run the report of the year.")
    stage.counts("QN", request, {("gate.failed", "G18"): TRIES, ("gate.failed", "G17"): 2})
    stage.suspects("QN", "M10", "evidence opened under another case number")
    counted = stage.overseers.statistics("QN")
    errors = {name: n for name, n in counted.items() if name.startswith(("O17/", "O19/"))}
    stage.hold(
        "near misses are counted, one by one (O17, O19)",
        found=errors,
        wanted={
            "O17/stopped by gate G17/recordable": 2,
            "O17/stopped by gate G18/recordable": TRIES,
            "O19/G17 failed/packages": 2,
        },
    )


def _accounted(stage: Stage, request: str) -> None:
    qn, qs = stage["QN"], stage["QS"]
    stage.after(DAY, "QS", "QS asks what became of its evidence, and notes the breach.")
    uses.ask_report(qs.session(APPROVER), request, "What was the evidence of case 77 used for?")
    uses.breach(
        qs.session(APPROVER),
        request,
        "An officer tried to use it for another case, and to hand it on.",
        ("COND-01", "COND-04"),
    )
    stage.crosses("QS", "QN", "report asked; COND-01, COND-04 breached")
    uses.report(qn.session(APPROVER), request, REPORT, ("COND-01", "COND-04"))
    stage.crosses("QN", "QS", "report on use")
    for country in ("QN", "QS"):
        stage.counts(
            country,
            request,
            {
                ("condition.breached", "COND-01"): 1,
                ("condition.breached", "COND-04"): 1,
                ("condition.report_asked", "COND-09"): 1,
                ("condition.reported", "COND-09"): 1,
            },
        )
    stage.teller.missing(
        "the notice to the persons concerned (no act for it yet), and the new weighting note"
    )


STORY = Story(
    number=10,
    title="Misuse, caught by oversight",
    text="An officer of QN wants evidence of QS for a private dispute.",
    zones={"QN": "Europe/Berlin", "QS": "Europe/Paris"},
    begins=datetime(2030, 9, 9, 7, 0, tzinfo=UTC),
    play=play,
    changes={("QN", "QS"): only("BUD")},
    variants={"a": Variant(title="An administrator removes the rows", play=removed)},
)
