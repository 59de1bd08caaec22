"""Requests to try the form on: whole ones, and what may stand in each field."""

from copy import deepcopy
from datetime import date
from typing import Any

from hypothesis import strategies as st

from services.exchange.routes.told_request import DRAFT
from shared.protocol.law import library
from shared.protocol.law.documents import Document, of_json
from shared.protocol.law.pairs import Pair

TEXT = (
    "Long enough to be examined: "
    + "who did what, when, where, and why that is believed. " * 2
    + "It was so."
)
AUTHORITY = {"name": "Court", "function": "Judge", "person": "A. Judge", "level": "J"}
CONTACT: dict[str, Any] = {
    "name": "Z. Second",
    "post": "Deputy",
    "telephone": "+99 100",
    "email": "second@justice.example",
    "time_zone": "Europe/Berlin",
    "languages": ["en"],
}
ASSURANCE = {"text": TEXT, "signatory": "X", "authority": "QM-PG", "date": "2026-11-20"}
DIGEST = "ab" * 32
ORDER = {"type": "order", "number": "1", "date": "2026-11-01", "court": "Court", "sha256": DIGEST}
ATTACHMENT = {"title": "Order", "type": "order", "language": "en", "size": 1, "sha256": DIGEST}
NUMBER = {"kind": "MSISDN", "value": "+99 1", "document": "Bill", "page": "3"}
# One value of each type of field: good enough to be there.
VALUES: dict[str, Any] = {
    "id": "R1", "line": "a line", "lines": ["a line"], "text": TEXT, "truth": False, "undertaking": True,
    "day": "2027-01-01", "country": "QO", "instant": "2026-11-22T10:00:00Z", "kind": "MLA",
    "channel": "CA_TO_CA", "proceedings": "CRIMINAL", "stage": "TRIAL", "nature": "NONE",
    "urgency": "ROUTINE", "urgency_reasons": ["DATA_VOLATILE"], "data": ["DC-SUB"],
    "legal_basis": [{"instrument": "BUD", "article": "31"}], "attachments": [ATTACHMENT],
    "language": {"language": "en"}, "previous": {"request_id": "R0", "relation": "FOLLOW_UP"},
    "authority": AUTHORITY, "contact": CONTACT, "orders": [ORDER], "offences": DRAFT["offences"],
    "penalties": DRAFT["penalties"], "persons": DRAFT["persons"], "person_flags": {},
    "identifiers": [NUMBER], "range": {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"},
    "custodian": DRAFT["custodian"], "preserved": {"by": "X", "reference": "1", "until": "2027-01-01"},
    "needed_by": {"date": "2027-01-01", "fixed": False}, "confidentiality": {"scope": "NONE"},
    "subject_notice": {"rule": "ALLOWED"}, "retention": DRAFT["retention"], "assurance": ASSURANCE,
    "transfer_basis": DRAFT["transfer_basis"],
}  # fmt: skip
FIELDS = {code: field for code, field in library.fields().items() if field["type"] != "measures"}


def pair(**changed: Any) -> Pair:  # noqa: ANN401
    """The profile of two countries that ask for nothing beside the treaties."""
    told: dict[str, Any] = {
        "schema": 1, "requesting": "QM", "requested": "QN", "revision": date(2026, 1, 1),
        "valid_from": date(2026, 1, 1), "time_zone": "Europe/Paris", "calendar": "FR",
        "languages": ["en", "fr"], "instrument": [{"code": "BUD", "since": date(2026, 1, 1)}],
        "death_penalty": {"requesting_retains": False, "assurance_required": False},
        "data_protection": {
            "sender_bound_by": "LED", "adequacy": False, "default_gateway": "APPROPRIATE_SAFEGUARDS",
        },
        "oversight": {"bodies": ["QN-OVR"], "sees_content": False, "cross_check_with_peer": True},
    }  # fmt: skip
    return Pair.model_validate(told | changed)


def measure(code: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401
    """A measure that says no more than its number and what is to be done."""
    return {"measure_id": "M01", "code": code, "description": "What is to be done."} | fields


def full(code: str, kind: str = "MLA", **changed: Any) -> dict[str, Any]:  # noqa: ANN401
    """A request of one measure in which every field there is is filled in."""
    per = {each["name"]: VALUES[each["type"]] for each in FIELDS.values() if each.get("per")}
    per["data"] = library.codes()["measure"][code]["data"][:1] or ["DC-SUB"]
    told = {each["name"]: VALUES[each["type"]] for each in FIELDS.values() if not each.get("per")}
    told |= {"to": "QN", "request_kind": kind, "confirmation_contact": CONTACT}
    told |= {
        "measures": [measure(code, **per)],
        "person_in_charge": {**CONTACT, "name": "Y. First"},
    }
    return deepcopy(told | changed)


def document(told: dict[str, Any]) -> Document:
    """Read it."""
    return of_json(told)


def without(told: dict[str, Any], code: str) -> dict[str, Any]:
    """Take a field away, from the request or from each of its measures."""
    name = library.fields()[code]["name"]
    left = deepcopy({key: value for key, value in told.items() if key != name})
    for each in left.get("measures", []):
        each.pop(name, None)
    return left


@st.composite
def parts(draw: st.DrawFn) -> dict[str, Any]:
    """A request of any kind, urgency and measures, in which any field may be missing."""
    codes = st.sampled_from(sorted(library.codes()["measure"]))
    per = [each for each in FIELDS.values() if each.get("per")]
    made = full("MEA-03", draw(st.sampled_from(sorted(library.codes()["kind"]))))
    made["urgency"] = draw(st.sampled_from(["ROUTINE", "URGENT", "EMERGENCY"]))
    made["issuing_authority"] = {**AUTHORITY, "level": draw(st.sampled_from("APJ"))}
    made["penalties"] = {**made["penalties"], "death_penalty": draw(st.booleans())}
    made["sensitive_persons"] = {"privileged": draw(st.sampled_from([[], ["LAWYER"]]))}
    made["listed_category"] = draw(st.booleans())
    made["certification"] = draw(st.booleans())
    made["measures"] = []
    for number in range(draw(st.integers(0, 3))):
        given = draw(st.lists(st.sampled_from(per), unique_by=lambda each: each["name"]))
        fields = {each["name"]: VALUES[each["type"]] for each in given}
        if "data" in fields:
            fields["data"] = [draw(st.sampled_from(sorted(library.codes()["data"])))]
        made["measures"].append(measure(draw(codes), **fields) | {"measure_id": f"M{number:02}"})
    for name in draw(st.lists(st.sampled_from(sorted(made)), max_size=4, unique=True)):
        if name != "to":
            del made[name]
    return made
