"""Whatever is asked for, under any instrument: the guide ends, with a request that lacks nothing."""

import re
from typing import Any

import pytest

from client.guide import Guide, ask_country, ask_instrument
from client.questions import Questions
from services.exchange.routes.told_request import DRAFT
from shared.protocol.law import library
from shared.protocol.law.completeness import missing
from shared.protocol.law.documents import of_json
from shared.protocol.law.instruments import packed
from shared.protocol.law.schemas import schema
from tests.unit.shared.protocol.law.requests import pair

TRIES = [
    "What happened, when and where, and why that is believed: at length. " * 2,
    "2027-01-01", "2026-11-22T10:00:00Z", "60", "QN", "en", "ab" * 32, "M01",
]  # fmt: skip
LIMIT = 300  # questions


class Clerk:
    """Somebody who answers until an answer is taken; skips what may be left out."""

    def __init__(self) -> None:
        self.questions, self.tried = 0, 0
        self.last = ""
        self.said: list[str] = []

    def ask(self, question: str) -> str:
        self.questions += 1
        assert self.questions < LIMIT, self.said[-10:]
        if any(each in question for each in ("(Enter: nothing)", "Enter: done", "[y/N]")):
            return ""
        self.tried = self.tried + 1 if question == self.last and self._is_refused else 0
        self.last = question
        if question == "number or code: ":
            return ["J", "1"][self.tried]
        return "y" if "[y/n]" in question else TRIES[self.tried]

    @property
    def _is_refused(self) -> bool:
        listed = re.match(r" +\d+ [A-Z0-9_-]+  ", self.said[-1])
        return self.said[-1].startswith("  ") and listed is None


CASES = [
    (code, kind, list(packed(code).measure)[position])
    for code in library.INSTRUMENTS
    for kind in packed(code).request_kinds
    for position in ((0, -1) if code in {"BUD", "EIO"} else (-1,))
]


@pytest.mark.parametrize(("code", "kind", "measure"), CASES)
def test_it_comes_to_an_end_and_nothing_is_missing(code: str, kind: str, measure: str) -> None:
    instrument, clerk = packed(code), Clerk()
    words = "What is to be done."
    told: dict[str, Any] = {
        "to": "QN",
        "request_kind": kind,
        "measures": [{"measure_id": "M01", "code": measure, "description": words}],
    }
    form = schema(instrument)
    Guide(
        told=told,
        instrument=instrument,
        pair=pair(extra_fields=["E06"]),
        questions=Questions(form=form, ask=clerk.ask, say=clerk.said.append),
        keep=lambda _: None,
        now="2026-11-22T10:00:00Z",
    ).run()
    assert missing(of_json(told), instrument, pair(extra_fields=["E06"])) == []
    assert "suspicion" in told


def test_only_data_that_a_measure_may_bring_are_offered() -> None:
    clerk = Clerk()
    told = {**DRAFT, "measures": [{**DRAFT["measures"][0], "code": "MEA-07"}]}
    del told["measures"][0]["data"]
    questions = Questions(form=schema(packed("BUD")), ask=clerk.ask, say=clerk.said.append)
    Guide(
        told=told,
        instrument=packed("BUD"),
        pair=None,
        questions=questions,
        keep=lambda _: None,
        now="2026-11-22T10:00:00Z",
    ).run()
    assert told["measures"][0]["data"] == ["DC-CNT"]
    assert not [line for line in clerk.said if "DC-SUB" in line or "DC-FIN" in line]
    assert [line for line in clerk.said if "DC-MIN" in line]


def test_what_the_draft_says_is_not_asked_again() -> None:
    told: dict[str, Any] = {"to": "QN"}
    ask_country(told, ask=lambda _: "QX", say=lambda _: None)
    assert told == {"to": "QN"}
    offered = [packed("BUD"), packed("EIO")]
    assert ask_instrument(offered, ask=lambda _: "2", say=lambda _: None).code == "EIO"
