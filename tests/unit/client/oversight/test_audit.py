"""A mirror holds as it was pulled; whoever changes the log, the channel or the proofs is found."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from client.oversight.audit import audit
from client.oversight.findings import Check, Failure, Findings
from client.oversight.mirror import CASE_KEY, CHECKPOINT, DIRECTORY, Mirror, counterpart_paths
from shared.protocol import leaves
from shared.protocol.checkpoints import LogKey
from shared.protocol.entries import EntryType
from shared.protocol.messages import SelftestBody
from tests.simulated_case import Case, standard_case
from tests.simulated_mirror import links_of, write_log, write_mirror
from tests.simulated_node import Clock, Node


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    return write_mirror(tmp_path / "mirror", standard_case(), standard_case().qm)


def failures(mirror: Mirror, case: Case | None = None) -> list[Failure]:
    findings = Findings()
    audit(mirror, pinned_root=(case or standard_case()).directory[1], findings=findings)
    return findings.failures


def test_a_mirror_as_it_was_pulled_holds(mirror: Mirror) -> None:
    findings = Findings()
    audited = audit(mirror, pinned_root=standard_case().directory[1], findings=findings)
    assert findings.failures == []
    assert audited is not None
    assert audited.country == "QM"
    assert [each.check for each in findings.outcomes()] == [
        *list(Check)[:9],
        Check.WITNESSES,
        Check.DATES,
        Check.INDEX,
    ]


def test_without_the_case_key_it_holds_as_well(mirror: Mirror) -> None:
    (mirror.folder / CASE_KEY).unlink()
    assert failures(mirror) == []


Tamper = Callable[[Mirror], None]


def _row(mirror: Mirror) -> None:
    """One row in the log's database: the bundle is served from it, the tiles are not."""
    size = len(standard_case().qm.bodies)
    path = f"tile/entries/000.p/{size}"
    body = standard_case().qm.bodies[5]
    mirror.write(path, mirror.read(path).replace(body, body.replace(b'"epoch":0', b'"epoch":1')))


def _tile(mirror: Mirror) -> None:
    path = f"tile/0/000.p/{len(standard_case().qm.bodies)}"
    content = bytearray(mirror.read(path))
    content[40] ^= 1
    mirror.write(path, bytes(content))


def _short_tile(mirror: Mirror) -> None:
    path = f"tile/0/000.p/{len(standard_case().qm.bodies)}"
    mirror.write(path, mirror.read(path)[:-1])


def _no_bundle(mirror: Mirror) -> None:
    (mirror.folder / f"tile/entries/000.p/{len(standard_case().qm.bodies)}").unlink()


def _short_bundle(mirror: Mirror) -> None:
    path = f"tile/entries/000.p/{len(standard_case().qm.bodies)}"
    mirror.write(path, mirror.read(path)[: -len(standard_case().qm.bodies[-1]) - 2])


def _checkpoint(mirror: Mirror) -> None:
    text = bytearray(mirror.read(CHECKPOINT))
    text[1000] ^= 1  # of the log's own ML-DSA-44 line
    mirror.write(CHECKPOINT, bytes(text))


def _foreign_log(mirror: Mirror) -> None:
    stranger = Node(name="XX", clock=Clock())
    mirror.write(CHECKPOINT, stranger.checkpoint().encode())


def _directory(mirror: Mirror) -> None:
    mirror.write(DIRECTORY, b"{}")


def _case_key(mirror: Mirror) -> None:
    mirror.write(CASE_KEY, b"x" * 32)


def _dropped_link(mirror: Mirror) -> None:
    links = links_of(standard_case().qm)
    mirror.write_links("QM>QN", [*links[:2], *links[3:]])


def _dropped_last_link(mirror: Mirror) -> None:
    mirror.write_links("QM>QN", links_of(standard_case().qm)[:-1])


def _other_link(mirror: Mirror) -> None:
    links = links_of(standard_case().qm)
    links[-1] = links[-1].model_copy(update={"hash": "f" * 96})
    mirror.write_links("QM>QN", links)


def _links_no_list(mirror: Mirror) -> None:
    mirror.write("channels/QM-QN.json", b"{}")


def _no_counterpart(mirror: Mirror) -> None:
    index = max(standard_case().qm.counterparts)
    (mirror.folder / counterpart_paths(index)[0]).unlink()


def _other_counterpart(mirror: Mirror) -> None:
    first, *_, last = standard_case().qm.counterparts
    for mine, others in zip(counterpart_paths(last), counterpart_paths(first), strict=True):
        mirror.write(mine, mirror.read(others))


def _newer_counterpart(mirror: Mirror) -> None:
    """The leaf is right, but proven under a later tree than the log noted."""
    index = next(iter(standard_case().qm.counterparts))
    proof = standard_case().qn.proof(standard_case().qn.written[0].index)
    mirror.write(counterpart_paths(index)[1], proof.encode())


ATTACKS: dict[Tamper, tuple[Check, str]] = {
    _row: (Check.TREE, "entry 5"),
    _tile: (Check.TREE, "entry 1"),
    _short_tile: (Check.TREE, "tile/0/000.p/"),
    _no_bundle: (Check.TREE, "tile/entries/000.p/"),
    _short_bundle: (Check.TREE, "tile/entries/000.p/"),
    _checkpoint: (Check.CHECKPOINTS, "checkpoint"),
    _foreign_log: (Check.CHECKPOINTS, "checkpoint"),
    _directory: (Check.TRUST, "directory.json"),
    _case_key: (Check.LEAVES, "entry 0"),
    _dropped_link: (Check.CHANNELS, "channels/QM-QN.json"),
    _dropped_last_link: (Check.CHANNELS, "QM>QN 0/"),
    _other_link: (Check.CHANNELS, "QM>QN 0/"),
    _links_no_list: (Check.CHANNELS, "channels/QM-QN.json"),
    _no_counterpart: (Check.INCOMING, "QN>QM 0/"),
    _other_counterpart: (Check.INCOMING, "QN>QM 0/"),
    _newer_counterpart: (Check.INCOMING, "QN>QM 0/0"),
}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_whatever_was_changed_is_found_and_named(mirror: Mirror, attack: Tamper) -> None:
    attack(mirror)
    check, place = ATTACKS[attack]
    found = failures(mirror)
    assert any(each.check is check and each.place.startswith(place) for each in found), found


def rewrite(country: Node, index: int, **changes: Any) -> None:  # noqa: ANN401 - a leaf's members
    """Write a leaf anew, as an operator who holds the log's keys could."""
    country.log[index] = replace(country.log[index], **changes)
    country.bodies[index] = leaves.build(country.log[index])


def test_a_log_that_was_rewritten_contradicts_what_it_signed_before(tmp_path: Path) -> None:
    case = Case()
    mirror = write_mirror(tmp_path / "mirror", case, case.qm)
    rewrite(case.qm, 3, reason="nothing-happened")
    case.qm.record(type="audit.queried")
    write_log(mirror, case.qm)
    assert [each.check for each in failures(mirror, case)] == [Check.HISTORY]


def test_a_log_that_went_back_is_found(tmp_path: Path) -> None:
    case = Case()
    mirror = write_mirror(tmp_path / "mirror", case, case.qm)
    case.qm.record(type="audit.queried")
    mirror.keep_checkpoint(case.qm.checkpoint())
    (failure,) = failures(mirror, case)
    assert (failure.check, "went back" in failure.detail) == (Check.HISTORY, True)


def test_an_earlier_checkpoint_under_other_keys_is_found(tmp_path: Path) -> None:
    case = Case()
    mirror = write_mirror(tmp_path / "mirror", case, case.qm)
    case.qm.log_key = LogKey.generate(case.qm.log_key.origin)
    mirror.keep_checkpoint(case.qm.checkpoint())
    (failure,) = failures(mirror, case)
    assert failure.check is Check.CHECKPOINTS
    assert failure.place.startswith("checkpoints/")


LEAF_FLAWS: dict[str, tuple[dict[str, Any], Check]] = {
    "of_another_log": ({"log": "other.example/log"}, Check.LEAVES),
    "back_in_time": ({"seq_time": leaves.parse_time("2020-01-01T00:00:00.000Z")}, Check.LEAVES),
    "opened_twice": ({"type": "log.opened"}, Check.LEAVES),
    "counted_twice": ({"peer_seq": 1, "peer_prev": 1}, Check.COUNTERS),
}


@pytest.mark.parametrize("flaw", LEAF_FLAWS)
def test_a_leaf_out_of_line_is_named(tmp_path: Path, flaw: str) -> None:
    case = Case()
    changes, check = LEAF_FLAWS[flaw]
    index = len(case.qm.log) - 1
    rewrite(case.qm, index, **changes)
    mirror = write_mirror(tmp_path / "mirror", case, case.qm)
    found = [each for each in failures(mirror, case) if each.check is check]
    assert [each.place for each in found] == [f"entry {index}"]


def test_a_leaf_that_is_none_is_named(tmp_path: Path) -> None:
    case = Case()
    case.qm.bodies[4] = b"{}"
    mirror = write_mirror(tmp_path / "mirror", case, case.qm)
    found = [each.place for each in failures(mirror, case) if each.check is Check.LEAVES]
    assert found == ["entry 4"]


def test_a_transfer_logged_twice_is_named(tmp_path: Path) -> None:
    case = Case()
    told = case.qm.log[case.request.index]
    names = ("type", "direction", "peer", "channel", "epoch", "seq", "entry_type", "entry_hash")
    again = case.qm.record(case_id=case.request_id, **{name: getattr(told, name) for name in names})
    mirror = write_mirror(tmp_path / "mirror", case, case.qm)
    found = [each for each in failures(mirror, case) if each.check is Check.CHANNELS]
    assert [each.place for each in found] == [f"entry {again}"]


def test_an_entry_signed_and_not_logged_yet_may_wait_at_the_end(tmp_path: Path) -> None:
    case = Case()
    mirror = write_mirror(tmp_path / "mirror", case, case.qm)
    case.qm.write(EntryType.SELFTEST, SelftestBody(nonce="0" * 32), to=case.qn)
    mirror.write_links("QM>QN", links_of(case.qm))
    findings = Findings()
    audit(mirror, pinned_root=case.directory[1], findings=findings)
    assert findings.failures == []
    assert findings.details[Check.CHANNELS].endswith("1 wait to be logged")


def test_silence_beyond_patience_is_found(tmp_path: Path) -> None:
    """The log goes on for two days, and QN has said nothing of an entry."""
    case = Case()
    sent = case.qm.write(EntryType.SELFTEST, SelftestBody(nonce="0" * 32), to=case.qn)
    mirror = write_mirror(tmp_path / "mirror", case, case.qm)
    findings = Findings()
    audit(mirror, pinned_root=case.directory[1], findings=findings)
    assert findings.failures == []
    assert findings.details[Check.OUTGOING].endswith("1 wait for theirs")
    case.clock.now += timedelta(days=2)
    case.qm.record(type="audit.queried")
    write_log(mirror, case.qm)
    (failure,) = failures(mirror, case)
    assert (failure.check, failure.place) == (Check.OUTGOING, f"QM>QN 0/{sent.entry.seq}")


def test_a_receipt_of_something_else_does_not_count(tmp_path: Path) -> None:
    case = Case()
    for index, leaf in enumerate(case.qm.log):
        if leaf.about is not None and leaf.about.hash == case.request.hash:
            rewrite(case.qm, index, about=replace(leaf.about, hash="f" * 96))
    case.clock.now += timedelta(days=2)
    case.qm.record(type="audit.queried")
    mirror = write_mirror(tmp_path / "mirror", case, case.qm)
    found = {each.check for each in failures(mirror, case)}
    assert {Check.OUTGOING, Check.INCOMING} <= found


def test_two_trees_of_one_size_prove_two_logs(tmp_path: Path) -> None:
    """QN shows one transfer in one log, and the next in another of the same size."""
    case = Case()
    first = case.qn.write(EntryType.SELFTEST, SelftestBody(nonce="1" * 32), to=case.qm)
    last = case.qn.log.pop()
    body = case.qn.bodies.pop()
    assert last.entry_hash == first.hash
    second = case.qn.write(EntryType.SELFTEST, SelftestBody(nonce="2" * 32), to=case.qm)
    case.qn.bodies[first.index] = body
    mirror = write_mirror(tmp_path / "mirror", case, case.qm)
    found = [each for each in failures(mirror, case) if each.check is Check.INCOMING]
    assert [each.place for each in found] == [f"QN>QM 0/{second.entry.seq}"]
    assert "two different trees" in found[0].detail


def test_an_entry_in_the_channel_that_the_log_has_passed_over_is_found(tmp_path: Path) -> None:
    case = Case()
    index = case.qm.written[-2].index
    rewrite(case.qm, index, type="transfer.sent")
    mirror = write_mirror(tmp_path / "mirror", case, case.qm)
    (failure,) = [each for each in failures(mirror, case) if each.check is Check.CHANNELS]
    assert "not in the log" in failure.detail
