"""Two logs of one country: the second begins where the first one ended, and nothing is lost between."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from client.oversight.audit import audit
from client.oversight.comparison import compare
from client.oversight.findings import Check, Failure, Findings
from client.oversight.mirror import Mirror
from client.oversight.succession import check_link
from shared.protocol import leaves
from shared.protocol.canonical import Json, b64
from tests.simulated_case import Case
from tests.simulated_mirror import write_mirror
from tests.simulated_node import Node

NEXT = "log.qm.example/2027"


class Years:
    """QM's two logs, and the mirrors of them."""

    def __init__(
        self,
        folder: Path,
        *,
        dead: bool = False,
        before: Callable[[Node], object] = lambda _: None,
    ) -> None:
        self.case, self.folder = Case(), folder
        before(self.case.qm)
        self.old = self.case.qm.turn(NEXT, dead=dead)
        self.case.answer_again()

    def mirrors(self, **closed: Json) -> tuple[Mirror, Mirror]:
        """Of the first log, and of the second; `closed` changes what the directory says of the first."""
        entry = self.case.qm.closed[-1]
        assert isinstance(entry, dict)
        entry |= closed
        self.case.__dict__.pop("directory", None)
        return self.mirror("first", self.old), self.mirror("second", self.case.qm)

    def mirror(self, name: str, country: Node) -> Mirror:
        return write_mirror(self.folder / name, self.case, country)

    @property
    def pinned(self) -> bytes:
        return self.case.directory[1]

    def audited(self, mirror: Mirror) -> Findings:
        findings = Findings()
        audit(mirror, pinned_root=self.pinned, findings=findings)
        return findings


@pytest.fixture
def years(tmp_path: Path) -> Years:
    return Years(tmp_path)


def of(findings: Findings, check: Check = Check.SUCCESSION) -> list[Failure]:
    return [each for each in findings.failures if each.check is check]


def test_each_of_them_holds_by_itself(years: Years) -> None:
    first, second = years.mirrors()
    assert years.audited(first).failures == []
    found = years.audited(second)
    assert found.failures == []
    size = len(years.old.bodies)
    told = f"it continues {years.old.log_key.origin} at {size} entries"
    assert found.details[Check.SUCCESSION] == told
    assert "are in the log before" in found.details[Check.CHANNELS]


def test_together_they_are_whole(years: Years) -> None:
    mirrors = years.mirrors()
    for pair in (mirrors, mirrors[::-1]):
        results = compare(*pair, pinned_root=years.pinned)
        assert [each.failures for _, each in results] == [[], [], []]
        assert results[2][1].details[Check.SUCCESSION].endswith("and ended there")


def test_a_dead_log_is_continued_as_well(tmp_path: Path) -> None:
    years = Years(tmp_path, dead=True)
    results = compare(*years.mirrors(), pinned_root=years.pinned)
    assert [each.failures for _, each in results] == [[], [], []]
    assert results[2][1].details[Check.SUCCESSION].endswith("which died there")


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        ({"size": 3}, "the directory says 3"),
        ({"root": b64(b"x" * 32)}, "or another root"),
        ({"origin": "log.qm.example/2025"}, "does not name as closed"),
    ],
)
def test_the_directory_must_say_the_same(years: Years, lie: dict[str, Json], said: str) -> None:
    _, second = years.mirrors(**lie)
    (failure,) = of(years.audited(second))
    assert said in failure.detail


def test_a_closed_log_is_continued_by_some_log(years: Years) -> None:
    """Whoever begins anew, and says nothing of what was, is found."""
    qm = years.case.qm
    first = replace(qm.log[0], peer_receipt=None, reason=None)
    qm.log[0], qm.bodies[0] = first, leaves.build(first)
    _, second = years.mirrors()
    (failure,) = of(years.audited(second))
    assert "continues none of the closed logs" in failure.detail


def test_nothing_follows_the_end(tmp_path: Path) -> None:
    years = Years(tmp_path, before=lambda qm: qm.record(type="log.closed", reason="year_ended"))
    first, _ = years.mirrors()
    (failure,) = of(years.audited(first), Check.LEAVES)
    assert failure.detail == "nothing may follow the end of a log"


def test_an_entry_in_neither_log_is_found(tmp_path: Path) -> None:
    """It was left out at the end of the first log, which only whoever holds both can tell."""

    def leave_out(qm: Node) -> None:
        while not qm.log.pop().type.startswith("transfer."):
            pass
        del qm.bodies[len(qm.log) :]
        qm.counterparts.pop(len(qm.log), None)

    years = Years(tmp_path, before=leave_out)
    mirrors = years.mirrors()
    for each in mirrors:
        assert years.audited(each).failures == []
    (failure,) = of(compare(*mirrors, pinned_root=years.pinned)[2][1])
    assert failure.detail == "it is in the channel and in neither log"


def test_ends_that_differ_are_found(years: Years) -> None:
    """The mirror of the first log stopped before its end."""
    first, second = years.mirrors()
    ledgers = [
        audit(each, pinned_root=years.pinned, findings=Findings()) for each in (first, second)
    ]
    one, two = ledgers
    assert one is not None
    assert two is not None
    end = replace(one.stated, size=one.stated.size - 1)
    findings = check_link(one.ledger, end, two.ledger, second)
    (failure,) = of(findings)
    assert "or another root" in failure.detail


def test_a_chain_that_cannot_be_read_is_told(years: Years) -> None:
    first, second = years.mirrors()
    second.write("channels/QM-QN.json", b"{}")
    assert of(compare(first, second, pinned_root=years.pinned)[2][1])


def test_two_logs_that_do_not_follow_each_other(years: Years) -> None:
    middle = years.case.qm.turn("log.qm.example/2028")
    _, third = years.mirrors()
    first = years.mirror("old", years.old)
    results = compare(first, third, pinned_root=years.pinned)
    (failure,) = of(results[2][1])
    assert "do not follow each other" in failure.detail
    second = years.mirror("middle", middle)
    assert of(compare(second, third, pinned_root=years.pinned)[2][1]) == []
