"""Gates on what was received: confidentiality, notice, retention, onward transfer, reading."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.exchange.gating import using
from services.exchange.gating.matter import Condition, Consent, Export, Notice, Reading
from services.exchange.gating.results import Fail, Gate, Pass
from tests.legal_matters import NOW, document, finding, item, matter

TODAY = NOW.date()
DAY = timedelta(days=1)
SECRET = {"scope": "BOTH", "reason": "He is not warned."}
DUE = Notice(due=NOW)
DEFERRED = replace(DUE, deferred_on="Notice would warn others.", review=TODAY)
EXPORT = Export(recipient="XA", purpose="trial", items=frozenset({"i1"}))
CONSENT = Consent(recipient="XA", purpose="trial", items=frozenset({"i1", "i2"}))
READING = Reading(officer="Rita", case_reference="QM-2026-0042")
NAMED = Condition(code="COND-14", hash="aa", readers=("Rita",))
FREED = Condition(code="COND-13", hash="aa", accepted_hash="aa")
OTHER = replace(READING, case_reference="QM-2026-0091")


@pytest.mark.parametrize(
    ("gate", "changed", "code"),
    [
        (
            using.confidentiality,
            {"document": document(confidentiality=None)},
            "confidentiality_unsaid",
        ),
        (
            using.confidentiality,
            {"findings": [finding("G12", "RD-CA", verdict="fail")]},
            "confidentiality_cannot_be_kept",
        ),
        (
            using.confidentiality,
            {"audience": "person", "notice": replace(DUE, review=TODAY + DAY)},
            "confidential",
        ),
        (using.confidentiality, {"audience": "person"}, "confidential"),  # I02 delays it
        (using.notice, {"notice": DUE}, "notice_overdue"),
        (using.notice, {"notice": replace(DEFERRED, review=TODAY - DAY)}, "notice_overdue"),
        (using.notice, {"notice": replace(DEFERRED, review=None)}, "notice_overdue"),
        (using.notice, {"notice": replace(DEFERRED, deferred_on=None)}, "notice_overdue"),
        (using.notice, {"notice": replace(DUE, sent=NOW)}, "no_remedies"),
        (using.retention, {"retention_until": TODAY - DAY}, "retention_over"),
        (using.onward_transfer, {}, "export_unsaid"),
        (using.onward_transfer, {"export": EXPORT}, "no_consent"),
        (
            using.onward_transfer,
            {"export": EXPORT, "consents": [replace(CONSENT, recipient="XB")]},
            "no_consent",
        ),
        (
            using.onward_transfer,
            {"export": EXPORT, "consents": [replace(CONSENT, purpose="other")]},
            "no_consent",
        ),
        (
            using.onward_transfer,
            {"export": EXPORT, "consents": [replace(CONSENT, items=frozenset())]},
            "no_consent",
        ),
        (
            using.onward_transfer,
            {"export": EXPORT, "consents": [replace(CONSENT, until=NOW - DAY)]},
            "no_consent",
        ),
        (using.purpose, {}, "case_unsaid"),
        (using.purpose, {"reading": replace(READING, case_reference=" ")}, "case_unsaid"),
        (using.purpose, {"reading": OTHER}, "other_case"),
        (using.purpose, {"reading": replace(OTHER, exculpatory=True)}, "other_case"),
        (using.purpose, {"reading": OTHER, "conditions": [FREED]}, "other_case"),
        *(
            (
                using.purpose,
                {"reading": replace(OTHER, exculpatory=True), "conditions": [other]},
                "other_case",
            )
            for other in (
                replace(FREED, accepted_hash=None),
                replace(FREED, accepted_hash=None, declined=True),
                replace(FREED, hash="bb"),
                replace(FREED, code="COND-01"),
            )
        ),
        (
            using.named_readers,
            {"reading": replace(READING, officer="Otto"), "conditions": [NAMED]},
            "not_a_named_reader",
        ),
        (
            using.named_readers,
            {"reading": READING, "items": (item(readers=("Otto",)),)},
            "not_a_named_reader",
        ),
        (using.named_readers, {"conditions": [NAMED]}, "not_a_named_reader"),
    ],
)
def test_what_shuts_a_gate(gate: Gate, changed: dict[str, Any], code: str) -> None:
    result = gate(matter(**changed))
    assert isinstance(result, Fail)
    assert result.code == code
    assert result.detail
    assert result.next


@pytest.mark.parametrize(
    ("gate", "changed", "note"),
    [
        (using.confidentiality, {}, None),
        (
            using.confidentiality,
            {"audience": "person", "document": document(confidentiality={"scope": "NONE"})},
            "may be told",
        ),
        (
            using.confidentiality,
            {
                "audience": "person",
                "document": document(confidentiality={**SECRET, "until": "2026-11-21"}),
            },
            "may be told",
        ),
        (
            using.confidentiality,
            {"audience": "person", "document": document(subject_notice={"rule": "ALLOWED"})},
            "may be told",
        ),
        (
            using.confidentiality,
            {"audience": "person", "notice": replace(DUE, review=TODAY)},
            "may be told",
        ),
        (using.confidentiality, {"findings": [finding("G12", "RD-CA")]}, None),
        (using.notice, {}, "none due"),
        (using.notice, {"notice": replace(DUE, due=NOW + DAY)}, "not yet due"),
        (using.notice, {"notice": replace(DUE, sent=NOW, remedies=True)}, "sent"),
        (using.notice, {"notice": DEFERRED}, "deferred"),
        (using.retention, {}, None),
        (using.retention, {"retention_until": TODAY}, None),
        (using.retention, {"retention_until": TODAY - DAY, "legal_hold": True}, "legal hold"),
        (using.onward_transfer, {"export": EXPORT, "consents": [CONSENT]}, "consent"),
        (
            using.onward_transfer,
            {"export": EXPORT, "consents": [replace(CONSENT, until=NOW)]},
            "consent",
        ),
        (using.purpose, {"reading": READING}, None),
        (
            using.purpose,
            {"reading": replace(OTHER, exculpatory=True), "conditions": [FREED]},
            "exculpatory",
        ),
        (
            using.named_readers,
            {"reading": replace(READING, officer="RITA"), "conditions": [NAMED]},
            None,
        ),
        (using.named_readers, {"reading": READING}, None),
    ],
)
def test_what_passes_a_gate(gate: Gate, changed: dict[str, Any], note: str | None) -> None:
    result = gate(matter(**changed))
    assert isinstance(result, Pass)
    assert result.note == note
