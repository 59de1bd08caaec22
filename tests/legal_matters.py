"""A case in order, for tests of gates: each test spoils one thing."""

import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from services.exchange.gating.matter import Finding, Item, Matter
from services.exchange.own_log import Standing
from services.exchange.routes.told_request import DRAFT
from shared.protocol.approvals import Approval
from shared.protocol.identities import DatedKem, LogIdentity, WitnessIdentity
from shared.protocol.keys import SUITE, KemKey
from shared.protocol.law import documents
from shared.protocol.law.instruments import packed
from shared.protocol.law.lifecycle import State
from shared.protocol.law.pairs import Pair
from shared.protocol.trust import Member

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
BEFORE = NOW - timedelta(hours=1)
DIGEST = "ab" * 48
STANDING = Standing(alarm=None, unwitnessed_for=0, limit=14_400, blocked=False)
OWN_WORDS = (
    "The offence is of some gravity, the number is the only trace left, and neither three days of "
    "connection data nor the subscriber's name tell more of a person than the purpose needs."
)
REASONS = "The court looked at this and finds that it may go on, for the reasons in its order."


@cache
def kem() -> DatedKem:
    public = KemKey.generate().public().to_json()
    now = int(NOW.timestamp())
    return DatedKem.model_validate({**public, "nbf": now - 10, "exp": now + 10})


def member(country: str, **changed: Any) -> Member:  # noqa: ANN401
    now = int(NOW.timestamp())
    return Member(
        country=country,
        name=f"Authority of {country}",
        status="active",
        gateway="https://x",
        issuer="https://x",
        tls_anchors=(),
        client_jwks=(),
        seal=(),
        kem=(kem(),),
        bag_seal_ca="",
        log=LogIdentity(origin="x", url="x", vkeys=(), policy="quorum none\n", unwitnessed_limit=1),
        closed_logs=(),
        witness=WitnessIdentity(url="x", vkeys=()),
        suites=(SUITE,),
        instruments=("BUD", "UNTOC"),
        contacts={},
        not_before=now - 10,
        not_after=now + 10,
    ).model_copy(update=changed)


def pair(**changed: Any) -> Pair:  # noqa: ANN401
    """Return the profile of QM → QN, with tables or values in place of its own."""
    text = Path("deploy/pairs/QM-QN.toml").read_text(encoding="utf-8")
    return Pair.model_validate({**tomllib.loads(text), **changed})


def document(**changed: Any) -> Any:  # noqa: ANN401
    """Return a document that lacks nothing, with other fields; None takes one out."""
    value = {**DRAFT, **changed}
    return documents.of_json({key: each for key, each in value.items() if each is not None})


def measure(number: int = 0, **changed: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a measure of the draft, with other fields; None takes one out."""
    drawn: Any = DRAFT["measures"]
    value = {**drawn[number], **changed}
    return {key: each for key, each in value.items() if each is not None}


def approval(act: str, officer: str, **changed: Any) -> Approval:  # noqa: ANN401
    given = Approval(
        act=act,
        object_id="o",
        version=1,
        digest=DIGEST,
        decision="approve",
        iat=int(NOW.timestamp()),
        officer=officer,
        kid=f"kid of {officer}",
        hash="h",
    )
    return replace(given, **changed)


def finding(gate: str, role: str, **changed: Any) -> Finding:  # noqa: ANN401
    made = Finding(
        gate=gate,
        role=role,
        officer=f"{role} one",
        verdict="pass",
        text=OWN_WORDS,
        at=BEFORE,
        about="request",
    )
    return replace(made, **changed)


def override(gate: str, role: str, **changed: Any) -> Finding:  # noqa: ANN401
    return replace(finding(gate, role, verdict="override", text=REASONS), **changed)


def item(**changed: Any) -> Item:  # noqa: ANN401
    """Return an item that answers M02 as it was asked."""
    good = Item(
        item_id="i1",
        measure_id="M02",
        identifier="+991",
        category="DC-IDN",
        since=datetime(2026, 1, 3, 1, tzinfo=UTC),
        until=datetime(2026, 1, 5, 1, tzinfo=UTC),
    )
    return replace(good, **changed)


def matter(**changed: Any) -> Matter:  # noqa: ANN401
    """Return the matter of a package in QN that every gate lets pass."""
    good = Matter(
        at=NOW,
        side="requested",
        own=member("QN"),
        peer=member("QM"),
        instrument=packed("BUD"),
        pair=pair(),
        log=STANDING,
        document=document(),
        request_state=State.EXECUTING,
        request_digest=DIGEST,
        approved_digest=DIGEST,
        measures={"M01": State.EXECUTING, "M02": State.EXECUTING},
        approvals=(approval("package.prepare", "Anna"), approval("package.clear", "Boris")),
        acts=("package.prepare", "package.clear"),
        packer="Anna",
        findings=(finding("G04", "RD-CA"), finding("G05", "RD-CA", officer="RD-CA two")),
        package_id="p",
        items=(item(),),
        digest=DIGEST,
        closed_digest=DIGEST,
    )
    return replace(good, **changed)


def request(**changed: Any) -> Matter:  # noqa: ANN401
    """Return the matter of a request in QM that every gate lets pass."""
    good = matter(
        side="requesting",
        own=member("QM"),
        peer=member("QN"),
        request_state=State.APPROVED,
        measures={},
        approvals=(approval("request.prepare", "Anna"), approval("request.approve", "Boris")),
        acts=("request.prepare", "request.approve"),
        findings=(finding("G04", "RQ-JUD"),),
        package_id=None,
        items=(),
        digest="",
        closed_digest="",
    )
    return replace(good, **changed)
