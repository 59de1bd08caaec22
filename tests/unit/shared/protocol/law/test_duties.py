"""Which clocks a request has: each deadline of the treaties, and what others put beside it."""

from datetime import date

import pytest

from shared.protocol.law import library
from shared.protocol.law.clockwords import vocabulary
from shared.protocol.law.duties import Duty, duties
from shared.protocol.law.instruments import packed, read_instrument
from shared.protocol.law.lifecycle import Act
from shared.protocol.law.pairreading import read_pair
from shared.protocol.law.pairs import Pair
from shared.protocol.law.policy import policy

PAIR = """
schema = 1
requesting = "QM"
requested = "QN"
revision = 2026-11-22
valid_from = 2026-01-01
time_zone = "Europe/Paris"
calendar = "FR"
languages = ["en"]
[[instrument]]
code = "BUD"
since = 2026-01-01
[[instrument]]
code = "UNTOC"
since = 2026-01-01
[death_penalty]
requesting_retains = false
assurance_required = false
[data_protection]
sender_bound_by = "LED"
adequacy = true
default_gateway = "ADEQUACY"
[oversight]
bodies = ["QN-OVR"]
sees_content = false
cross_check_with_peer = true
"""
EMERGENCY = """
[emergency]
unvalidated = ["MEA-03"]
validation = { length = 48, unit = "hour" }
call_back = true
"""
TCA = """
[[deadline]]
id = "D28-decision"
act = "decide"
starts = "delivered"
length = 45
unit = "day"
missed = "breach"
article = "640"
read = false
[[deadline]]
id = "D28-execution"
act = "execute"
starts = "decided"
length = 90
unit = "day"
missed = "breach"
article = "640"
read = false
"""
IMAC = "[challenge]\nappeal_days = 30"
LONGER = """
[[clock]]
act = "preserve"
starts = "ordered"
routine = { length = 90, unit = "day" }
extension = 90
extensions = 1
article = "18 USC 2703(f)"
"""


def pair(more: str = "") -> Pair:
    return read_pair((PAIR + more).encode())


def found(code: str, kind: str, urgency: str, between: Pair | None = None) -> dict[str, Duty]:
    instrument = packed(code)
    return {duty.id: duty for duty in duties(instrument, between, kind=kind, urgency=urgency)}


TOLD, ENFORCE, EFFECT = "EER_NOTIFICATION", "EER_ENFORCEMENT", "GIVING_EFFECT_TO_ORDER"
ISSUER, HERE, DELETE = "requesting", "requested", "withdraw and delete"
# deadline; instrument, kind, urgency; act, from, length, unit, calendar; if missed
TABLE = [
    ("D01", "EIO", "EIO", "ROUTINE", "acknowledge", "delivered", 7, "day", HERE, "breach"),
    ("D02", "EIO", "EIO", "ROUTINE", "decide", "delivered", 30, "day", HERE, "breach"),
    ("D03", "EIO", "EIO", "ROUTINE", "execute", "decided", 90, "day", HERE, "breach"),
    ("D04", "EIO", "EIO", "URGENT", "execute", "stated", None, None, HERE, "note"),
    ("D05", "EIO", "EIO", "ROUTINE", "decide", "delivered", 24, "hour", HERE, "note"),
    ("D06", "EIO", "EIO", "ROUTINE", "object", "notified", 96, "hour", HERE, "right lost"),
    ("D07", "EER", TOLD, "ROUTINE", "disclose", "delivered", 10, "day", ISSUER, "note"),
    ("D09", "EER", TOLD, "EMERGENCY", "disclose", "delivered", 8, "hour", ISSUER, "note"),
    ("D10", "EER", TOLD, "ROUTINE", "decide", "delivered", 10, "day", ISSUER, "right lost"),
    ("D10-emergency", "EER", TOLD, "EMERGENCY", "decide", "delivered", 96, "hour", ISSUER, "right lost"),
    ("D12", "EER", TOLD, "EMERGENCY", "validate", "issued", 48, "hour", ISSUER, DELETE),
    ("D13", "EER", TOLD, "ROUTINE", "answer", "asked", 5, "day", ISSUER, "note"),
    ("D14", "EER", TOLD, "ROUTINE", "preserve", "delivered", 60, "day", ISSUER, "lapse"),
    ("D16", "EER", ENFORCE, "ROUTINE", "decide", "delivered", 5, "working-day", ISSUER, "breach"),
    ("D17", "EER", ENFORCE, "ROUTINE", "answer", "asked", 5, "working-day", ISSUER, "note"),
    ("D18", "BUD", "PRESERVATION", "ROUTINE", "preserve", "ordered", 60, "day", HERE, "lapse"),
    ("D19", "UNCC", "PRESERVATION", "ROUTINE", "preserve", "ordered", 60, "day", HERE, "lapse"),
    ("D20", "BUD", "MLA", "URGENT", "execute", "delivered", None, None, HERE, None),
    ("D22", "2AP", EFFECT, "ROUTINE", "serve", "complete", 45, "day", HERE, "note"),
    ("D23", "2AP", EFFECT, "ROUTINE", "disclose", "served", 20, "day", HERE, "note"),
    ("D24", "2AP", EFFECT, "ROUTINE", "disclose", "served", 45, "day", HERE, "note"),
    ("D25", "2AP", "EMERGENCY_MLA", "EMERGENCY", "execute", "delivered", None, None, HERE, None),
    ("D26", "UNTOC", "MLA", "ROUTINE", "execute", "delivered", None, None, HERE, None),
    ("D27", "UNTOC", "MLA", "ROUTINE", "leave", "not_needed", 15, "day", HERE, "lapse"),
]  # fmt: skip


@pytest.mark.parametrize("row", TABLE, ids=[f"{row[0]}" for row in TABLE])
def test_a_deadline_of_the_treaties(row: tuple[str | int | None, ...]) -> None:
    name, code, kind, urgency, *expected = map(str, row)
    duty = found(code, kind, urgency)[name]
    got = (duty.act, duty.starts, duty.length, duty.unit, duty.calendar, duty.missed)
    assert list(map(str, got)) == expected
    assert duty.source.startswith(code)
    assert duty.law


def test_extensions_are_those_of_the_text() -> None:
    eio, eer = found("EIO", "EIO", "ROUTINE"), found("EER", "EER_NOTIFICATION", "ROUTINE")
    assert (eio["D02"].extension, eio["D02"].extensions) == (30, 1)
    assert "estimate" in (eio["D02"].extension_needs or "")
    assert eio["D03"].extension is None
    assert "consultation" in (eio["D03"].extension_needs or "")
    assert (eer["D14"].extension, eer["D14"].extensions) == (30, 1)


def test_the_directive_does_not_stop_a_decision_and_policy_does() -> None:
    assert found("EIO", "EIO", "ROUTINE")["D02"].pauses == ()
    assert found("EIO", "EIO", "ROUTINE")["D03"].pauses == ("S13",)
    assert found("BUD", "MLA", "ROUTINE")["P-decide"].pauses == ("S08", "S13")


def test_a_bilateral_treaty_brings_its_own_numbers() -> None:  # D28
    text = library.instrument_text("BILATERAL").decode().replace("[ground]", TCA + "[ground]")
    treaty = read_instrument(text.replace('"BILATERAL"', '"TCA"').encode())
    clocks = {each.id: each for each in duties(treaty, None, kind="MLA", urgency="ROUTINE")}
    assert (clocks["D28-decision"].length, clocks["D28-execution"].length) == (45, 90)


def test_two_countries_may_preserve_longer_than_the_least() -> None:  # D29
    duty = found("BUD", "PRESERVATION", "ROUTINE", pair(LONGER))["D18"]
    assert (duty.length, duty.extension, duty.extensions) == (90, 90, 1)
    assert duty.source == "18 USC 2703(f); BUD 29(7)"
    shorter = found(
        "BUD", "PRESERVATION", "ROUTINE", pair(LONGER.replace("length = 90", "length = 30"))
    )
    assert (shorter["D18"].length, shorter["D18"].source) == (60, "BUD 29(7)")
    assert "P-preserve" not in shorter


def test_a_time_to_appeal_is_the_law_of_the_requested_state() -> None:  # D30
    text = library.instrument_text("BILATERAL").decode().replace("[challenge]", IMAC)
    treaty = read_instrument(text.encode())
    clocks = {each.id: each for each in duties(treaty, None, kind="MLA", urgency="ROUTINE")}
    assert (clocks["P-appeal"].length, clocks["P-appeal"].missed) == (30, "right lost")
    assert clocks["P-appeal"].kind.lasts
    own = pair('[challenge]\nsuspends = "BY_LAW"\nappeal_days = 10\nwho = ["HOLDER"]\n')
    assert found("BUD", "MLA", "ROUTINE", own)["P-appeal"].length == 10
    assert "P-appeal" not in found("BUD", "MLA", "ROUTINE", pair())


def test_a_breach_of_data_is_notified_within_three_days() -> None:  # D32
    duty = found("BUD", "MLA", "ROUTINE")["P-notify-incident"]
    assert (duty.length, duty.unit, duty.source) == (72, "hour", "LED 30")


# act, and its lengths: routine, urgent, emergency
POLICY = [
    ("receipt", "5 minute", "5 minute", "5 minute"),
    ("acknowledge", "7 day", "2 day", "1 hour"),
    ("decide", "30 day", "10 day", "4 hour"),
    ("answer", "20 day", "20 day", "24 hour"),
    ("confirm evidence", "3 day", "3 day", "3 day"),
    ("formalise", None, None, "48 hour"),
    ("review weighting note", "365 day", "365 day", "365 day"),
    ("review postponement", "60 day", "60 day", "60 day"),
    ("review retention", "365 day", "365 day", "365 day"),
]


@pytest.mark.parametrize("row", POLICY, ids=[row[0] for row in POLICY])
def test_policy_where_treaties_are_silent(row: tuple[str, str | None, str | None, str]) -> None:
    act, *lengths = row
    for urgency, length in zip(("ROUTINE", "URGENT", "EMERGENCY"), lengths, strict=True):
        duty = found("BUD", "MLA", urgency).get(f"P-{act.replace(' ', '-')}")
        assert (duty and f"{duty.length} {duty.unit}") == length
        assert duty is None or not duty.law


def test_a_target_of_policy_beside_the_law_binds_nobody() -> None:
    clocks = found("EIO", "EIO", "EMERGENCY")
    assert (clocks["D02"].missed, clocks["P-decide"].missed) == ("breach", "note")
    assert found("BUD", "MLA", "EMERGENCY")["P-decide"].missed == "breach"


def test_what_two_countries_agreed_goes_before_policy() -> None:
    own = (
        '[[clock]]\nact = "decide"\nstarts = "delivered"\nroutine = { length = 21, unit = "day" }\n'
    )
    duty = found("BUD", "MLA", "ROUTINE", pair(own))["P-decide"]
    assert (duty.length, duty.source, duty.missed) == (21, "agreed between the two", "breach")
    assert duty.revision == "QM-QN of 2026-11-22"
    assert duty.pauses == ("S08", "S13")


def test_a_number_where_the_treaty_has_none() -> None:
    own = '[[clock]]\nact = "execute"\nstarts = "delivered"\nroutine = { length = 60, unit = "day" }\n'
    clocks = found("UNTOC", "MLA", "ROUTINE", pair(own))
    assert (clocks["D26"].length, clocks["D26"].law) == (60, False)
    assert clocks["D26"].source == "agreed; UNTOC 18(24)"
    assert "P-execute" not in clocks


def test_validation_after_the_fact_is_agreed_by_the_two() -> None:
    clocks = found("2AP", "EMERGENCY_DISCLOSURE", "EMERGENCY", pair(EMERGENCY))
    assert (clocks["P-validate"].length, clocks["P-validate"].missed) == (48, "withdraw and delete")
    assert "P-validate" not in found("2AP", "EMERGENCY_DISCLOSURE", "EMERGENCY", pair())
    assert "P-validate" not in found("2AP", "EMERGENCY_MLA", "ROUTINE", pair(EMERGENCY))
    assert "P-validate" not in found("EER", "EER_NOTIFICATION", "EMERGENCY", pair(EMERGENCY))


def test_without_an_instrument_policy_counts() -> None:
    clocks = duties(None, None, kind="MLA", urgency="ROUTINE")
    assert {each.source for each in clocks if each.act == "decide"} == {"policy"}
    assert all(each.revision == f"policy of {policy().revision}" for each in clocks)


def test_an_urgency_that_is_not_known_is_routine() -> None:
    (duty,) = [each for each in duties(None, None, kind="MLA", urgency="?") if each.act == "decide"]
    assert (duty.length, duty.unit) == (30, "day")


def test_every_word_of_every_deadline_is_in_the_vocabulary() -> None:
    words = vocabulary()
    states = {f"S{n:02}" for n in range(22)}
    for code in library.INSTRUMENTS:
        for each in packed(code).deadline:
            assert each.act in words.duty, (code, each.id)
            assert each.starts in words.starts, (code, each.id)
    for clock in policy().clock:
        assert clock.act in words.duty
        assert clock.starts in words.starts
    acts = {str(act) for act in Act}
    for start in words.starts.values():
        assert {*start.acts, *start.again} <= {*acts, "extended", "deferred"}
    for kind in words.duty.values():
        assert set(kind.again) <= acts
    assert set(words.over.states) <= states


def test_a_duty_survives_being_written_down() -> None:
    for duty in duties(packed("EIO"), None, kind="EIO", urgency="ROUTINE"):
        assert Duty.model_validate(duty.model_dump(mode="json")) == duty
    assert found("EIO", "EIO", "ROUTINE")["D04"].rule is None
    assert found("BUD", "MLA", "ROUTINE")["P-confirm-evidence"].code == "confirm_evidence"
    assert date(2026, 11, 22) == vocabulary().revision
