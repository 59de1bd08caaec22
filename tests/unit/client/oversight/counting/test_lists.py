"""The file of metrics, questions and patterns is complete, and names what the log can say."""

import pytest

from client.oversight.counting.lists import data_of, lists, titled
from client.oversight.counting.questions.answering import QUERIES
from client.oversight.counting.yearly import COLUMNS
from services.audit.catalogue import CATALOGUE

KNOWN = lists()
NAMED = {
    **{table.id: table.events for metric in KNOWN.metrics for table in metric.tables},
    **{each.id: each.events for each in KNOWN.questions.values()},
    **{each.id: each.events for each in KNOWN.patterns.values()},
}


def test_there_are_24_metrics_28_questions_and_11_patterns() -> None:
    assert [each.id for each in KNOWN.metrics] == [f"O{n:02}" for n in range(1, 25)]
    assert [*KNOWN.questions] == [*(f"Q{n:02}" for n in range(1, 29)), "O22"]
    assert [*KNOWN.patterns] == [f"M{n:02}" for n in range(1, 12)]


def test_each_table_has_columns_and_each_question_a_query() -> None:
    assert {table.id for metric in KNOWN.metrics for table in metric.tables} == set(COLUMNS)
    assert set(KNOWN.questions) == set(QUERIES)


@pytest.mark.parametrize("name", NAMED)
def test_it_counts_from_entries_that_a_log_has(name: str) -> None:
    assert {each.partition("/")[0] for each in NAMED[name]} <= set(CATALOGUE)


def test_codes_are_told_in_words() -> None:
    assert titled("REF-06") == "REF-06 military offence"
    assert titled("DC-SUB") == "DC-SUB subscriber data"
    assert titled("nothing known") == "nothing known"


def test_a_measure_says_which_data_it_may_bring() -> None:
    assert [*data_of("MEA-10")] == ["DC-CNT", "DC-IMG"]
    assert [*data_of("MEA-01")] == [*data_of("MEA-99")] == ["none"]
