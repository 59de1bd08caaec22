"""What is about a request stands under its pseudonym."""

import hmac
from dataclasses import replace

import pytest

from client.oversight.labels import misfiled
from shared.protocol.leaves import Leaf, build
from shared.protocol.scanning import scan
from tests.simulated_case import standard_case

KEY = b"k" * 32
REQUEST = standard_case().request_id


def ref(case: str) -> str:
    return hmac.digest(KEY, case.encode(), "sha256").hex()


def flaw(**told: object) -> str | None:
    counted = {"case_seq": 0, "case_prev": None} if told.get("case_ref") else {}
    leaf: Leaf = replace(standard_case().qm.log[0], type="request.sent", **told, **counted)  # type: ignore[arg-type]
    body = build(leaf)
    return misfiled(scan(body), body, KEY)


@pytest.mark.parametrize("kind", ["request", "acknowledgement", "decision"])
def test_under_its_own_case(kind: str) -> None:
    assert flaw(entry_type=kind, transfer_id=REQUEST, case_ref=ref(REQUEST)) is None


@pytest.mark.parametrize("case_ref", [ref("another"), None], ids=["another", "none"])
def test_under_another_or_none(case_ref: str | None) -> None:
    assert REQUEST in (flaw(entry_type="request", transfer_id=REQUEST, case_ref=case_ref) or "")


@pytest.mark.parametrize(
    ("entry_type", "transfer_id"),
    [("package", REQUEST), (None, REQUEST), ("request", None)],
    ids=["a package", "no entry", "no transfer"],
)
def test_what_names_no_request_is_passed_over(
    entry_type: str | None, transfer_id: str | None
) -> None:
    assert flaw(entry_type=entry_type, transfer_id=transfer_id, case_ref=ref("another")) is None
