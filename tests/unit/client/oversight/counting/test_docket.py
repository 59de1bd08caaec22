"""What statistics read of an entry, packed and given back."""

from datetime import UTC, datetime, timedelta

from client.oversight.counting.docket import Docket, Step, seconds
from client.oversight.counting.reading import first_second
from tests.unit.client.oversight.counting.dockets import docket_of, facts_of
from tests.year_log import Story, Told, package_id

AT = datetime(2026, 5, 1, 12, 30, 59, tzinfo=UTC)


def test_a_step_comes_back_as_it_was_told() -> None:
    story = Story(number=1).on(
        "05-01T12:30:59", "package.category", "DC-TRF", count=0, package=package_id(7)
    )
    docket = docket_of(story.told)
    (folder,) = docket.folders.values()
    (step,) = docket.steps(folder)
    assert step._replace(package=None) == Step(
        "package.category", "DC-TRF", int(AT.timestamp()), 0, 0, None, 0, "QN"
    )
    assert docket.package(step.package or 0) == package_id(7)
    assert docket.kinds() == {"package.category"}


def test_a_step_of_no_case_is_kept_apart_with_what_was_read() -> None:
    docket = docket_of([Told(at=AT, kind="audit.queried", outcome="find")])
    (step,) = docket.steps(docket.others)
    assert (step.kind, step.reason) == ("audit.queried", "find")
    assert (step.package, step.number, step.peer) == (None, None, None)


def test_an_export_names_the_country_it_went_to() -> None:
    story = Story(number=1).on("05-01", "request.sent").on("05-02", "evidence.exported", peer="XA")
    docket = docket_of(story.told)
    (folder,) = docket.folders.values()
    assert [step.peer for step in docket.steps(folder)] == ["QN", "XA"]


def test_what_is_done_to_a_draft_counts_but_is_not_kept() -> None:
    story = Story(number=1).on("05-01", "request.changed").on("05-02", "package.item_declared", "x")
    docket = docket_of(story.told)
    assert (docket.counted, docket.folders) == (2, {})


def test_the_year_ends_with_its_last_second() -> None:
    story = Story(number=1).on("12-31T23:59:59", "request.sent").on("2027-01-01", "request.closed")
    assert docket_of(story.told, year=2026).counted == 1
    assert docket_of(story.told, year=2027).counted == 2


def test_the_request_is_named_where_an_entry_names_it() -> None:
    docket = docket_of(
        Story(number=1).on("05-01", "clock.warned").on("05-02", "transfer.intent/request").told
    )
    (folder,) = docket.folders.values()
    assert folder.request == "01890a5d-ac96-774b-9000-000000000001"


def test_clocks_that_differ_are_noted() -> None:
    docket = Docket(until=first_second(2027), tolerated=300)
    for number, late in enumerate((0, 300, 301, 4000)):
        docket.add(
            number, facts_of(Told(at=AT, kind="log.heartbeat"), late=timedelta(seconds=late))
        )
    assert docket.skew == (2, 4000)


def test_steps_of_one_time_are_told_as_a_case_goes() -> None:
    """A log numbers what reaches it together in any order."""
    course = [
        ("request.drafted", None),
        ("gate.passed", "send"),
        ("request.sent", None),
        ("transfer.intent/request", None),
        ("request.described", "MEA-06"),
        ("request.acknowledged", None),
        ("request.decision", "MEA-06/S10"),
        ("request.decision", "MEA-06/S14"),
        ("gate.passed", "release"),
        ("something.else", None),
        ("request.closed", None),
    ]
    late = Told(at=AT + timedelta(milliseconds=1), kind="gate.passed", case="x", reason="release")
    docket = Docket(until=first_second(2027))
    told = [late] + [
        Told(at=AT, kind=kind, case="x", reason=reason) for kind, reason in course[::-1]
    ]
    for index, each in enumerate(told):
        docket.add(index, facts_of(each))
    (folder,) = docket.folders.values()
    steps = [(step.kind, step.reason) for step in docket.steps(folder)]
    assert steps[-1] == ("gate.passed", "release")
    assert steps[:4] == [course[0], course[8], course[1], course[2]]
    assert steps[4:11] == [*course[3:8], course[10], course[9]]
    assert [step.order for step in docket.steps(folder)] == [*range(12)]


def test_times_are_read_to_the_second() -> None:
    assert seconds(b"2026-05-01T12:30:59.999Z") == int(AT.timestamp())
