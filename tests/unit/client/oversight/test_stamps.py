"""Time stamps of a mirror: by a real authority (`openssl ts`), and held against the log's own times."""

from datetime import timedelta
from pathlib import Path

import pytest

from client.oversight import stamps
from client.oversight.audit import audit
from client.oversight.findings import Check, Findings
from client.oversight.mirror import Mirror
from shared.protocol.digests import sha256
from shared.protocol.timestamps import Stamp, format_stamp
from shared.protocol.timetokens import Anchors, ask, read_answer
from shared.runtime.clock import utc_now
from tests.simulated_case import Case, standard_case
from tests.simulated_mirror import write_mirror
from tests.time_authority import TimeAuthority


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TimeAuthority:
    return TimeAuthority(tmp_path_factory.mktemp("authority"))


def stamped(authority: TimeAuthority, note: str) -> bytes:
    question = ask(note)
    anchors = Anchors.read(authority.anchors)
    token = read_answer(authority.stamp(question.request), question, note, anchors)
    return format_stamp(Stamp(authority="tsa.example", note=note, token=token))


def put(mirror: Mirror, record: bytes, size: int) -> str:
    name = f"timestamps/{size}-{sha256(record).hex()[:16]}.json"
    mirror.write(name, record)
    return name


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    return write_mirror(tmp_path / "mirror", standard_case(), standard_case().qm)


@pytest.fixture
def record(mirror: Mirror, authority: TimeAuthority) -> bytes:
    return stamped(authority, mirror.read("checkpoint").decode())


SIZE = len(standard_case().qm.bodies)


def checked(mirror: Mirror, anchors: Anchors | None) -> Findings:
    findings = Findings()
    stamps.check_stamps(mirror, anchors, findings)
    return findings


def test_a_stamp_holds(mirror: Mirror, record: bytes, authority: TimeAuthority) -> None:
    put(mirror, record, SIZE)
    found = checked(mirror, Anchors.read(authority.anchors))
    assert found.failures == []
    assert f"1 stamps, the newest over {SIZE} entries" in found.details[Check.TIMES]
    unknown = checked(mirror, None)
    assert unknown.failures == []
    assert "not checked here" in unknown.details[Check.TIMES]


def test_no_stamp_is_told_and_fails_whoever_asked_for_one(
    mirror: Mirror, authority: TimeAuthority
) -> None:
    assert checked(mirror, None).failures == []
    assert checked(mirror, None).details[Check.TIMES] == "no checkpoint is stamped"
    assert checked(mirror, Anchors.read(authority.anchors)).failures


def test_an_authority_that_is_not_trusted_does_not_count(
    mirror: Mirror, record: bytes, tmp_path: Path
) -> None:
    put(mirror, record, SIZE)
    other = Anchors.read(TimeAuthority(tmp_path / "other").anchors)
    (failure,) = checked(mirror, other).failures
    assert "does not hold" in failure.detail


def test_a_changed_record_is_found(mirror: Mirror, record: bytes) -> None:
    name = put(mirror, record, SIZE)
    for at in range(0, len(record), 97):
        changed = bytearray(record)
        changed[at] ^= 1
        mirror.write(name, bytes(changed))
        (failure,) = checked(mirror, None).failures
        assert failure.place == name
    assert "0 stamps" not in checked(mirror, None).details[Check.TIMES]


def test_a_stamp_over_another_history_is_found_by_checks_2_and_4(
    mirror: Mirror, authority: TimeAuthority
) -> None:
    """Pulling keeps the stamped note among the checkpoints seen; a note left out there is missed."""
    other = Case()
    other.qm.record(type="access.denied")
    while len(other.qm.bodies) > SIZE:
        other.qm.bodies.pop()
    note = other.qm.checkpoint()
    put(mirror, stamped(authority, note), SIZE)
    (failure,) = checked(mirror, None).failures
    assert "not among the checkpoints" in failure.detail
    mirror.keep_checkpoint(note)
    assert checked(mirror, None).failures == []
    findings = Findings()
    audit(mirror, pinned_root=standard_case().directory[1], findings=findings)
    assert {each.check for each in findings.failures} & {Check.CHECKPOINTS, Check.HISTORY}


def test_a_log_that_is_dated_forward_is_found(tmp_path: Path, authority: TimeAuthority) -> None:
    case = Case()
    case.clock.now = utc_now() + timedelta(hours=3)
    case.qm.record(type="access.denied")
    mirror = write_mirror(tmp_path / "forward", case, case.qm)
    size = len(case.qm.bodies)
    put(mirror, stamped(authority, mirror.read("checkpoint").decode()), size)
    (failure,) = checked(mirror, Anchors.read(authority.anchors)).failures
    assert "dated forward" in failure.detail


def test_the_entry_must_be_there(mirror: Mirror, record: bytes) -> None:
    put(mirror, record, SIZE)
    (mirror.folder / f"tile/entries/000.p/{SIZE}").unlink()
    (failure,) = checked(mirror, None).failures
    assert "no entry" in failure.detail
