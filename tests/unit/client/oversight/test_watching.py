"""A watch finds what is wrong with a log while it happens, and silence too."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from client.clock import utc_now
from client.errors import AccessError
from client.oversight.audit import audit
from client.oversight.findings import Findings
from client.oversight.mirror import Mirror
from client.oversight.watching import Watch
from client.sdk.session import connect
from shared.protocol.checkpoints import Checkpoint, sign_checkpoint
from shared.protocol.digests import content_digest, sha256
from shared.protocol.merkle import leaf_hash, root
from tests.scripted_gateway import Answer, Gateway, octets, problem, serve
from tests.simulated_case import Case
from tests.simulated_mirror import log_files
from tests.unit.client.cli.test_auditing import Log


@dataclass
class Wrist:
    """A watch's clock, which stands still unless it is set."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


class Desk:
    """An overseer who watches QM's log."""

    def __init__(self, gateway: Gateway, folder: Path) -> None:
        self.gateway, self.log, self.mirror = gateway, Log(gateway, Case()), Mirror(folder / "m")
        self.qm = self.log.case.qm
        self.time = Wrist(self.log.case.clock())
        self.pinned = self.log.case.directory[1]
        self.watch = Watch(
            session=connect(gateway.profile(), clock=utc_now, purpose="watch"),
            mirror=self.mirror,
            pinned_root=self.pinned,
            clock=self.time,
            entries_every=timedelta(hours=1),
            silence=timedelta(minutes=30),
        )

    def later(self, **times: int) -> None:
        self.time.now += timedelta(**times)
        self.log.case.clock.now = self.time.now

    def alarms(self) -> list[str]:
        return [each.code for each in self.watch.look().alarms]

    def holds(self) -> bool:
        findings = Findings()
        audit(self.mirror, pinned_root=self.pinned, findings=findings)
        return not findings.failures


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    folder = tmp_path / "gateway"
    folder.mkdir()
    with serve(folder) as gateway:
        yield Desk(gateway, tmp_path)


def test_heads_are_looked_at_often_and_entries_now_and_then(desk: Desk) -> None:
    first = desk.watch.look()
    assert (first.audited, first.size, first.alarms) == (True, len(desk.qm.bodies), ())
    seen = first
    for _ in range(3):
        desk.later(minutes=20)
        for _ in range(100):
            desk.qm.record(type="audit.queried")
        before = len(desk.gateway.calls)
        seen = desk.watch.look()
        paths = {call.path for call in desk.gateway.calls[before:]}
        trace = [path for path in paths if "/v1/audit" in path or "entries" in path]
        assert (seen.size, seen.alarms) == (len(desk.qm.bodies), ())
        assert bool(trace) == seen.audited
    assert seen.audited
    assert len(list(desk.mirror.checkpoints())) == 2, "of the heads in between none is kept"
    assert desk.holds()
    assert not list(desk.mirror.folder.glob("tile/0/000.p/*")), "nor their partial tiles"


def test_the_mirror_holds_at_any_moment(desk: Desk) -> None:
    desk.watch.look()
    for _ in range(300):
        desk.qm.record(type="audit.queried")
    desk.watch.look()
    assert desk.holds(), "the new head is there, the entries are not, and the old tiles are"


@pytest.mark.parametrize("grown", [0, 300])
def test_a_rewritten_log_is_found_by_its_head_alone(desk: Desk, grown: int) -> None:
    desk.watch.look()
    desk.qm.bodies[3] = desk.qm.bodies[2]
    for _ in range(grown):
        desk.qm.record(type="audit.queried")
    (alarm,) = desk.watch.look().alarms
    assert (alarm.code, alarm.exit_code) == ("inconsistent_log", 3)
    if grown:
        assert "the evidence is in" in alarm.detail
        assert len(list((desk.mirror.folder / "evidence").glob("*.misbehaviour.json"))) == 1
    desk.later(hours=2)
    assert desk.alarms(), "it is so at the next audit"


def test_two_roots_of_one_size_are_found(desk: Desk) -> None:
    desk.watch.look()
    hashes = [leaf_hash(body) for body in desk.qm.bodies]
    told = Checkpoint(origin=desk.qm.log_key.origin, size=len(hashes), root=root(hashes[::-1]))
    note = sign_checkpoint(told, desk.qm.log_key, desk.time())
    desk.gateway.routes["GET /log/checkpoint"] = Answer(body=note.encode())
    assert desk.alarms() == ["inconsistent_log"]


def test_a_log_that_went_back_is_found(desk: Desk) -> None:
    desk.watch.look()
    desk.qm.bodies.pop()
    assert desk.alarms() == ["inconsistent_log"]


def test_a_head_without_its_quorum_is_told(desk: Desk) -> None:
    desk.watch.look()
    desk.qm.record(type="audit.queried")
    note = desk.qm.checkpoint().split("\n")
    alone = "\n".join(note[:6]) + "\n"
    desk.gateway.routes["GET /log/checkpoint"] = Answer(body=alone.encode())
    assert desk.alarms() == ["unwitnessed"]
    desk.gateway.routes["GET /log/checkpoint"] = Answer(body=b"nonsense")
    assert desk.alarms() == ["malformed"]


def test_an_audit_tells_each_check_that_fails(desk: Desk) -> None:
    desk.watch.look()
    desk.later(hours=1)
    desk.qm.bodies += [b"{}"] * 5
    (alarm,) = desk.watch.look().alarms
    assert alarm.code == "check_5"
    assert alarm.detail.endswith("and 2 more")


def test_a_log_that_says_nothing_new_is_silent(desk: Desk) -> None:
    note = desk.qm.checkpoint()
    desk.gateway.routes["GET /log/checkpoint"] = Answer(body=note.encode())
    assert desk.alarms() == []
    desk.later(minutes=31)
    (alarm,) = desk.watch.look().alarms
    assert (alarm.code, alarm.exit_code) == ("log_silent", 7)
    assert alarm.detail.startswith("nothing since 2026-11-21T")
    del desk.gateway.routes["GET /log/checkpoint"]
    desk.qm.record(type="log.heartbeat")
    assert desk.alarms() == []


def test_a_node_that_does_not_answer_is_waited_for_and_then_told(desk: Desk) -> None:
    assert desk.alarms() == []
    desk.later(minutes=10)
    desk.gateway.routes["GET /v1/directory"] = Answer(
        body=b"garbled", headers={"Content-Digest": content_digest(sha256(b"other"))}
    )
    seen = desk.watch.look()
    assert (seen.size, seen.alarms) == (None, ())
    desk.later(minutes=21)
    (alarm,) = desk.watch.look().alarms
    assert (alarm.code, "no answer since" in alarm.detail) == ("log_silent", True)
    desk.gateway.routes["GET /v1/directory"] = Answer(body=desk.log.case.directory[0])
    desk.qm.record(type="log.heartbeat")
    assert desk.alarms() == []


def test_a_log_ahead_of_our_clock_is_told(desk: Desk) -> None:
    desk.log.case.clock.now += timedelta(minutes=10)
    assert desk.alarms() == ["log_ahead"]


def test_a_closed_log_is_not_silent_but_over(desk: Desk) -> None:
    """The mirror stays the mirror of its log, read where closed logs are."""
    assert desk.alarms() == []
    case, origin = desk.log.case, desk.qm.log_key.origin
    desk.qm = case.qm.turn("log.qm.example/2027")
    case.__dict__.pop("directory", None)
    bundle, pinned = case.directory
    for earlier in desk.mirror.folder.glob("directories/*"):
        earlier.unlink()  # of another ceremony: the simulation holds a new one for each directory
    desk.watch.pinned_root = pinned
    desk.gateway.routes["GET /v1/directory"] = Answer(body=bundle)
    note, files = desk.qm.checkpoint(), log_files(desk.qm.bodies)
    place = f"/logs/{sha256(origin.encode()).hex()}"
    desk.gateway.routes[f"GET {place}/checkpoint"] = Answer(body=note.encode())
    for path, content in files.items():
        desk.gateway.routes[f"GET {place}/{path}"] = octets(content)
    desk.later(minutes=40)
    (alarm,) = desk.watch.look().alarms
    assert (alarm.code, alarm.exit_code) == ("log_closed", 6)


def test_who_may_not_read_cannot_watch(desk: Desk) -> None:
    desk.gateway.routes["GET /v1/directory"] = problem(403, "forbidden", detail="No.")
    with pytest.raises(AccessError):
        desk.watch.look()


def test_a_pattern_of_misuse_is_told_when_new_entries_complete_it(desk: Desk) -> None:
    told = {"type": "request.described", "reason": "PRT-LAWYER", "peer": "QN"}
    desk.qm.record(case_id=desk.log.case.request_id, **told)
    assert desk.alarms() == [], "it was there before the watch"
    desk.qm.record(case_id=desk.log.case.package_id, **told)
    desk.later(hours=1)
    (alarm,) = desk.watch.look().alarms
    assert (alarm.code, alarm.exit_code) == ("misuse_m06", 9)
    assert "it concerns a lawyer" in alarm.detail
    desk.later(hours=1)
    assert desk.alarms() == []


def test_many_of_a_pattern_are_one_alarm(desk: Desk) -> None:
    desk.watch.look()
    for number in range(5):
        case = f"01890a5d-ac96-774b-9000-{number:012x}"
        desk.qm.record(case_id=case, type="request.described", reason="PRT-LAWYER", peer="QN")
    desk.later(hours=1)
    (alarm,) = desk.watch.look().alarms
    assert alarm.detail.count("it concerns a lawyer") == 3
    assert alarm.detail.endswith("and 2 more")
