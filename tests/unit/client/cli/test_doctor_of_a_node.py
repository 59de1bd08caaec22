"""What `rogatory doctor` makes of what a node tells its operators."""

from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from client.cli.handshake import certificate
from shared.protocol.jose import thumbprint
from tests.federated import Repository, document
from tests.scripted_gateway import Answer, Gateway, answer, problem
from tests.simulated_node import START
from tests.unit.client.cli.conftest import Cli, Ran

GIB = 2**30
PEER = "/v1/ops/peers/QN"
SELFTEST = f"{PEER}/selftest"
CONDITION = {
    "disk": {"free": 50 * GIB, "total": 100 * GIB},
    "database": {"kind": "sqlite", "version": "3.53.4", "journal": "wal", "size": 2**20},
    "certificates": [{"name": "tls", "not_after": 4_000_000_000, "days_left": 9}],
}
WAY = [{"name": name, "result": "ok", "detail": "", "next": None} for name in ("dns", "tcp", "tls")]
SENT = {"entry": {"channel": "QM>QN", "epoch": 0, "seq": 3}, "outcome": None, "reason": None}
TOLD: dict[str, Any] = {
    "GET /v1/ops/health": {
        "gateway": {
            "view": {"level": "green", "says": [], "expires": "x", "source": "directory"},
            "edge": {"level": "green", "tls": "own", "says": []},
            "denials_waiting": 0,
            "clients": {"keys_ending": [], "proposals_open": 0},
            "token_keys": {"began": 1_700_000_000, "next": None, "overdue": False},
        },
        "exchange": {"status": "ok", "parts": {"courier": "ok"}},
        "audit": {"status": "ok", "parts": {}},
    },
    "GET /v1/ops/condition": CONDITION,
    "GET /v1/ops/condition/exchange": CONDITION,
    "GET /v1/ops/condition/audit": {**CONDITION, "certificates": []},
    "GET /v1/ops/log": {
        "alarm": None,
        "stages": {"signed": {"size": 7}, "published": {"size": 5}},
        "witnesses": [{"name": "QN-1", "outcome": "cosigned"}],
        "unwitnessed_for": 3,
        "limit": 600,
    },
    "GET /v1/ops/channels": {
        "channels": [{"channel": "QM>QN", "entries": 4, "contradictions": []}],
        "outbox": {"events": 0, "since": None},
    },
    f"GET {PEER}": {"country": "QN", "steps": WAY},
    f"POST {SELFTEST}": {**SENT, "state": "SIGNED"},
    f"GET {SELFTEST}": {**SENT, "state": "DELIVERED", "outcome": "RelayAcceptance"},
}
Ask = Callable[..., Ran]


@pytest.fixture
def ask(known: Cli, gateway: Gateway, root: Path, tmp_path: Path) -> Ask:
    """Ask the doctor about a node of which some things are told otherwise."""
    made = Repository.make(tmp_path / "federation", START)
    made.publish(document("QM", gateway=gateway.url))
    made.publish(document("QN", gateway="https://qn.example"))
    root.write_bytes(made.root)
    gateway.scope = "ops:health"
    gateway.routes["GET /v1/directory"] = lambda _: Answer(body=made.bundle())

    def asked(*words: str, **changed: Any) -> Ran:  # noqa: ANN401 - any JSON
        told = deepcopy(TOLD)
        begun = changed.pop("begin", answer(told.pop(f"POST {SELFTEST}")))
        for place, value in changed.items():
            _set(told, place.split("__"), value)
        key = {"kid": thumbprint(gateway.key), "exp": 4_000_000_000}
        gateway.routes["GET /v1/clients/self"] = answer({"keys": [key]})
        for line, value in told.items():
            gateway.routes[line] = answer(value)
        gateway.routes[f"POST {SELFTEST}"] = begun
        return known("doctor", "--json", *words)

    return asked


SHORT = {
    "health": "GET /v1/ops/health",
    "condition": "GET /v1/ops/condition",
    "log": "GET /v1/ops/log",
    "channels": "GET /v1/ops/channels",
    "way": f"GET {PEER}",
    "test": f"GET {SELFTEST}",
}


def _set(told: dict[str, Any], place: list[str], value: object) -> None:
    at = told[SHORT[place[0]]]
    for name in place[1:-1]:
        at = at[int(name)] if isinstance(at, list) else at[name]
    at[int(place[-1]) if isinstance(at, list) else place[-1]] = value


def found(said: Ran) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in said.json["findings"]}


def test_a_node_that_is_well(ask: Ask) -> None:
    said = ask()
    assert (said.code, {each["result"] for each in found(said).values()} <= {"ok", "WARN"}) == (
        0,
        True,
    )
    names = [name for name in found(said) if name.startswith("peer")]
    assert names == ["peer QN dns", "peer QN tcp", "peer QN tls", "peer QN selftest"]
    assert "published 5, signed 7; QN-1 cosigned" in found(said)["log"]["detail"]


FLAWS: dict[str, tuple[dict[str, Any], str, int, str]] = {
    "audit is away": (
        {"health__audit": {"status": "away", "error": "ConnectionError"}},
        "audit",
        7,
        "does it run",
    ),
    "the directory expired": (
        {"health__gateway__view__level": "red"},
        "directory view",
        7,
        "refresh",
    ),
    "the directory ages": (
        {"health__gateway__view__level": "yellow"},
        "directory view",
        0,
        "refresh",
    ),
    "a new certificate is broken": (
        {"health__gateway__edge": {"level": "red", "says": ["tls.pem: no certificate"]}},
        "edge",
        7,
        "mend",
    ),
    "the edge has a word": ({"health__gateway__edge__says": ["x"]}, "edge", 0, "log"),
    "refusals wait": ({"health__gateway__denials_waiting": 7}, "denials", 0, "log"),
    "a client's key ends": (
        {"health__gateway__clients__keys_ending": [{"client_id": "urn:x", "until": "soon"}]},
        "key of urn:x",
        0,
        "client rotate urn:x",
    ),
    "no next token key": ({"health__gateway__token_keys__overdue": True}, "token keys", 0, "log"),
    "the disk is full": ({"condition__disk__free": 1}, "disk gateway", 7, "room"),
    "the disk fills": ({"condition__disk__free": 5 * GIB}, "disk gateway", 0, "room"),
    "PostgreSQL may lose": (
        {"condition__database": {"kind": "postgresql", "journal": "off"}},
        "database gateway",
        7,
        "synchronous_commit",
    ),
    "an old SQLite": ({"condition__database__journal": "delete"}, "database gateway", 0, "3.51.3"),
    "a certificate ended": (
        {"condition__certificates__0__not_after": 1},
        "certificate gateway tls",
        7,
        "new certificate",
    ),
    "the log raised an alarm": (
        {"log__alarm": {"code": "other_history", "detail": "x"}},
        "log",
        8,
        "alarm",
    ),
    "nobody cosigns": ({"log__unwitnessed_for": 601}, "log", 7, "witnesses"),
    "the log lags": (
        {"channels__outbox": {"events": 3, "since": "2026-01-01T00:00:00.000Z"}},
        "log lag",
        7,
        "audit",
    ),
    "a channel is broken": (
        {"channels__channels__0__first_break": "entry 0/2 is missing"},
        "channel QM>QN",
        8,
        "two officers",
    ),
    "the peer contradicts itself": (
        {"channels__channels__0__contradictions": ["fork"]},
        "channel QM>QN",
        8,
        "two officers",
    ),
    "an entry does not arrive": (
        {"channels__channels__0__last_error": "timeout"},
        "channel QM>QN",
        0,
        "way",
    ),
    "a name does not resolve": (
        {"way__steps__0": {"name": "dns", "result": "failed", "detail": "x", "next": "resolver"}},
        "peer QN dns",
        7,
        "resolver",
    ),
    "the peer rejects": ({"test__outcome": "RelayRejection"}, "peer QN selftest", 7, "why"),
}


@pytest.mark.parametrize("flaw", FLAWS)
def test_what_is_not_well_is_named_with_what_to_do(ask: Ask, flaw: str) -> None:
    changed, name, code, step = FLAWS[flaw]
    said = ask(**changed)
    assert (said.code, said.json["healthy"]) == (code, code == 0)
    assert found(said)[name]["result"] == ("FAILED" if code else "WARN")
    assert step in found(said)[name]["next"]


def test_open_proposals_are_told(ask: Ask) -> None:
    said = ask(health__gateway__clients__proposals_open=2)
    assert "2 wait" in found(said)["proposals"]["detail"]


def test_a_receipt_that_does_not_come(ask: Ask) -> None:
    said = ask("--wait", "0.1", test__outcome=None, test__state="LOGGED", test__reason="late")
    assert said.code == 7
    assert "witnesses" in found(said)["peer QN selftest"]["next"]


def test_a_peer_is_tested_only_where_it_is_reached(ask: Ask, gateway: Gateway) -> None:
    broken = {"name": "tls", "result": "failed", "detail": "x", "next": "anchors"}
    said = ask(way__steps__2=broken)
    assert (said.code, "peer QN selftest" in found(said)) == (7, False)
    assert "peer QN selftest" not in found(ask("--wait", "0"))
    assert not any(call.method == "POST" and "selftest" in call.path for call in gateway.calls)


def test_what_is_refused_costs_one_finding(ask: Ask) -> None:
    refused = problem(409, "channel_frozen", detail="The channel is frozen.")
    said = ask(begin=refused)
    assert found(said)["peer QN selftest"]["result"] == "FAILED"
    assert said.code == 6


@pytest.mark.parametrize(("days", "result"), [(-1, "FAILED"), (5, "WARN"), (20, "ok")])
def test_a_certificate_ends(days: int, result: str) -> None:
    until = START + timedelta(days=days, hours=1)
    assert certificate("gateway", until, START).result == result
