"""O08, O10, O12, O17 to O24, row by row."""

from tests.unit.client.oversight.counting.metric_rows import THEIRS, TRAFFIC, Row, loose
from tests.unit.client.oversight.counting.stories import granted, made, received
from tests.year_log import package_id

SAFEGUARDS: list[Row] = [
    (
        "from preservation to production",
        "O08",
        [received().on("03-01", "preservation.ordered").on("03-21", "preservation.linked")],
        [("QN", THEIRS, "20.0 d (median 20.0 d, of 1)")],
    ),
    ("remedy", "O10-data", [received().on("04-01", "challenge.lodged")], [(TRAFFIC, THEIRS, "1")]),
    (
        "remedy that was decided",
        "O10-result",
        [
            received()
            .on("04-01", "challenge.lodged")
            .on("05-01", "challenge.decided", "upheld_part")
        ],
        [("upheld part", THEIRS, "1"), ("all", THEIRS, "1")],
    ),
    (
        "remedy that was given up",
        "O10-result",
        [received().on("04-01", "challenge.lodged").on("05-01", "challenge.decided", "waived")],
        [],
    ),
    (
        "claims",
        "O12-claims",
        [
            received()
            .on("04-01", "costs.claimed", "CUR-EUR", count=700)
            .on("04-02", "costs.claimed", "CUR-EUR", count=50)
        ],
        [("EUR", "claimed", "2")],
    ),
    (
        "amounts",
        "O12-amounts",
        [
            received()
            .on("04-01", "costs.claimed", "CUR-EUR", count=700)
            .on("05-01", "costs.reimbursed", "CUR-EUR", count=650)
        ],
        [("EUR", "claimed", "700"), ("EUR", "reimbursed", "650")],
    ),
    (
        "near miss",
        "O17",
        [received().on("04-01", "gate.failed", "G03").on("04-01", "gate.failed", "G02")],
        [("stopped by gate G03", "recordable", "1"), ("all", "recordable", "1")],
    ),
    (
        "incidents",
        "O17",
        [
            received()
            .on("04-01", "incident.opened", "serious/wrong_person")
            .on("04-02", "incident.notified", "serious/wrong_person"),
            loose("incident.opened", reason="own_fork"),
            made(2).on("04-01", "package.disputed").on("04-02", "state.disagreement"),
        ],
        [
            ("incident: wrong person", "serious", "1"),
            ("incident: wrong person", "told", "1"),
            ("incident: own fork", "reportable", "1"),
            ("package: disputed", "recordable", "1"),
            ("state: disagreement", "recordable", "1"),
            ("all", "recordable", "2"),
            ("all", "reportable", "1"),
            ("all", "serious", "1"),
            ("all", "told", "1"),
        ],
    ),
    (
        "inspections",
        "O18",
        [loose("audit.queried", outcome="entries"), loose("audit.exported")],
        [
            ("entries", "readings", "1"),
            ("exported: links of a channel", "readings", "1"),
            ("all", "readings", "2"),
        ],
    ),
    (
        "no record of the gates",
        "O19",
        [received().on("03-20", "transfer.intent/package", package=package_id(1))],
        [("released without a record that the gates were open", "packages", "1")],
    ),
    ("with a record", "O19", [granted(received())], []),
    (
        "safeguards overridden",
        "O19",
        [
            received()
            .on("03-20", "gate.overridden", "G08")
            .on("03-20", "gate.overridden", "G09")
            .on("03-21", "gate.failed", "G17")
        ],
        [
            ("G08 overridden", "packages", "1"),
            ("G09 overridden", "packages", "1"),
            ("G17 failed", "packages", "1"),
        ],
    ),
    (
        "deadlines",
        "O20-clocks",
        [
            received()
            .on("02-05", "clock.met", "acknowledge")
            .on("03-01", "clock.warned", "decide")
            .on("03-05", "clock.extended", "decide")
            .on("04-05", "clock.breached", "decide")
        ],
        [
            ("BUD: acknowledge", "met", "1"),
            ("BUD: decide", "warned", "1"),
            ("BUD: decide", "extended", "1"),
            ("BUD: decide", "breached", "1"),
        ],
    ),
    (
        "postponement",
        "O20-postponed",
        [received().on("03-01", "request.postponed", "POST-01")],
        [
            (
                "POST-01 it would prejudice an investigation or proceedings of our own",
                "postponed",
                "1",
            ),
            ("all", "postponed", "1"),
        ],
    ),
    (
        "its length",
        "O20-length",
        [
            received()
            .on("03-01", "request.postponed", "POST-01")
            .on("03-31", "request.resumed")
            .on("04-02", "request.resumed")
        ],
        [("QN", "days", "30.0 d (median 30.0 d, of 1)")],
    ),
    (
        "conditions",
        "O21",
        [
            received()
            .on("03-01", "condition.proposed", "COND-01")
            .on("03-01", "condition.proposed", "consultation")
            .on("03-02", "condition.accepted", "COND-01")
            .on("06-01", "condition.breached", "COND-01")
        ],
        [
            ("COND-01 use only in the proceedings that were stated", "proposed", "1"),
            ("COND-01 use only in the proceedings that were stated", "accepted", "1"),
            ("COND-01 use only in the proceedings that were stated", "breached", "1"),
            ("all", "proposed", "1"),
            ("all", "accepted", "1"),
            ("all", "breached", "1"),
        ],
    ),
    (
        "reports on use",
        "O21-reports",
        [received().on("06-01", "condition.report_asked").on("06-20", "condition.reported")],
        [(THEIRS, "asked", "1"), (THEIRS, "given", "1")],
    ),
    (
        "overrides",
        "O22",
        [received().on("03-20", "gate.overridden", "G10")],
        [("G10", "overridden", "1"), ("all", "overridden", "1")],
    ),
    (
        "deletion",
        "O23",
        [
            made()
            .on("02-05", "deletion.ordered")
            .on("02-06", "deletion.done")
            .on("02-06", "package.destroyed", package=package_id(1))
            .on("02-06", "package.restricted", package=package_id(2))
            .on("02-07", "package.restricted", "lifted", package=package_id(2))
        ],
        [
            (country, column, "1")
            for country in ("QN", "all")
            for column in ("ordered", "done", "package destroyed", "package restricted")
        ],
    ),
    (
        "time to deletion",
        "O23-days",
        [made().on("02-05", "deletion.ordered").on("02-06", "deletion.done")],
        [("QN", "days", "1.0 d (median 1.0 d, of 1)")],
    ),
    (
        "time to deletion of each package",
        "O23-days",
        [
            made()
            .on("02-05", "deletion.ordered", package=package_id(1))
            .on("02-06", "deletion.ordered", package=package_id(2))
            .on("02-07", "deletion.done", package=package_id(2))
            .on("02-08", "deletion.done", package=package_id(1))
            .on("02-09", "deletion.done", package=package_id(1))
        ],
        [("QN", "days", "2.0 d (median 2.0 d, of 2)")],
    ),
    (
        "notices",
        "O24",
        [
            received()
            .on("05-01", "notice.due")
            .on("05-02", "notice.deferred")
            .on("06-01", "notice.sent")
            .on("06-02", "clock.breached", "notify")
            .on("06-02", "clock.breached", "decide")
        ],
        [
            (THEIRS, "due", "1"),
            (THEIRS, "deferred", "1"),
            (THEIRS, "sent", "1"),
            (THEIRS, "overdue", "1"),
        ],
    ),
]
