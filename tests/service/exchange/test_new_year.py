"""A country's log ends and another one follows: what is under way goes on, and nothing else is taken."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from client.federation.folder import read_held
from services.audit import succession
from services.audit.main import _app as compose_audit
from services.audit.marks import Marks
from services.audit.settings import AuditSettings
from services.audit.signer import Signer
from services.audit.succession import Ledger, NotEndedError
from services.exchange.store import entries, peers
from shared.protocol import canonical, leaves
from shared.protocol.canonical import b64
from shared.protocol.checkpoints import LogKey
from shared.runtime.database import migrate, open_database
from tests.ceremonies import change
from tests.service.exchange.audits import keystore_in
from tests.service.exchange.node import trust_bundle
from tests.service.exchange.pair import Country, Pair, _answered
from tests.service.exchange.wires import chain, write
from tests.simulator import Answered

NEXT = "qm.rogatory.example/log/2027"
Case = tuple[Pair, str]
Shown = dict[str, Any]


class Turn:
    """QM's turn from one log to the next."""

    def __init__(self, pair: Pair, folder: Path) -> None:
        self.pair, self.folder, self.qm = pair, folder, pair.qm
        self.key = LogKey.generate(NEXT)
        self.parts = self.qm.audit_app.app.state.parts  # type: ignore[attr-defined]
        self.repository = folder / "repository"
        federation = self.qm.node.federation
        shutil.copytree(federation / "directory/repository", self.repository)
        self.ceremony = federation / "ceremony"

    @property
    def old(self) -> Ledger:
        log = self.parts.log
        return Ledger(
            origin=log.origin, database=log.database, confidential=log.confidential, clock=log.clock
        )

    def close(self) -> None:
        """Have the running log end, and be cosigned."""
        succession.close(self.old)
        self.parts.signals.arrived()
        for _ in range(500):
            self.qm.witnessed()
            try:
                succession.end(self.old, dead=False)
            except NotEndedError:
                time.sleep(0.02)
            else:
                return
        pytest.fail("the end was not published")

    def begin(self, *, dead: bool = False) -> Shown:
        """Begin the next log, and let QM's services use it; give what the directory is to say."""
        ended = succession.end(self.old, dead=dead)
        told = self._settings()
        database = open_database(told.database_url("audit"))
        migrate(database, "services.audit.migrations")
        new = replace(self.old, origin=NEXT, database=database)
        marks = Marks(told.witness_state)
        succession.begin(new, ended, before=self.old.database, marks=marks)
        log = replace(
            self.parts.log,
            origin=NEXT,
            database=database,
            signer=Signer(self.key, told.signer_state),
        )
        keystore = keystore_in(self.qm.node.federation / "QM/audit/etc")
        app = compose_audit(log, self.parts.membership, told, keystore)
        self._serve(self.pair.stack.enter_context(TestClient(app)))
        digest = sha256(ended.origin.encode()).hexdigest()
        return {
            "origin": ended.origin,
            "url": f"https://qm.example/logs/{digest}",
            "vkeys": list(ended.vkeys),
            "policy": self.qm.node.parts.directory.member("QM").log.policy,
            "size": ended.size,
            "root": b64(ended.root),
        }

    def _settings(self) -> AuditSettings:
        etc = self.qm.node.federation / "QM/audit/etc"
        shelf = self.folder / "closed.json"
        url = self.old.database.engine.url.render_as_string(hide_password=False)
        shelf.write_bytes(canonical.encode({self.old.origin: url}))
        data = self.folder / "2027"
        data.mkdir()
        return AuditSettings(
            country="QM",
            data=data,
            passphrase_file=etc / "passphrase",
            keystore=etc / "keystore",
            internal_keys=etc / "internal",
            root=etc / "root.json",
            audit_listen="127.0.0.1:0",
            gateway_internal_url="http://127.0.0.1:9",
            log_origin=NEXT,
            closed_logs=shelf,
            batch_ms=1,
            witness_start_s=0,
        )

    def _serve(self, audit: TestClient) -> None:
        def to_audit(method: str, path: str, headers: Any, body: bytes) -> Answered:  # noqa: ANN401
            return _answered(audit.request(method, path, content=body, headers=dict(headers)))

        self.qm.audit_app, self.qm.to_audit.serve = audit, to_audit

    def publish(self, closed: Shown, *, to: tuple[Country, ...] | None = None) -> None:
        """Say it in the directory."""
        ended, begun = self.folder / "ended.json", self.folder / "begun.json"
        ended.write_bytes(canonical.encode(closed))
        begun.write_bytes(canonical.encode({"origin": NEXT, "vkeys": [*self.key.vkeys()]}))
        change(self.repository, self.ceremony, "QM", "--closed", ended, "--log", begun)
        for country in to or (self.pair.qm, self.pair.qn):
            country.node.parts.directory.adopt(self._bundle())

    def _bundle(self) -> bytes:
        newest = read_held(self.repository).members["QM"].to_bytes()
        role = max((self.repository / "metadata").glob("*.country-QM.json"))
        made = canonical.parse(trust_bundle(self.qm.node.federation, QM=newest), max_size=2**23)
        assert isinstance(made, dict)
        assert isinstance(made["roles"], dict)
        made["roles"]["country-QM"] = canonical.b64u(role.read_bytes())
        return canonical.encode(made)


@pytest.fixture
def turn(accepted_case: Case, tmp_path: Path) -> Turn:
    return Turn(accepted_case[0], tmp_path / "turn")


def kept(country: Country) -> str:
    with country.database.begin() as db:
        known = peers.kept_log(db, "QM")
    assert known is not None
    return known.checkpoint.origin


def last(pair: Pair) -> entries.StoredEntry:
    with pair.qm.database.read() as db:
        return list(entries.walk(db, "QM>QN"))[-1]


def test_what_is_under_way_goes_on_over_new_year(turn: Turn) -> None:
    pair = turn.pair
    write(pair.qm)
    pair.qm.logged()  # its place and its proof are in the old log
    turn.close()
    write(pair.qm)  # and this one waits in the old log's inbox, or with us
    closed = turn.begin()
    turn.publish(closed)
    pair.settle()
    assert chain(pair.qm) == chain(pair.qn)
    assert kept(pair.qn) == NEXT
    write(pair.qm)
    pair.settle()
    assert chain(pair.qm) == chain(pair.qn)
    leaf = last(pair).leaf
    assert leaf is not None
    assert leaves.parse(leaf).log == NEXT


def test_nothing_leaves_before_the_directory_says_so(turn: Turn) -> None:
    pair = turn.pair
    turn.close()
    closed = turn.begin()
    write(pair.qm)
    pair.settle()
    assert last(pair).state == "LOGGED", "our own check refuses what the peer would"
    turn.publish(closed)
    pair.clock.advance(timedelta(minutes=1))
    pair.settle()
    assert chain(pair.qm) == chain(pair.qn)


def test_a_peer_without_the_news_refuses_until_it_has_them(turn: Turn) -> None:
    pair = turn.pair
    turn.close()
    closed = turn.begin()
    turn.publish(closed, to=(pair.qm,))
    write(pair.qm)
    pair.settle()
    assert last(pair).state == "WITNESSED"
    pair.qn.node.parts.directory.adopt(turn._bundle())
    pair.clock.advance(timedelta(hours=1))
    pair.settle()
    assert chain(pair.qm) == chain(pair.qn)


Lie = Callable[[Shown], Shown]


@pytest.mark.parametrize(
    "lie",
    [
        lambda closed: closed | {"size": 1, "root": b64(b"x" * 32)},
        lambda closed: closed | {"origin": "qm.rogatory.example/other"},
    ],
    ids=["ended before what was accepted", "another log"],
)
def test_a_log_that_does_not_follow_is_refused(turn: Turn, lie: Lie) -> None:
    pair = turn.pair
    turn.close()
    closed = turn.begin()
    turn.publish(lie(closed))
    write(pair.qm)
    pair.settle()
    held = last(pair)
    assert held.state == "WITNESSED"
    assert "inconsistent_log" in str(held.last_error)
    assert kept(pair.qn) != NEXT


def test_what_a_dead_log_never_showed_is_logged_anew(turn: Turn) -> None:
    """The log died after it took an entry and before any witness saw it."""
    pair = turn.pair
    write(pair.qm)
    pair.qm.witness, witness = None, pair.qm.witness
    pair.qm.logged()
    lost = last(pair)
    assert lost.state == "LOGGED"
    turn.publish(turn.begin(dead=True))
    pair.qm.witness = witness
    pair.settle()
    found = last(pair)
    assert (found.hash, found.state) == (lost.hash, "DELIVERED")
    assert found.leaf is not None
    assert leaves.parse(found.leaf).log == NEXT
    assert chain(pair.qm) == chain(pair.qn)
