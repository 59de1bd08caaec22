"""Entries are dated within the times of the checkpoints around them, however the log's operator signs."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from client.oversight.audit import audit
from client.oversight.findings import Check, Findings
from client.oversight.mirror import Mirror
from shared.protocol import leaves
from shared.protocol.checkpoints import Checkpoint, sign_checkpoint
from shared.protocol.cosignatures import cosign
from shared.protocol.merkle import leaf_hash, root
from tests.simulated_case import Case
from tests.simulated_mirror import write_log, write_mirror
from tests.simulated_node import WITNESS


def told(mirror: Mirror, case: Case) -> list[str]:
    findings = Findings()
    audit(mirror, pinned_root=case.directory[1], findings=findings)
    assert {each.check for each in findings.failures} <= {Check.DATES}
    return [each.detail for each in findings.failures]


def head(case: Case, *, signed: timedelta, cosigned: timedelta | None = None) -> str:
    """A checkpoint over all entries, signed and cosigned so much later than now."""
    qm = case.qm
    tree = root([leaf_hash(body) for body in qm.bodies])
    stated = Checkpoint(origin=qm.log_key.origin, size=len(qm.bodies), root=tree)
    note = sign_checkpoint(stated, qm.log_key, case.clock() + signed)
    times = signed if cosigned is None else cosigned
    return note + cosign(note, WITNESS, case.clock() + times)


MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.parametrize("behind", [-MINUTE, MINUTE, 3 * HOUR])
def test_clocks_may_differ_a_little_and_a_witness_may_come_late(
    tmp_path: Path, behind: timedelta
) -> None:
    case = Case()
    mirror = write_mirror(tmp_path / "m", case, case.qm)
    mirror.keep_checkpoint(head(case, signed=timedelta(0), cosigned=behind))
    case.clock.now += 4 * HOUR
    case.qm.record(type="log.heartbeat")
    write_log(mirror, case.qm)
    assert told(mirror, case) == []


def test_an_entry_that_is_dated_back_is_found(tmp_path: Path) -> None:
    """The log had n entries at ten; entry n, written at twelve, says that it is of nine."""
    case = Case()
    mirror = write_mirror(tmp_path / "m", case, case.qm)
    mirror.keep_checkpoint(head(case, signed=2 * HOUR))
    case.qm.record(type="audit.queried")
    case.clock.now += 3 * HOUR
    case.qm.record(type="audit.queried")
    write_log(mirror, case.qm)
    (detail,) = told(mirror, case)
    assert detail.startswith(f"entry {len(case.qm.bodies) - 2} is dated back to 2026-")


def test_an_entry_that_is_dated_ahead_is_found(tmp_path: Path) -> None:
    case = Case()
    case.clock.now += HOUR
    index = case.qm.record(type="audit.queried")
    case.clock.now -= HOUR
    mirror = write_mirror(tmp_path / "m", case, case.qm)
    details = told(mirror, case)
    assert len(details) == 3, "against the log's own time, and its witness's two"
    assert all(detail.startswith(f"entry {index} is dated 2026-") for detail in details)


def test_a_log_that_dates_its_checkpoint_ahead_is_found(tmp_path: Path) -> None:
    """Its witnesses have clocks of their own: nobody sees what is not signed yet."""
    case = Case()
    case.clock.now += 10 * HOUR
    mirror = write_mirror(tmp_path / "m", case, case.qm)
    mirror.keep_checkpoint(head(case, signed=timedelta(0), cosigned=-HOUR))
    assert any("and a witness saw it at" in detail for detail in told(mirror, case))


def test_how_long_a_log_was_alone_with_its_dates_is_said(tmp_path: Path) -> None:
    """A node may have been down, or have kept its log to itself; only those who watched can say."""
    case = Case()
    mirror = write_mirror(tmp_path / "m", case, case.qm)
    mirror.keep_checkpoint(head(case, signed=timedelta(0), cosigned=30 * HOUR))
    findings = Findings()
    audit(mirror, pinned_root=case.directory[1], findings=findings)
    assert findings.failures == []
    assert "seen by a witness at most 1 day, 6:00:0" in findings.details[Check.DATES]


def test_entries_that_cannot_be_read_are_told_by_another_check(tmp_path: Path) -> None:
    case = Case()
    case.qm.bodies[-1] = b"{}"
    mirror = write_mirror(tmp_path / "m", case, case.qm)
    findings = Findings()
    audit(mirror, pinned_root=case.directory[1], findings=findings)
    assert Check.DATES not in {each.check for each in findings.failures}
    assert findings.details[Check.DATES].startswith("1 checkpoints, the last at 2026-")


Change = Callable[[Case], None]


def _far_ahead(case: Case) -> None:
    """A time that no calendar has."""
    case.qm.log[-1] = replace(
        case.qm.log[-1], seq_time=leaves.parse_time("9999-12-31T23:59:59.999Z")
    )
    case.qm.bodies[-1] = leaves.build(case.qm.log[-1])


def test_the_end_of_the_calendar_is_no_way_out(tmp_path: Path) -> None:
    case = Case()
    _far_ahead(case)
    mirror = write_mirror(tmp_path / "m", case, case.qm)
    assert told(mirror, case)
