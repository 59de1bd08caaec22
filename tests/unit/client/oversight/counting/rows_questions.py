"""The questions, row by row: what happened beside a quiet case, and cells of a row of the answer."""

from tests.unit.client.oversight.counting.metric_rows import loose
from tests.unit.client.oversight.counting.stories import granted, made, received, refused
from tests.year_log import Story, Told, package_id

PACKAGE = package_id(1)
FOUND: list[tuple[str, Story | Told, tuple[str, ...]]] = [
    ("Q01", received().on("02-15", "request.acknowledged"), ("2026-02-15 00:00", "11")),
    ("Q01", received(), ("not yet",)),
    ("Q02", made(), ("S04 transmitted", "2026-02-03 10:00")),
    ("Q02", Story(number=1).on("02-03", "request.sent"), ("before these logs",)),
    ("Q03", refused(received(), *["REF-01"] * 5), ("5", "100 %", "over-used")),
    ("Q03", refused(received()), ("1", "100 %", "")),
    ("Q04", refused(received()), ("REF-05", "2026-03-01 00:00")),
    ("Q05", received().on("02-10", "request.info_requested", "FLD-D01"), ("D01", "QN", "1")),
    ("Q06", received().on("03-20", "transfer.intent/package", package=PACKAGE), ("-", "NO")),
    (
        "Q07",
        refused(received()).on("03-20", "package.category", "DC-TRF", count=1),
        ("DC-TRF traffic data", "1"),
    ),
    (
        "Q07",
        granted(received()).on("03-20", "package.category", "DC-CNT", count=3),
        ("DC-CNT content data", "3"),
    ),
    (
        "Q07",
        received().on("03-20", "gate.overridden", "G03"),
        ("released as incidental evidence (G03 overridden)",),
    ),
    (
        "Q08",
        received(1, "LVL-P", "MEA-06").on("03-20", "package.category", "DC-TRF"),
        ("DC-TRF", "LVL-P"),
    ),
    ("Q08", received(1, "MEA-06").on("03-20", "package.category", "DC-TRF"), ("DC-TRF", "-")),
    (
        "Q09",
        received().on("03-20", "transfer.intent/package", package=PACKAGE),
        (PACKAGE, "no record that the gates were open; no gateway named"),
    ),
    (
        "Q09",
        granted(received()).on("03-19", "gate.overridden", "G09"),
        ("no gateway named; G09 overridden",),
    ),
    ("Q10", received(1, "PEN-DEATH").on("03-01", "condition.accepted", "COND-03"), ("-", "0")),
    (
        "Q11",
        received().on("03-01", "package.filtered", count=2, package=PACKAGE),
        ("2", "0", "nobody"),
    ),
    (
        "Q11",
        received()
        .on("03-01", "package.category", "DC-PRV", count=1, package=PACKAGE)
        .on("03-02", "evidence.accessed", package=PACKAGE),
        ("1", "not opened"),
    ),
    ("Q12", made(1, "URG-EMERGENCY"), ("by the other country", "NO")),
    (
        "Q12",
        received()
        .on("02-04", "emergency.flagged")
        .on("02-04T01:00", "emergency.callback_ok")
        .on("02-07", "emergency.formalised"),
        ("yes", "after 72 h LATE"),
    ),
    (
        "Q12",
        received(1, "URG-EMERGENCY")
        .on("02-04", "emergency.callback_failed")
        .on("02-04", "emergency.revoked"),
        ("FAILED", "NO", "revoked"),
    ),
    ("Q12", received(1, "URG-EMERGENCY").on("02-04", "request.validated"), ("NO", "after 13 h")),
    ("Q13", made().on("02-05", "request.validation_expired"), ("no data had come",)),
    (
        "Q13",
        made().on("02-04", "package.received").on("02-05", "request.withdrawn", "WD-04"),
        ("NOT DELETED",),
    ),
    (
        "Q13",
        received()
        .on("02-05", "emergency.revoked")
        .on("02-06", "deletion.ordered")
        .on("02-07", "deletion.done"),
        ("2026-02-06 00:00", "2026-02-07 00:00"),
    ),
    ("Q14", made().on("03-01", "evidence.accessed", package=PACKAGE), ("not opened", PACKAGE, "1")),
    ("Q15", made().on("03-01", "gate.failed", "G18", package=PACKAGE), (PACKAGE, "blocked")),
    (
        "Q15",
        made().on("03-01", "gate.overridden", "G18", package=PACKAGE),
        ("ALLOWED by override",),
    ),
    (
        "Q16",
        made().on("03-01", "evidence.exported", package=PACKAGE, peer="XA"),
        ("exported", "XA", "none"),
    ),
    (
        "Q16",
        made()
        .on("03-01", "evidence.onward_consented", package=PACKAGE)
        .on("03-02", "evidence.exported", package=PACKAGE),
        ("exported",),
    ),
    ("Q16", made().on("03-01", "gate.failed", "G17", package=PACKAGE), ("blocked (G17)",)),
    ("Q16", made().on("03-01", "gate.overridden", "G17", package=PACKAGE), ("G17 OVERRIDDEN",)),
    (
        "Q17",
        made()
        .on("03-01", "clock.breached", "retention")
        .on("03-02", "package.restricted")
        .on("03-03", "package.restricted", "lifted"),
        ("READABLE", "0"),
    ),
    (
        "Q19",
        received().on("03-01", "challenge.lodged").on("03-02", "challenge.decided", "waived"),
        ("no", "open", "-"),
    ),
    (
        "Q17",
        made().on("03-01", "clock.breached", "review_retention").on("03-02", "evidence.accessed"),
        ("READABLE", "1"),
    ),
    (
        "Q17",
        made().on("03-01", "clock.breached", "retention").on("03-02", "package.restricted"),
        ("blocked", "0"),
    ),
    (
        "Q18",
        received().on("03-01", "notice.due").on("03-02", "notice.sent"),
        ("2026-03-02 00:00", "sent"),
    ),
    (
        "Q18",
        received().on("03-01", "notice.due").on("03-02", "notice.deferred", "POST-01"),
        ("deferred", "POST-01 it would prejudice an investigation or proceedings of our own"),
    ),
    (
        "Q18",
        received().on("03-01", "notice.due").on("04-02", "clock.breached", "notify"),
        ("OVERDUE",),
    ),
    ("Q18", received().on("03-01", "notice.due"), ("open",)),
    ("Q19", received().on("03-01", "challenge.lodged"), ("no", "open", "-")),
    (
        "Q19",
        received()
        .on("03-01", "challenge.lodged")
        .on("03-02", "challenge.suspended")
        .on("03-12", "challenge.decided", "upheld_part"),
        ("yes", "upheld part", "10"),
    ),
    (
        "Q20",
        received().on("03-20", "transfer.intent/package", package=PACKAGE),
        ("no record that the gates were open",),
    ),
    ("Q20", granted(received()).on("03-01", "gate.overridden", "G08"), ("G08 overridden",)),
    ("Q21", received(), ("QN", "0", "1", "")),
    (
        "Q22",
        made().on("06-01", "condition.breached", "COND-02").on("06-03", "condition.reported"),
        ("COND-02 to be kept confidential", "1"),
    ),
    ("O22", received().on("03-20", "gate.overridden", "G10"), ("G10", "not opened", "QN", "1")),
    ("Q25", loose("user.role_changed", reason="granted"), ("user.role_changed", "granted")),
    ("Q25", loose("log.key_changed"), ("log.key_changed", "-")),
    ("Q26", loose("audit.queried", outcome="find"), ("audit.queried", "find", "not opened", "1")),
    ("Q27", received().on("03-20", "gate.failed", "G03"), ("G03", "QN", "1")),
    ("Q28", loose("incident.opened", reason="serious/wrong_person"), ("-", "serious/wrong_person")),
    ("Q28", granted(received()).on("03-30", "package.disputed"), ("package.disputed", "10")),
]
