"""A form asked for question by question: every answer fits, or is asked for again."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from client.errors import UsageError
from client.questions import Questions, SkippedError, choices, skeleton
from shared.protocol.errors import FormatError
from shared.protocol.law.documents import of_json
from shared.protocol.law.schemas import schema

FORM = schema()
FIELDS = FORM["properties"]


def asked(answers: Sequence[str], said: list[str] | None = None) -> Questions:
    """Questions to somebody who gives these answers."""
    left = iter(answers)

    def ask(question: str) -> str:
        if said is not None:
            said.append(question)
        return next(left)

    return Questions(form=FORM, ask=ask, say=(said if said is not None else []).append)


LEAF = {"type": "string", "minLength": 1, "maxLength": 5}
DAY = FIELDS["follow_up"]
MONTHS = FORM["$defs"]["Offence"]["properties"]["max_penalty_months"]
KEPT = {"by": "X", "reference": "7", "until": "2027-01-01"}
FLAGS = {"minor": True, "privileged": ["LAWYER"]}
ANSWERS: list[tuple[dict[str, Any], list[str], Any, str]] = [
    (LEAF, ["", "too long", " fits "], "fits", "something has to stand here"),
    (LEAF, ["too long", "fits"], "fits", "no more than 5 characters"),
    (DAY, ["tomorrow", "2027-01-01"], "2027-01-01", "a day as 2026-11-20"),
    ({"type": "string", "pattern": "^x$"}, ["y", "x"], "x", "this has another form"),
    (MONTHS, ["five", "-1", "99999", "60"], 60, "a number without a sign"),
    ({"type": "boolean"}, ["perhaps", "YES"], True, "y or n"),
    ({"type": "boolean"}, ["n"], False, ""),
    (FIELDS["nature"], ["9", "0", "NONE"], "NONE", "none of them"),
    (FIELDS["nature"], ["2"], "POLITICAL", "2 POLITICAL  political"),
    ({"enum": ["only"]}, [], "only", ""),
    (FIELDS["own_references"], ["QM-1", "QM-2", ""], ["QM-1", "QM-2"], ", another (Enter"),
    (FIELDS["preserved"], ["X", "7", "2027-01-01"], KEPT, ""),
    (FIELDS["sensitive_persons"], ["y", "", "LAWYER", ""], FLAGS, ""),
]  # fmt: skip


@pytest.mark.parametrize("case", ANSWERS, ids=[str(n) for n in range(len(ANSWERS))])
def test_an_answer_fits_in_the_end(case: tuple[dict[str, Any], list[str], Any, str]) -> None:
    node, answers, value, told = case
    said: list[str] = []
    assert asked(answers, said).value(node, "title") == value
    assert told in "\n".join(said)


OPTIONAL = [
    (LEAF, ""),
    ({"type": "boolean"}, ""),
    (FIELDS["nature"], ""),
    (FIELDS["own_references"], ""),
    (FIELDS["retention"], "n"),
    (FIELDS["attachments"], ""),
]


@pytest.mark.parametrize(("node", "answer"), OPTIONAL)
def test_what_may_be_left_out_can_be_skipped(node: dict[str, Any], answer: str) -> None:
    with pytest.raises(SkippedError):
        asked([answer]).value(node, "title", optional=True)


def test_a_list_of_forms_asks_whether_there_is_another() -> None:
    first, second = (
        ["Fraud", "s. 1", "Whoever cheats", "60", ""],
        ["Theft", "s. 2", "Whoever takes", "12", ""],
    )
    answers = [*first, "y", *second, "n"]
    said: list[str] = []
    told: Any = asked(answers, said).value(FIELDS["offences"], "D01")
    assert [each["name"] for each in told] == ["Fraud", "Theft"]
    assert "D01, another? [y/N] " in said


def test_a_digest_may_be_typed_or_taken_from_the_file(tmp_path: Path) -> None:
    file = tmp_path / "order"
    file.write_bytes(b"order")
    node = FORM["$defs"]["Attachment"]
    typed: Any = asked(["ab" * 32, "t", "order", "en", "7", ""]).value(node, "K01")
    assert (typed["sha256"], typed["size"]) == ("ab" * 32, 7)
    taken: Any = asked([str(file), "t", "order", "en", ""]).value(node, "K01")
    assert (taken["size"], len(taken["sha256"])) == (5, 64)


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_nothing_of_a_skeleton_is_an_answer(name: str) -> None:
    """A code with one choice only, and an empty form, are all that may stand as they are."""
    node = FIELDS[name]
    value = skeleton(asked([]), node)
    if value == {}:
        return
    with pytest.raises(FormatError):
        of_json({"to": "QN", name: value})


def test_the_choices_of_a_form_have_words() -> None:
    assert choices(FIELDS["channel"])["INTERPOL"] == "through INTERPOL"
    assert choices(FORM["$defs"]["Measure"]["properties"]["code"])["MEA-03"] == "subscriber data"
    assert choices(LEAF) == {}


def test_a_long_text_may_be_taken_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "facts.txt"
    file.write_text("First.\n\nThen.\n", encoding="utf-8")
    said: list[str] = []
    node = FIELDS["facts"]
    assert asked([f"@{file}"], said).value(node, "E01") == "First.\n\nThen."
    assert said == ["E01 (or @ and the path of a text file): "]
    assert asked(["@home all day"]).value(node, "E01") == "@home all day"
    assert asked([f"@{file}"]).value(FIELDS["costs"], "J10") == f"@{file}"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="no text in UTF-8"):
        asked([f"@{file}"]).value(node, "E01")


def test_a_question_that_may_be_skipped_says_so() -> None:
    said: list[str] = []
    assert asked(["n"], said).value({"type": "boolean"}, "minor", optional=True) is False
    assert said == ["minor [y/n] (Enter: nothing): "]
