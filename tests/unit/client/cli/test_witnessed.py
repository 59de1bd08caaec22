"""`rogatory audit pull --witness`, `audit verify --policy`, and the command line of the witness."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from client.oversight.mirror import Mirror
from shared.protocol import merkle
from shared.protocol.checkpoints import Checkpoint, sign_checkpoint
from shared.protocol.cosignatures import WitnessKey, verify_cosignatures
from shared.protocol.misbehaviour import parse_evidence, verify_evidence
from shared.protocol.policies import Group, Policy, PolicyLog, PolicyWitness, format_policy
from tests.scripted_gateway import Answer, Call, Gateway
from tests.simulated_case import Case
from tests.simulated_mirror import write_mirror
from tests.unit.client.cli.conftest import Cli, Ran
from tests.unit.client.cli.test_auditing import PULL, Log
from tests.witness_at_work import Desk, serving


class Watch:
    """A witness of QM's log on a real socket, and the overseer who pulls."""

    def __init__(self, folder: Path, log: Log, known: Cli, desk: Desk) -> None:
        self.folder, self.log, self.known, self.desk = folder, log, known, desk
        self.url = ""
        self.mirror, self.root = Mirror(folder / "m"), folder / "pinned.json"
        self.root.write_bytes(log.case.directory[1])
        self.vkeys = desk.witness.key.vkeys()

    def pull(self, *more: str | Path) -> Ran:
        keys = [word for vkey in self.vkeys for word in ("--witness-key", vkey)]
        line = [*PULL, "-o", self.mirror.folder, "--root", self.root]
        return self.known(*line, "--witness", self.url, *keys, *more)

    def verify(self, *more: str | Path) -> Ran:
        return self.known("audit", "verify", self.mirror.folder, "--root", self.root, *more)

    def grow(self, size: int) -> None:
        while len(self.log.case.qm.bodies) < size:
            self.log.case.qm.record(type="audit.queried")

    def show(self, size: int, *, forked: bool = False) -> None:
        """Let the witness cosign the first entries of the log, or of another history."""
        qm = self.log.case.qm
        leaves = [merkle.leaf_hash(body) for body in qm.bodies[:size]]
        leaves[1] = b"x" * 32 if forked else leaves[1]
        told = Checkpoint(origin=qm.log_key.origin, size=size, root=merkle.root(leaves))
        assert self.desk.add(0, sign_checkpoint(told, qm.log_key, qm.clock())).status == 200

    def evidence(self, kind: str) -> list[Path]:
        return list((self.mirror.folder / "evidence").glob(f"*.{kind}.json"))

    def policy(self, **more: WitnessKey) -> Path:
        keys = {"w": self.desk.witness.key, **more}
        witnesses = tuple(
            PolicyWitness(name=f"{name}{number}", vkey=vkey)
            for name, key in keys.items()
            for number, vkey in enumerate(key.vkeys())
        )
        members = tuple(each.name for each in witnesses)
        both = Group(name="both", threshold=len(members), members=members)
        logs = tuple(PolicyLog(vkey=vkey) for vkey in self.log.case.qm.log_key.vkeys())
        policy = Policy(logs=logs, witnesses=witnesses, groups=(both,), quorum="both")
        path = self.folder / "policy"
        path.write_bytes(format_policy(policy))
        return path


@pytest.fixture
def watch(known: Cli, gateway: Gateway, tmp_path: Path) -> Iterator[Watch]:
    log = Log(gateway, Case())
    desk = Desk(tmp_path / "w", log.case.qm.log_key.vkeys())
    with serving(desk) as url:
        found = Watch(tmp_path, log, known, desk)
        found.url = url
        yield found


def test_a_mirror_is_cosigned_as_it_grows_and_the_policy_holds(watch: Watch) -> None:
    for size in (0, 0, 300, 600):
        watch.grow(size)
        said = watch.pull("--json")
        assert said.code == 0, said.err
        assert said.json["witnessed"][0]["witness"] == watch.url
        assert [*said.json["witnessed"][0]["times"]] == ["oversight.example/w1"]
    kept = [text for _, text in watch.mirror.checkpoints()]
    assert sum(bool(verify_cosignatures(text, watch.vkeys)) for text in kept) == 4
    said = watch.verify("--policy", watch.policy())
    assert (said.code, "11 ok" in said.out, "w0 at 20" in said.out) == (0, True, True)
    assert "cosigned by oversight.example/w1 at http" in watch.pull().out
    assert watch.desk.alarms == []


def test_a_policy_says_who_is_missing(watch: Watch) -> None:
    assert watch.known(*PULL, "-o", watch.mirror.folder, "--root", watch.root).code == 0
    said = watch.verify("--policy", watch.policy())
    assert (said.code, f"(both, by {watch.policy()}); missing: w0, w1" in said.out) == (3, True)
    watch.pull()
    said = watch.verify("--policy", watch.policy(other=WitnessKey.generate("other.example/w")))
    assert (said.code, "missing: other0, other1" in said.out) == (3, True)


def test_a_policy_for_another_log_does_not_hold(watch: Watch) -> None:
    watch.pull()
    case = Case()
    mirror = write_mirror(watch.folder / "other", case, case.qm)
    (watch.folder / "other.json").write_bytes(case.directory[1])
    line = ["audit", "verify", mirror.folder, "--root", watch.folder / "other.json"]
    said = watch.known(*line, "--policy", watch.policy())
    assert (said.code, "11 FAILED" in said.out) == (3, True)


def test_a_false_line_under_a_witness_name_is_told(watch: Watch) -> None:
    watch.pull()
    (name, text) = next(each for each in watch.mirror.checkpoints() if "oversight" in each[1])
    at = text.rindex("A", 0, -10)
    watch.mirror.write("checkpoints/9-unreadable", b"\xff")
    watch.mirror.write(name, f"{text[:at]}B{text[at + 1 :]}".encode())
    said = watch.verify("--policy", watch.policy())
    assert (said.code, "11 FAILED" in said.out) == (3, True)


@pytest.mark.parametrize("size", [3, 512, 600])
def test_a_history_that_only_the_witness_saw_is_evidence(watch: Watch, size: int) -> None:
    watch.grow(600)
    watch.show(size, forked=True)
    said = watch.pull("--json")
    assert (said.code, said.json["error"]["code"]) == (3, "inconsistent_log")
    assert f"another history of log.qm.example/2026 at {size} entries" in said.err
    (place,) = watch.evidence("misbehaviour")
    assert str(place) in said.err
    keys = watch.log.case.qm.log_key.vkeys()
    proven = verify_evidence(parse_evidence(place.read_bytes()), pinned=keys)
    assert (proven.smaller.size, proven.larger.size) == (size, 600)
    assert watch.verify().code == 3, "the mirror tells of it from now on"
    assert watch.pull().code == 3


def test_a_log_that_shows_less_than_the_witness_saw_is_told(watch: Watch) -> None:
    watch.grow(20)
    watch.show(20)
    del watch.log.case.qm.bodies[18:]
    said = watch.pull()
    assert (said.code, "has seen 20 entries of" in said.err) == (3, True)
    (place,) = watch.evidence("answer")
    assert str(place) in said.err
    said = watch.verify()
    assert (said.code, "went back from 20 to 18" in said.out) == (3, True)


def test_a_log_that_grows_meanwhile_is_pulled_again(watch: Watch, gateway: Gateway) -> None:

    last = "GET /v1/audit/channels/QN/links"  # what a pull reads after the log
    links = gateway.routes[last]
    assert callable(links)

    def grow(call: Call) -> Answer:
        if len(watch.log.case.qm.bodies) < 30:
            watch.grow(30)
            watch.show(30)
        return links(call)

    gateway.routes[last] = grow
    said = watch.pull("--json")
    assert (said.code, said.json["size"], said.json["before"]) == (0, 30, 0)


def test_what_the_mirror_saw_before_is_evidence_too(watch: Watch) -> None:
    watch.pull()
    qm = watch.log.case.qm
    qm.bodies[3] = qm.bodies[2]
    watch.grow(len(qm.bodies) + 3)
    said = watch.pull()
    assert (said.code, "signed two histories" in said.err) == (3, True)
    assert len(watch.evidence("misbehaviour")) == 1


def test_tiles_that_do_not_lead_to_the_root_are_not_sent(watch: Watch) -> None:
    watch.grow(300)
    watch.pull()
    path = "tile/1/000.p/1"
    watch.mirror.write(path, bytes(32))
    said = watch.pull()
    assert (said.code, "do not lead to the signed root" in said.err) == (3, True)


def test_a_witness_that_cannot_or_will_not(watch: Watch) -> None:
    stranger = WitnessKey.generate("stranger.example/w")
    watch.vkeys, own = stranger.vkeys(), watch.vkeys
    assert watch.pull().code == 3
    watch.vkeys = own[:1]
    assert watch.pull().code == 0, "whoever pins one key gets one"
    watch.vkeys = [own[0], stranger.vkeys()[0]]
    assert watch.pull().code == 0
    watch.vkeys = own
    assert watch.pull("--witness", "http://127.0.0.1:1").code == 7
    watch.desk.witness.logs.clear()  # type: ignore[attr-defined]
    assert watch.pull().code == 5
    assert watch.pull("--witness", "ftp://nowhere").code == 2
    watch.vkeys = []
    assert watch.pull().code == 2
    watch.vkeys = watch.log.case.qm.log_key.vkeys()[:1]
    assert watch.pull().code == 2


def test_a_witness_wants_a_log_an_address_and_a_name(watch: Watch) -> None:
    data, log = watch.folder / "new", ["--log", watch.log.case.qm.log_key.vkeys()[0]]
    start = ["witness", "--listen", "127.0.0.1:0", "--data", data]
    assert watch.known(*start).code == 2
    assert watch.known(*start, *log).code == 2
    assert watch.known(*start, *log, "--name", watch.log.case.qm.log_key.origin).code == 2
    bad = ["witness", "--listen", "8080", "--data", watch.folder / "w"]
    bundle = watch.folder / "bundle"
    bundle.write_bytes(watch.log.case.directory[0])
    assert watch.known(*bad, "--trust", bundle, "--root", watch.root).code == 2
