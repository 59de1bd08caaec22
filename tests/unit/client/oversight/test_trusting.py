"""F28, on the side of who verifies: old keys prove what they signed, and sign nothing new."""

from pathlib import Path

import pytest
from securesystemslib.signer import CryptoSigner

from client.oversight.audit import audit
from client.oversight.findings import Check, Failure, Findings
from client.oversight.mirror import Mirror
from client.oversight.trusting import read_trust
from services.directory.repository import OnlineKeys, refresh
from shared.protocol import trust
from shared.protocol.canonical import Json, b64, encode, parse
from shared.protocol.checkpoints import LogKey
from shared.protocol.errors import TrustError
from shared.protocol.merkle import leaf_hash, root
from tests.founding import OfflineKeys, create_repository, publish_member
from tests.simulated_case import Case
from tests.simulated_mirror import write_log, write_mirror
from tests.simulated_node import START


class Ceremony:
    """A directory that is signed anew whenever a member changes."""

    def __init__(self, folder: Path, case: Case) -> None:
        self.folder, self.case = folder / "directory", case
        self.online, offline = OnlineKeys.generate(), OfflineKeys.generate()
        names = ("QM", "QN")
        self.signers = {name: CryptoSigner.generate_ed25519() for name in names}
        self.pinned = create_repository(
            self.folder,
            offline=offline,
            online=self.online,
            countries={name: each.public_key for name, each in self.signers.items()},
            now=START,
        )
        self.members = {"QM": case.qm.member().to_bytes(), "QN": case.qn.member().to_bytes()}
        for name in names:
            self.publish(name)

    def publish(self, name: str) -> None:
        signer = self.signers[name]
        publish_member(self.folder, self.members[name], signer=signer, now=START)

    def change(self, name: str, **log: Json) -> None:
        """Change the log of a member, or what it says beside it."""
        member = parse(self.members[name])
        assert isinstance(member, dict)
        for field, value in log.items():
            if field == "closed_logs":
                member[field] = value
            else:
                member["log"][field] = value  # type: ignore[index,call-overload]
        self.members[name] = encode(member)
        self.publish(name)

    def bundle(self) -> bytes:
        refresh(self.folder, online=self.online, now=START)
        metadata = {path.name: path.read_bytes() for path in (self.folder / "metadata").iterdir()}

        def newest(role: str) -> bytes:
            found = [name for name in metadata if name.endswith(f".{role}.json")]
            return metadata[max(found, key=lambda name: int(name.partition(".")[0]))]

        return trust.write_bundle(
            roots=[self.pinned],
            targets=newest("targets"),
            roles={trust.role_name(name): newest(trust.role_name(name)) for name in self.signers},
            members=self.members,
        )


class Scene:
    def __init__(self, folder: Path) -> None:
        self.case = Case()
        self.directory = Ceremony(folder, self.case)
        self.mirror = write_mirror(folder / "m", self.case, self.case.qm)
        self.old = self.case.qm.log_key
        self.new = LogKey.generate(self.old.origin)
        self.pull()

    def pull(self) -> None:
        """What a pull leaves in the mirror."""
        self.mirror.keep_directory(self.directory.bundle())
        write_log(self.mirror, self.case.qm)

    def failures(self, mirror: Mirror | None = None) -> list[Failure]:
        findings = Findings()
        audit(mirror or self.mirror, pinned_root=self.directory.pinned, findings=findings)
        return findings.failures

    def rotate(self) -> None:
        """The new keys beside the old, then the new ones alone."""
        self.directory.change("QM", vkeys=[*self.old.vkeys(), *self.new.vkeys()])
        self.case.qm.record(type="log.key_changed")
        self.pull()
        assert self.failures() == [], "the old keys sign on"
        self.case.qm.log_key = self.new
        self.pull()
        assert self.failures() == [], "or the new ones"
        self.directory.change("QM", vkeys=[*self.new.vkeys()])
        self.case.qm.record(type="log.heartbeat")
        self.pull()


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_what_replaced_keys_signed_still_holds(scene: Scene) -> None:
    scene.rotate()
    assert scene.failures() == []
    kept = [name for name, _ in scene.mirror.checkpoints()]
    assert len(kept) >= 4
    assert len(list(scene.mirror.directories())) == 3


def test_without_the_earlier_directory_it_does_not(scene: Scene) -> None:
    scene.rotate()
    for name, _ in scene.mirror.directories():
        (scene.mirror.folder / name).unlink()
    assert {each.check for each in scene.failures()} == {Check.CHECKPOINTS}


def test_a_replaced_key_signs_nothing_new(scene: Scene) -> None:
    """Whoever has stolen the old key cannot go on with it."""
    scene.rotate()
    scene.case.qm.log_key = scene.old
    scene.case.qm.record(type="log.heartbeat")
    scene.pull()
    (failure,) = scene.failures()
    assert (failure.check, failure.place) == (Check.CHECKPOINTS, "checkpoint")


def test_a_key_that_is_removed_too_early_is_noticed(scene: Scene) -> None:
    scene.directory.change("QM", vkeys=[*scene.new.vkeys()])
    scene.pull()
    (failure,) = scene.failures()
    assert (failure.check, failure.place) == (Check.CHECKPOINTS, "checkpoint")


def test_a_directory_that_was_changed_is_no_directory(scene: Scene) -> None:
    scene.rotate()
    name, content = next(scene.mirror.directories())
    scene.mirror.write(name, content.replace(b"A", b"B", 1))
    (failure,) = scene.failures()
    assert failure.check is Check.TRUST


def test_the_others_proofs_hold_after_they_changed_keys_and_policy(scene: Scene) -> None:
    """QN's proofs were cosigned by its first policy's quorum; another policy asks for another."""
    qn = scene.case.qn
    new = LogKey.generate(qn.log_key.origin)
    scene.directory.change("QN", vkeys=[*new.vkeys()], policy="quorum none\n")
    scene.pull()
    assert scene.failures() == []
    stranger = LogKey.generate("w.example").signers()[1].verifier().vkey()
    scene.directory.change("QN", policy=f"witness w {stranger}\nquorum w\n")
    scene.pull()
    assert scene.failures() == []


def test_a_proof_without_any_quorum_is_no_counterpart(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    stranger = LogKey.generate("w.example").signers()[1].verifier().vkey()
    scene.directory.change("QN", policy=f"witness w {stranger}\nquorum w\n")
    for name, _ in scene.mirror.directories():
        (scene.mirror.folder / name).unlink()
    scene.pull()
    failures = scene.failures()
    assert {each.check for each in failures} == {Check.INCOMING}
    assert len(failures) == len(scene.case.qm.counterparts)
    assert "the quorum has not cosigned" in failures[0].detail


def test_a_log_that_is_closed_ends_where_the_directory_says(scene: Scene) -> None:
    """A compromised key cannot go on with a log that was frozen (a dead log, F28)."""
    qm = scene.case.qm
    tree = root([leaf_hash(body) for body in qm.bodies])
    closed: dict[str, Json] = {
        "origin": qm.log_key.origin,
        "url": "https://gateway.qm.example/log",
        "vkeys": [*qm.log_key.vkeys()],
        "policy": parse(scene.directory.members["QM"])["log"]["policy"],  # type: ignore[index,call-overload]
        "size": len(qm.bodies),
        "root": b64(tree),
    }
    scene.directory.change("QM", origin="log.qm.example/2027", closed_logs=[closed])
    later = LogKey.generate("log.qm.example/2027")
    scene.directory.change("QM", vkeys=[*later.vkeys()])
    scene.pull()
    assert scene.failures() == []
    qm.record(type="audit.queried")
    scene.pull()
    (failure,) = scene.failures()
    assert (failure.check, "was closed at" in failure.detail) == (Check.CHECKPOINTS, True)


def test_logs_that_nobody_has(scene: Scene) -> None:
    trusted = read_trust(scene.mirror, scene.directory.pinned)
    with pytest.raises(TrustError, match="knows no log"):
        trusted.log("log.xx.example")
    with pytest.raises(TrustError, match="QN has no log"):
        trusted.log_of("QN", scene.old.origin)
    with pytest.raises(TrustError, match="does not know QX"):
        trusted.log_of("QX", scene.old.origin)
