"""A watch is told what new entries complete, once, and nothing of what was there before."""

from datetime import UTC, datetime
from pathlib import Path

from client.oversight.counting.monitoring import Monitor
from tests.unit.client.oversight.counting.stories import received
from tests.year_log import YearLog

NOW = datetime(2026, 6, 1, tzinfo=UTC)
FIRST, SECOND = received(1, "PRT-LAWYER"), received(2, "PRT-JOURNALIST", day="03-01")


def test_new_entries_are_told_once(tmp_path: Path) -> None:
    log = YearLog(tmp_path)
    watch = Monitor(log.mirror)
    log.write(FIRST.told)
    assert watch.look(size=log.size, now=NOW) == {}, (
        "what was there when the watch began is not new"
    )
    log.write(SECOND.told)
    (line,) = watch.look(size=log.size, now=NOW)["M06"]
    assert "it concerns a journalist" in line
    assert watch.look(size=log.size, now=NOW) == {}


def test_a_watch_that_goes_on_knows_what_its_mirror_had(tmp_path: Path) -> None:
    log = YearLog(tmp_path).write(FIRST.told)
    watch = Monitor(log.mirror)
    log.write(SECOND.told)
    assert [*watch.look(size=log.size, now=NOW)] == ["M06"]


def test_what_is_long_ago_does_not_count_with_it(tmp_path: Path) -> None:
    log = YearLog(tmp_path).write(FIRST.told)
    watch = Monitor(log.mirror)
    log.write(SECOND.told)
    assert watch.look(size=log.size, now=NOW.replace(year=2028)) == {}
