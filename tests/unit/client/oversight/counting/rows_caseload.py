"""O01 to O07, O09, O11, O13 to O16, row by row."""

from tests.unit.client.oversight.counting.metric_rows import (
    DUAL,
    EMERGENCY,
    OURS,
    QUIET,
    SYSTEM,
    THEIRS,
    TRAFFIC,
    Row,
)
from tests.unit.client.oversight.counting.stories import granted, made, received, refused
from tests.year_log import Story, package_id

CASELOAD: list[Row] = [
    ("open", "O01", [made()], [(OURS, "new", "1"), (OURS, "open at the end", "1")]),
    (
        "granted",
        "O01",
        [granted(received())],
        [(THEIRS, "new", "1"), (THEIRS, "granted or finalised", "1")],
    ),
    ("refused", "O01", [refused(made())], [(OURS, "new", "1"), (OURS, "refused", "1")]),
    (
        "withdrawn",
        "O01",
        [made().on("04-01", "request.withdrawn", "WD-08")],
        [(OURS, "new", "1"), (OURS, "withdrawn", "1")],
    ),
    (
        "lapsed",
        "O01",
        [made().on("04-01", "request.lapsed")],
        [(OURS, "new", "1"), (OURS, "otherwise finalised", "1")],
    ),
    (
        "from the year before",
        "O01",
        [made(year=2025).on("2026-04-01", "request.withdrawn", "WD-08")],
        [(OURS, "open at the start", "1"), (OURS, "withdrawn", "1")],
    ),
    ("over before the year", "O01", [made(year=2025).on("2025-04-01", "request.lapsed")], []),
    (
        "reopened",
        "O01",
        [refused(received()).on("04-01", "request.reopened")],
        [
            (THEIRS, "new", "1"),
            (THEIRS, "refused", "1"),
            (THEIRS, "reopened", "1"),
            (THEIRS, "open at the end", "1"),
        ],
    ),
    ("a draft", "O01", [Story(number=1).on("02-01", "request.drafted")], []),
    ("no side", "O01", [Story(number=1).on("02-01", "clock.warned", "decide")], []),
    ("partner", "O02-partner", [made(peer="QP")], [("QP", OURS, "1"), ("all", OURS, "1")]),
    ("offence", "O02-offence", [received()], [(SYSTEM, THEIRS, "1")]),
    ("order", "O03-data", [made()], [(TRAFFIC, QUIET, "1")]),
    ("order for no data", "O03-data", [made(1, "MEA-01")], [("none", QUIET, "1")]),
    (
        "emergency order",
        "O03-addressee",
        [made(1, "URG-EMERGENCY", "MEA-03")],
        [("QN", EMERGENCY, "1"), ("all", EMERGENCY, "1")],
    ),
    ("order of another", "O03-data", [received()], []),
    (
        "not validated before",
        "O04",
        [made().on("02-03T09:30", "request.approved", "unvalidated")],
        [("QN", "requests", "1"), ("all", "requests", "1")],
    ),
    ("fulfilled", "O05-data", [granted(made())], [(TRAFFIC, "fulfilled, not an emergency", "1")]),
    (
        "not fulfilled",
        "O05-addressee",
        [refused(made())],
        [
            ("QN", "not fulfilled, not an emergency", "1"),
            ("all", "not fulfilled, not an emergency", "1"),
        ],
    ),
    (
        "fulfilled for others",
        "O05-received",
        [granted(received(1, "URG-EMERGENCY", "MEA-06"))],
        [("QN", "fulfilled, emergency", "1"), ("all", "fulfilled, emergency", "1")],
    ),
    (
        "notified, ground raised",
        "O06-notified",
        [refused(received(1, "KIND-EER_NOTIFICATION", "MEA-06"))],
        [
            ("QN", f"{THEIRS}, notified", "1"),
            ("QN", f"{THEIRS}, ground raised", "1"),
            ("all", f"{THEIRS}, notified", "1"),
            ("all", f"{THEIRS}, ground raised", "1"),
        ],
    ),
    (
        "grounds",
        "O06-grounds",
        [refused(received(), "REF-05", "REF-02")],
        [
            ("REF-02 political offence, or one connected with it", THEIRS, "1"),
            (DUAL, THEIRS, "1"),
            ("all", THEIRS, "2"),
        ],
    ),
    (
        "data that we got",
        "O07",
        [made().on("02-13T10:01", "package.received", package=package_id(1))],
        [("routine", OURS, "10.0 d (median 10.0 d, of 1)")],
    ),
    (
        "data that we gave",
        "O07",
        [granted(received())],
        [("routine", THEIRS, "44.6 d (median 44.6 d, of 1)")],
    ),
    (
        "enforced",
        "O09",
        [granted(received(1, "KIND-EER_ENFORCEMENT", "MEA-06"))],
        [
            ("QN", THEIRS, "1"),
            ("QN", f"{THEIRS}, fulfilled", "1"),
            ("all", THEIRS, "1"),
            ("all", f"{THEIRS}, fulfilled", "1"),
        ],
    ),
    (
        "validation ran out",
        "O11",
        [
            made()
            .on("02-05", "request.validation_expired")
            .on("02-05", "request.withdrawn", "WD-04")
        ],
        [("QN", OURS, "1"), ("all", OURS, "1")],
    ),
    (
        "validation refused",
        "O11",
        [made().on("02-05", "request.withdrawn", "WD-04")],
        [("QN", OURS, "1"), ("all", OURS, "1")],
    ),
    (
        "pending",
        "O13-received",
        [received(), received(2, day="05-01")],
        [
            ("S05 delivered", "31 to 90 days", "1"),
            ("S05 delivered", "0 to 30 days", "1"),
            ("all", "31 to 90 days", "1"),
            ("all", "0 to 30 days", "1"),
        ],
    ),
    (
        "pending from before",
        "O13-made",
        [Story(number=1).on("02-01", "request.sent")],
        [
            ("S04 transmitted", "began before these logs", "1"),
            ("all", "began before these logs", "1"),
        ],
    ),
    (
        "balance",
        "O14",
        [made(1, "MEA-09", "MEA-06"), received(2, "MEA-07")],
        [
            ("QN", f"{OURS}, live", "1"),
            ("QN", f"{OURS}, stored and other", "1"),
            ("QN", f"{THEIRS}, stored and other", "1"),
            ("all", f"{OURS}, live", "1"),
            ("all", f"{OURS}, stored and other", "1"),
            ("all", f"{THEIRS}, stored and other", "1"),
        ],
    ),
    (
        "investigation orders",
        "O15",
        [made(1, "KIND-EIO"), received(2, "INS-EIO", year=2025)],
        [
            (OURS, "new", "1"),
            (OURS, "in all", "1"),
            (THEIRS, "ongoing from before", "1"),
            (THEIRS, "in all", "1"),
        ],
    ),
    (
        "order over before",
        "O15",
        [made(1, "KIND-EIO", year=2025).on("2025-06-01", "request.lapsed")],
        [],
    ),
    (
        "emergency",
        "O16-volume",
        [refused(made(1, "URG-EMERGENCY", "MEA-06")), received(2, "KIND-EMERGENCY_MLA")],
        [
            ("QN", OURS, "1"),
            ("QN", THEIRS, "1"),
            ("QN", "refused", "1"),
            ("QN", "still open", "1"),
            ("all", OURS, "1"),
            ("all", THEIRS, "1"),
            ("all", "refused", "1"),
            ("all", "still open", "1"),
        ],
    ),
    (
        "refused emergency",
        "O16-grounds",
        [refused(made(1, "URG-EMERGENCY", "MEA-06"))],
        [(DUAL, OURS, "1"), ("all", OURS, "1")],
    ),
]
