"""The report of a year: reconciled, published without small numbers, and in every form the same."""

import csv
from datetime import date, timedelta
from html.parser import HTMLParser
from io import StringIO

from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from client.oversight.counting.casefile import Outcome
from client.oversight.counting.caseload import END, NEW, REOPENED, START
from client.oversight.counting.rendering import as_csv, as_html, as_text, files
from client.oversight.counting.yearly import UNTOLD, Report, report
from tests.unit.client.oversight.counting.dockets import cells, read_of
from tests.unit.client.oversight.counting.stories import granted, made, received, refused
from tests.year_log import Story, Told

KINDS = st.sampled_from(
    [
        ("request.acknowledged", None),
        ("request.reviewed", None),
        ("request.decision", "MEA-06/S10"),
        ("request.decision", "MEA-06/S12"),
        ("request.decision", "MEA-06/S16"),
        ("request.reopened", None),
        ("request.suspended", None),
        ("challenge.decided", "upheld"),
        ("request.withdrawn", "WD-01"),
        ("request.lapsed", None),
        ("request.closed", None),
    ]
)
Steps = list[tuple[int, tuple[str, str | None]]]
ENTERED = st.sampled_from(["transfer.intent/request", "transfer.received/request"])
STEPS = st.lists(st.tuples(st.integers(0, 200), KINDS), max_size=8)
LIVES = st.tuples(ENTERED, st.integers(0, 700), STEPS)


def made_of(*told: Story | Told, below: int = 5) -> Report:
    return report(read_of(*told), below=below)


def life(number: int, entered: str, began: int, steps: Steps) -> Story:
    """A case of any life, in two years, from `began` days after the first on."""
    start = date(2025, 1, 1) + timedelta(days=began)
    story = Story(number=number).on(start.isoformat(), entered)
    for after, (kind, reason) in steps:
        story.on((start + timedelta(days=after)).isoformat(), kind, reason)
    return story


@settings(max_examples=60, deadline=None)
@given(st.lists(LIVES, min_size=1, max_size=6))
def test_the_caseload_reconciles_whatever_happened(lives: list[tuple[str, int, Steps]]) -> None:
    told = [life(number, *each) for number, each in enumerate(lives)]
    (table,) = (
        each.table
        for _, tables in made_of(*told, below=0).metrics
        for each in tables
        if each.told.id == "O01"
    )
    for row in table.rows:
        number = {column: table.cells[row, column].number for column in table.columns}
        gone = sum(number[each.value] for each in Outcome)
        assert number[START] + number[NEW] + number[REOPENED] == gone + number[END]


def many() -> list[Story]:
    told = [granted(received(number, peer="QN")) for number in range(8)]
    told += [refused(made(10 + number, peer="QP")) for number in range(2)]
    told += [received(30 + number, "URG-EMERGENCY", "MEA-03", peer="QR") for number in range(2)]
    return [*told, made(20).on("04-01", "request.withdrawn", "WD-01")]


def test_small_numbers_are_hidden_in_every_form() -> None:
    made = made_of(*many())
    assert cells(made)["O01"]["received by us", NEW] == "10"
    assert cells(made)["O01"]["made by us", "refused"] == "<5"
    for name, content in files(made).items():
        text = content.decode()
        assert "&lt;5" in text or "<5" in text, name
        assert "hidden" in text, name


def test_a_full_report_says_that_it_is_not_for_publication() -> None:
    made = made_of(*many(), below=0)
    assert cells(made)["O01"]["made by us", "refused"] == "2"
    for written in (as_text(made), as_html(made)):
        assert "NOT FOR PUBLICATION" in written
        assert "Numbers below" not in written


def test_what_a_log_does_not_tell_is_not_a_zero() -> None:
    bare = made_of(
        Story(number=1).on("02-01", "request.sent").on("02-05", "request.refused", "REF-05")
    )
    untold = {each.told.id for _, tables in bare.metrics for each in tables if each.untold}
    assert {"O10-data", "O08", "O24"} <= untold
    assert not untold & {"O01", "O06-grounds", "O13-made"}
    assert UNTOLD in as_text(bare)
    assert UNTOLD in as_html(bare)


def test_a_log_that_describes_its_requests_tells_of_all() -> None:
    assert not [each for _, tables in made_of(*many()).metrics for each in tables if each.untold]
    assert UNTOLD not in as_text(made_of(*many()))


def test_it_names_its_logs_its_queries_and_its_definitions() -> None:
    made = made_of(*many())
    for written in (as_text(made), as_html(made)):
        assert (
            "log.qm.example/2026: its first 9 entries, of 9 under the signed root cm9vdA=="
            in written
        )
        assert (
            "requests that were sent or arrived: how many were open when the year began" in written
        )
        assert made.lists.sha256 in written


def test_notes_say_what_was_corrected() -> None:
    told = [
        *(Story(number=number).on("02-01", "request.sent") for number in range(5)),
        refused(received(10)).on("04-01", "request.reopened"),
        Story(number=11).on("02-01", "request.drafted"),
        Story(number=12).on("02-01", "clock.warned", "decide"),
    ]
    notes = made_of(*told).notes
    assert [note.rpartition(" ")[2] for note in notes] == ["6.", "<5.", "<5.", "<5."]
    assert "began before the first of these logs" in notes[0]
    assert (
        made_of(*told, below=0).notes[1].endswith("opened again in the year: each as reopened: 1.")
    )


def test_csv_has_a_line_for_each_cell() -> None:
    rows = list(csv.reader(StringIO(as_csv(made_of(*many())))))
    assert rows[0] == ["year", "country", "metric", "table", "row", "column", "value"]
    assert ["2026", "QM", "O01", "O01", "received by us", "new", "10"] in rows
    bare = csv.reader(StringIO(as_csv(made_of(Story(number=1).on("02-01", "request.sent")))))
    assert {row[2] for row in bare} == {"metric", "O01", "O13"}


class Page(HTMLParser):
    """Which elements there are, each closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]
        if tag != "meta":
            self.open.append(tag)

    @override
    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_has_no_script() -> None:
    page = Page()
    page.feed(as_html(made_of(*many(), received(30, "OFF-<script>"), below=0)))
    assert page.open == []
    assert {"table", "h2", "section"} <= page.seen
    assert not page.seen & {"script", "img", "link", "iframe", "form"}
