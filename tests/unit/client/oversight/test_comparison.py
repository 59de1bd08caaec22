"""Two countries' logs tell of the same transfers, or the difference is found and named."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from client.oversight.comparison import compare
from client.oversight.findings import Check, Failure
from client.oversight.mirror import CHECKPOINT, Mirror, counterpart_paths
from shared.protocol import leaves
from shared.protocol.entries import EntryType
from shared.protocol.messages import ReceiptKind, SelftestBody
from shared.protocol.misbehaviour import parse_evidence, verify_evidence
from tests.simulated_case import Case, standard_case
from tests.simulated_mirror import write_log, write_mirror
from tests.simulated_node import Node


def both(folder: Path, case: Case) -> tuple[Mirror, Mirror]:
    return write_mirror(folder / "QM", case, case.qm), write_mirror(folder / "QN", case, case.qn)


def disagreements(folder: Path, case: Case) -> list[Failure]:
    (_, findings) = compare(*both(folder, case), pinned_root=case.directory[1])[-1]
    return findings.failures


def selftest(case: Case, sender: Node) -> None:
    reader = case.qn if sender is case.qm else case.qm
    sender.write(EntryType.SELFTEST, SelftestBody(nonce="0" * 32), to=reader)


def forget(country: Node) -> leaves.Leaf:
    """Take the newest leaf out of a log."""
    country.bodies.pop()
    country.counterparts.pop(len(country.log) - 1, None)
    return country.log.pop()


def test_logs_that_agree(tmp_path: Path) -> None:
    case = standard_case()
    results = compare(*both(tmp_path, case), pinned_root=case.directory[1])
    assert [name for name, _ in results] == ["QM", "QN", "both"]
    assert not any(findings.failures for _, findings in results)
    transfers = len(case.qm.written) + len(case.qn.written)
    (outcome,) = results[-1][1].outcomes()
    assert outcome.detail == f"{transfers} transfers in both logs"


def test_a_transfer_on_its_way_is_no_contradiction(tmp_path: Path) -> None:
    case = Case()
    selftest(case, case.qm)
    forget(case.qn)
    results = compare(*both(tmp_path, case), pinned_root=case.directory[1])
    assert not results[-1][1].failures
    assert "1 on their way" in results[-1][1].outcomes()[0].detail


def test_a_mirror_older_than_the_other_is_no_contradiction(tmp_path: Path) -> None:
    case = Case()
    older = write_mirror(tmp_path / "QM", case, case.qm)
    selftest(case, case.qm)
    newer = write_mirror(tmp_path / "QN", case, case.qn)
    findings = compare(older, newer, pinned_root=case.directory[1])[-1][1]
    assert not findings.failures
    assert "1 on their way" in findings.outcomes()[0].detail


def _receipted_and_gone(case: Case) -> None:
    """QN takes an entry in, says so, and then forgets both."""
    selftest(case, case.qm)
    received = forget(case.qn)
    case.qn.receipt(case.qm.written[-1], ReceiptKind.RELAY_ACCEPTANCE, to=case.qm)
    assert received.type == leaves.TRANSFER_RECEIVED


def _passed_over(case: Case) -> None:
    selftest(case, case.qm)
    forget(case.qn)
    selftest(case, case.qm)


def _never_sent(case: Case) -> None:
    """QM takes the intent out of its log, and writes something else in its place."""
    selftest(case, case.qm)
    forget(case.qm)
    case.qm.record(type="audit.queried")


def _another_entry(case: Case) -> None:
    selftest(case, case.qm)
    index = len(case.qm.log) - 1
    case.qm.log[index] = replace(case.qm.log[index], entry_hash="f" * 96)
    case.qm.bodies[index] = leaves.build(case.qm.log[index])


def _another_tree(case: Case) -> None:
    """QM shows one tree to QN, and keeps another of the same size."""
    selftest(case, case.qm)
    case.qm.log[2] = replace(case.qm.log[2], nonce="0" * 32)
    case.qm.bodies[2] = leaves.build(case.qm.log[2])


def _another_index(case: Case) -> None:
    """QM puts the intent elsewhere in the log than it showed."""
    selftest(case, case.qm)
    intent = forget(case.qm)
    case.qm.record(type="audit.queried")
    case.qm.log.append(intent)
    case.qm.bodies.append(leaves.build(intent))


ATTACKS: dict[Callable[[Case], None], str] = {
    _receipted_and_gone: "QN has receipted it and has no entry of it",
    _passed_over: "QN has later entries of the channel",
    _never_sent: "QM sent it (entry",
    _another_entry: "it is one entry at",
    _another_tree: "QM showed another tree of size",
    _another_index: "QM showed",
}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_a_contradiction_is_found_and_named(tmp_path: Path, attack: Callable[[Case], None]) -> None:
    case = Case()
    attack(case)
    found = disagreements(tmp_path, case)
    assert found
    assert found[0].check is Check.AGREEMENT
    assert found[0].place.startswith("QM>QN 0/")
    assert found[0].detail.startswith(ATTACKS[attack])


def test_a_transfer_without_its_counterpart_is_compared_by_its_hash(tmp_path: Path) -> None:
    case = Case()
    first, second = both(tmp_path, case)
    (second.folder / counterpart_paths(next(iter(case.qn.counterparts)))[0]).unlink()
    results = compare(first, second, pinned_root=case.directory[1])
    assert [bool(findings.failures) for _, findings in results] == [False, True, False]


def test_a_proof_that_cannot_be_read_is_the_mirrors_own_flaw(tmp_path: Path) -> None:
    case = standard_case()
    first, second = both(tmp_path, case)
    second.write(counterpart_paths(next(iter(case.qn.counterparts)))[1], b"no proof")
    results = compare(first, second, pinned_root=case.directory[1])
    assert [bool(findings.failures) for _, findings in results] == [False, True, False]


def test_a_mirror_that_does_not_hold_is_not_compared(tmp_path: Path) -> None:
    case = standard_case()
    first, second = both(tmp_path, case)
    second.write(CHECKPOINT, b"nothing")
    results = compare(first, second, pinned_root=case.directory[1])
    assert [name for name, _ in results] == ["QM", "QN", "both"]
    assert results[-1][1].outcomes() == []


def test_logs_of_more_than_one_tile_agree(tmp_path: Path) -> None:
    case = Case()
    for _ in range(260):
        case.qm.record(type="audit.queried")
    case.qm.receipt(case.qn.written[-1], ReceiptKind.RELAY_ACCEPTANCE, to=case.qn)
    first, second = both(tmp_path, case)
    results = compare(first, second, pinned_root=case.directory[1])
    assert not any(findings.failures for _, findings in results)
    upper = "tile/1/000.p/1"
    first.write(upper, b"x" * 32)
    (_, findings), *_ = compare(first, second, pinned_root=case.directory[1])
    assert [each.place for each in findings.failures] == [upper]
    assert "tile/0/000" in findings.failures[0].detail


def test_an_operator_who_signs_a_new_tree_over_changed_tiles_is_found(tmp_path: Path) -> None:
    """Entries and tiles agree with each other, and not with the checkpoint."""
    case = Case()
    first, second = both(tmp_path, case)
    note = first.read(CHECKPOINT)
    case.qm.bodies[3] = case.qm.bodies[2]
    write_log(first, case.qm)
    first.write(CHECKPOINT, note)
    (_, findings), *_ = compare(first, second, pinned_root=case.directory[1])
    assert ("checkpoint", Check.TREE) in {(each.place, each.check) for each in findings.failures}


def test_two_overseers_of_one_log_saw_one_history(tmp_path: Path) -> None:
    case = Case()
    older = write_mirror(tmp_path / "older", case, case.qm)
    case.qm.record(type="audit.queried")
    newer = write_mirror(tmp_path / "newer", case, case.qm)
    for pair in ((older, newer), (newer, older)):
        findings = compare(*pair, pinned_root=case.directory[1])[-1][1]
        assert not findings.failures
        assert findings.outcomes()[0].detail.startswith("one history of log.qm.example/2026, ")


def test_a_log_that_shows_two_overseers_two_histories_convicts_itself(tmp_path: Path) -> None:
    case = Case()
    case.qm.record(type="audit.queried")
    first = write_mirror(tmp_path / "first", case, case.qm)
    forget(case.qm)
    case.qm.record(type="log.heartbeat")
    case.qm.record(type="audit.queried")
    second = write_mirror(tmp_path / "second", case, case.qm)
    results = compare(first, second, pinned_root=case.directory[1])
    assert not any(findings.failures for _, findings in results[:2]), "each holds by itself"
    failures = results[-1][1].failures
    assert {each.check for each in failures} == {Check.AGREEMENT}
    (evidence,) = (second.folder / "evidence").glob("*.misbehaviour.json")
    keys = case.qm.log_key.vkeys()
    proven = verify_evidence(parse_evidence(evidence.read_bytes()), pinned=keys)
    assert proven.smaller.origin == case.qm.log_key.origin
