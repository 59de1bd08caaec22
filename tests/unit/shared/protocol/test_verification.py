"""Each of the thirteen checks holds for what was sent, and for nothing else."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from shared.protocol import bag, chainfolder, trust, verification
from shared.protocol.checks import Payload, PayloadFile
from shared.protocol.cosignatures import WitnessKey
from shared.protocol.digests import sha256
from shared.protocol.errors import (
    BagError,
    DigestMismatchError,
    LogProofError,
    MissingSignatureError,
    ProtocolError,
    SignatureError,
    TrustError,
    UnknownKeyError,
    UnwitnessedError,
)
from shared.protocol.identifiers import Country
from shared.protocol.identities import ClosedLog
from shared.protocol.messages import PackageBody
from tests.federated import Repository
from tests.simulated_case import standard_case
from tests.simulated_node import START, policy

QM, QN = Country("QM"), Country("QN")
DIGEST = "ab" * 32


@cache
def members() -> dict[Country, trust.Member]:
    bundle, pinned = standard_case().directory
    return verification.check_trust(bundle, pinned_root=pinned, shown_root=pinned)


def body() -> PackageBody:
    return PackageBody.read(standard_case().package.entry.body)


def tag_manifest() -> bytes:
    return sha256(standard_case().tags[bag.TAG_MANIFEST])


def test_1_the_directory_vouches_from_the_pinned_root() -> None:
    assert set(members()) == {QM, QN}


def test_1_an_older_root_of_the_same_history_may_be_shown(tmp_path: Path) -> None:
    federation = Repository.make(tmp_path, START)
    second = federation.rotate_root(lambda _root: None, federation.offline.root)
    bundle = federation.bundle(roots=[federation.root, second])
    assert verification.check_trust(bundle, pinned_root=second, shown_root=federation.root)


def test_1_a_root_of_another_directory_may_not_be_shown() -> None:
    bundle, pinned = standard_case().directory
    with pytest.raises(TrustError) as refused:
        verification.check_trust(bundle, pinned_root=pinned, shown_root=b"{}")
    assert refused.value.facts["object"] == chainfolder.ROOT


def test_2_a_complete_bag_gives_its_manifest() -> None:
    case, files = standard_case(), standard_case().bag_files()
    assert verification.check_layout(files, files).keys() == case.evidence.keys()


@pytest.mark.parametrize(
    "path", ["data/chat.db", "bagit.txt", "metadata/case.jsonld", "chain/links.json"]
)
def test_2_a_missing_file_is_named(path: str) -> None:
    files = standard_case().bag_files()
    del files[path]
    with pytest.raises(BagError, match="missing") as refused:
        verification.check_layout(files, files)
    assert refused.value.facts["object"] == path


@pytest.mark.parametrize("path", ["data/extra", "extra.txt", "metadata/x", "chain/extra.json"])
def test_2_a_file_that_nobody_sealed_is_named(path: str) -> None:
    files = standard_case().bag_files() | {path: b"x"}
    with pytest.raises(BagError) as refused:
        verification.check_layout(files, files)
    assert refused.value.facts["object"] == path


def test_2_the_instructions_for_the_court_are_the_known_ones() -> None:
    files = standard_case().bag_files()
    files[chainfolder.README] += b"Do not look too closely.\n"
    with pytest.raises(BagError) as refused:
        verification.check_layout(files, files)
    assert refused.value.facts["object"] == chainfolder.README


def test_3_the_evidence_is_counted() -> None:
    files = [PayloadFile(path=path, size=2, sha256=b"d") for path in ("data/a", "data/b")]
    counted = verification.check_payload({"data/a": b"d", "data/b": b"d"}, files)
    assert counted == Payload(files=2, size=4)


def test_3_changed_evidence_is_named_and_counted() -> None:
    files = [PayloadFile(path=path, size=2, sha256=b"x") for path in ("data/a", "data/b")]
    with pytest.raises(DigestMismatchError, match="2 files in all") as refused:
        verification.check_payload({"data/a": b"d", "data/b": b"d"}, files)
    assert refused.value.facts["object"] == "data/a"


def test_4_the_tag_files_have_one_digest() -> None:
    assert verification.check_tag_files(standard_case().tags) == tag_manifest()


def test_4_a_changed_tag_file_is_named() -> None:
    files = standard_case().tags | {bag.CASE: b"{}"}
    with pytest.raises(DigestMismatchError) as refused:
        verification.check_tag_files(files)
    assert refused.value.facts["path"] == bag.CASE


def test_5_the_sender_signed() -> None:
    files = standard_case().bag_files()
    assert "QN bag seal" in verification.check_sender_signature(files, members()[QN])


def test_5_the_court_is_given_the_ca_of_the_directory() -> None:
    files = standard_case().bag_files() | {chainfolder.BAG_SEAL_CA: standard_case().qm.ca.pem}
    with pytest.raises(TrustError) as refused:
        verification.check_sender_signature(files, members()[QN])
    assert refused.value.facts["object"] == chainfolder.BAG_SEAL_CA


def test_5_a_signature_over_another_tag_manifest_names_the_manifest() -> None:
    files = standard_case().bag_files()
    files[bag.TAG_MANIFEST] += b"\n"
    with pytest.raises(DigestMismatchError) as refused:
        verification.check_sender_signature(files, members()[QN])
    assert refused.value.facts["object"] == bag.TAG_MANIFEST


def test_6_the_entry_is_the_senders() -> None:
    written = standard_case().package
    assert verification.check_entry(written.jws, written.entry, members()) == written.entry


def test_6_a_country_that_the_directory_does_not_know_is_refused() -> None:
    written = standard_case().package
    with pytest.raises(TrustError, match="does not know QM"):
        verification.check_entry(written.jws, written.entry, {QN: members()[QN]})


def test_6_a_key_counts_only_in_its_time() -> None:
    written = standard_case().package
    late = {name: aged(member) for name, member in members().items()}
    with pytest.raises(UnknownKeyError):
        verification.check_entry(written.jws, written.entry, late)


def aged(member: trust.Member) -> trust.Member:
    """A member whose seal was not yet in force."""
    seal = tuple(key.model_copy(update={"nbf": key.exp - 1}) for key in member.seal)
    return member.model_copy(update={"seal": seal})


def bind(**changes: Any) -> None:  # noqa: ANN401 - arguments of a check
    case = standard_case()
    size = sum(map(len, case.evidence.values()))
    given: dict[str, Any] = {
        "tag_manifest": tag_manifest(),
        "info": case.tags[bag.BAG_INFO],
        "payload": Payload(files=len(case.evidence), size=size),
    }
    verification.check_binding(changes.pop("package", body()), **given | changes)


def test_7_the_entry_is_of_this_bag() -> None:
    bind()


BINDINGS: dict[str, tuple[dict[str, Any], str]] = {
    "another_tag_manifest": ({"tag_manifest": b"x" * 32}, bag.TAG_MANIFEST),
    "another_package": ({"info": b"External-Identifier: x\n"}, bag.BAG_INFO),
    "fewer_files": ({"payload": Payload(files=1, size=1)}, bag.BAG_INFO),
}


@pytest.mark.parametrize("flaw", BINDINGS)
def test_7_an_entry_of_another_bag_is_refused(flaw: str) -> None:
    changes, where = BINDINGS[flaw]
    with pytest.raises(ProtocolError) as refused:
        bind(**changes)
    assert refused.value.facts["object"] == where


@pytest.mark.parametrize("member", ["items", "size"])
def test_7_an_entry_that_counts_otherwise_is_refused(member: str) -> None:
    with pytest.raises(BagError, match="counts"):
        bind(package=body().model_copy(update={member: 7}))


def test_8_the_log_holds_the_entry() -> None:
    written = standard_case().package
    leaf = verification.check_logged(written.logged(), written.entry, members()[QN])
    assert leaf.entry_hash == written.hash


def _other_leaf(logged: chainfolder.LoggedEntry) -> chainfolder.LoggedEntry:
    return replace(logged, leaf=standard_case().request.leaf)


def _other_proof(logged: chainfolder.LoggedEntry) -> chainfolder.LoggedEntry:
    return replace(logged, proof=standard_case().qn.written[0].proof.encode())


def _lines(*kept: int, flip: int | None = None) -> Callable[[chainfolder.LoggedEntry], bytes]:
    """Keep some of the four lines under the checkpoint: two of the log, two of the witness."""

    def change(logged: chainfolder.LoggedEntry) -> bytes:
        head, _, note = logged.proof.decode().partition("\n\n")
        text, _, signatures = note.rpartition("\n\n")
        lines = [signatures.splitlines(keepends=True)[number] for number in kept]
        if flip is not None:
            lines[flip] = (
                lines[flip][:-9] + ("B" if lines[flip][-9] == "A" else "A") + lines[flip][-8:]
            )
        return f"{head}\n\n{text}\n\n{''.join(lines)}".encode()

    return change


def _no_own_ml_dsa(logged: chainfolder.LoggedEntry) -> chainfolder.LoggedEntry:
    return replace(logged, proof=_lines(0, 2, 3)(logged))


def _no_cosignature(logged: chainfolder.LoggedEntry) -> chainfolder.LoggedEntry:
    return replace(logged, proof=_lines(0, 1)(logged))


def _half_a_cosignature(logged: chainfolder.LoggedEntry) -> chainfolder.LoggedEntry:
    return replace(logged, proof=_lines(0, 1, 2)(logged))


def _false_cosignature(logged: chainfolder.LoggedEntry) -> chainfolder.LoggedEntry:
    return replace(logged, proof=_lines(0, 1, 2, 3, flip=3)(logged))


LOG_FLAWS: dict[
    Callable[[chainfolder.LoggedEntry], chainfolder.LoggedEntry], tuple[type[ProtocolError], str]
] = {
    _other_leaf: (LogProofError, ".leaf"),
    _other_proof: (LogProofError, ".{leaf,tlog-proof}"),
    _no_own_ml_dsa: (MissingSignatureError, ".tlog-proof"),
    _no_cosignature: (UnwitnessedError, ".tlog-proof"),
    _half_a_cosignature: (UnwitnessedError, ".tlog-proof"),
    _false_cosignature: (SignatureError, ".tlog-proof"),
}


@pytest.mark.parametrize("flaw", LOG_FLAWS, ids=lambda flaw: flaw.__name__)
def test_8_an_entry_that_its_log_does_not_hold_is_refused(
    flaw: Callable[[chainfolder.LoggedEntry], chainfolder.LoggedEntry],
) -> None:
    logged = standard_case().package.logged()
    error, ending = LOG_FLAWS[flaw]
    with pytest.raises(error) as refused:
        verification.check_logged(flaw(logged), standard_case().package.entry, members()[QN])
    assert (type(refused.value), refused.value.facts["object"]) == (error, logged.name + ending)


def test_8_an_entry_of_a_closed_log_is_judged_by_that_logs_keys_and_policy() -> None:
    written, member = standard_case().package, members()[QN]
    told = member.log.model_dump(exclude={"unwitnessed_limit"}) | {"size": 99, "root": "AA=="}
    closed = ClosedLog(**told)
    stranger = WitnessKey.generate("stranger.example/w")
    opened = member.log.model_copy(update={"origin": "log.qn.example/2027", "vkeys": ()})
    moved = member.model_copy(update={"log": opened, "closed_logs": (closed,)})
    verification.check_logged(written.logged(), written.entry, moved)
    other = ClosedLog(**told | {"policy": policy(*stranger.vkeys())})
    with pytest.raises(UnwitnessedError):
        verification.check_logged(
            written.logged(), written.entry, moved.model_copy(update={"closed_logs": (other,)})
        )
    with pytest.raises(LogProofError):
        verification.check_logged(
            written.logged(), written.entry, member.model_copy(update={"log": opened})
        )


def test_8_a_seal_must_be_in_force_at_the_logged_time() -> None:
    written = standard_case().package
    with pytest.raises(UnknownKeyError):
        verification.check_logged(written.logged(), written.entry, aged(members()[QN]))
