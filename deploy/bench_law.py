"""`make bench`, part of the law: what it costs to ask every gate of a moment about one package.

The request is the demo's, the profile the test federation's; the package has one item, a hundred, a
thousand. The goal is the issue's: a package in less than a millisecond.
"""

import sys
import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final

from rich.console import Console
from rich.table import Table

from deploy.case_draft import DRAFT
from services.exchange.gating import moments
from services.exchange.gating.matter import Finding, Item, Matter
from services.exchange.gating.moments import Moment
from services.exchange.gating.results import Pass
from shared.protocol.approvals import PACKAGE_CLEAR, PACKAGE_PREPARE, Approval
from shared.protocol.identities import DatedKem, LogIdentity, WitnessIdentity
from shared.protocol.keys import SUITE, KemKey
from shared.protocol.law import documents
from shared.protocol.law.instruments import packed
from shared.protocol.law.lifecycle import State
from shared.protocol.law.pairs import Pair
from shared.protocol.trust import Member

PAIR: Final = Path(__file__).parent / "pairs" / "QM-QN.toml"
SIZES: Final = (1, 100, 1_000)
ROUNDS: Final = 200
GOAL: Final = 1.0  # ms
AT: Final = datetime(2026, 11, 22, 9, tzinfo=UTC)
DIGEST: Final = "ab" * 48
ASSESSMENT: Final = (
    "Three months of messages from one number are the least that shows who arranged the payments; "
    "the filter team takes out what is privileged, and nothing else is asked for."
)


def matter(items: int) -> Matter:
    """Return a package of so many items that every gate lets pass."""
    peer = _peer()
    return Matter(
        at=AT,
        side="requested",
        own=peer,
        peer=peer,
        instrument=packed("BUD"),
        pair=Pair.model_validate(tomllib.loads(PAIR.read_text(encoding="utf-8"))),
        log=None,
        document=documents.of_json(DRAFT),
        request_state=State.EXECUTING,
        request_digest=DIGEST,
        approved_digest=DIGEST,
        measures={"M01": State.EXECUTING},
        approvals=(_approval(PACKAGE_PREPARE, "Anna"), _approval(PACKAGE_CLEAR, "Boris")),
        acts=(PACKAGE_PREPARE, PACKAGE_CLEAR),
        packer="Anna",
        findings=(_finding("G04", "Boris"), _finding("G05", "Boris")),
        package_id="p",
        items=tuple(replace(_ITEM, item_id=str(number)) for number in range(items)),
        digest=DIGEST,
        closed_digest=DIGEST,
    )


_ITEM: Final = Item(
    item_id="",
    measure_id="M01",
    identifier="+9995550117",
    category="DC-CNT",
    since=datetime(2026, 1, 2, tzinfo=UTC),
    until=datetime(2026, 3, 30, tzinfo=UTC),
    privilege="clean",
    filtered_by="Paula",
)


def _finding(gate: str, officer: str) -> Finding:
    return Finding(
        gate=gate,
        role="RD-CA",
        officer=officer,
        verdict="pass",
        text=ASSESSMENT,
        at=AT,
        about="request",
    )


def _approval(act: str, officer: str) -> Approval:
    return Approval(
        act=act,
        object_id="p",
        version=1,
        digest=DIGEST,
        decision="approve",
        iat=0,
        officer=officer,
        kid=officer,
        hash="",
    )


def _peer() -> Member:
    begin, end = (int((AT + timedelta(days=days)).timestamp()) for days in (-1, 1))
    key = KemKey.generate().public().to_json()
    return Member(
        country="QM",
        name="QM",
        status="active",
        gateway="https://gateway.qm.example",
        issuer="https://gateway.qm.example",
        tls_anchors=(),
        client_jwks=(),
        seal=(),
        kem=(DatedKem.model_validate({**key, "nbf": begin, "exp": end}),),
        bag_seal_ca="",
        log=LogIdentity(origin="qm", url="", vkeys=(), policy="quorum none\n", unwitnessed_limit=1),
        closed_logs=(),
        witness=WitnessIdentity(url="", vkeys=()),
        suites=(SUITE,),
        instruments=("BUD",),
        contacts={},
        not_before=begin,
        not_after=end,
    )


def milliseconds(case: Matter, moment: Moment) -> float:
    """Measure the median of asking every gate of a moment."""
    took = []
    for _ in range(ROUNDS):
        began = perf_counter()
        results = moments.judge(case, moment)
        took.append(perf_counter() - began)
        assert all(isinstance(result, Pass) for result in results), results
    return median(took) * 1000


def main() -> int:
    """Measure each moment of a package, and say whether a release is fast enough."""
    table = Table("items", "moment", "gates", "ms", "goal", title="Gates of one package, median")
    good = True
    for size in SIZES:
        case = matter(size)
        for moment in (Moment.CLEAR, Moment.RELEASE):
            took = milliseconds(case, moment)
            good &= took < GOAL
            told = "yes" if took < GOAL else f"NO: < {GOAL} ms"
            gates = str(len(moments.GATES[moment]))
            table.add_row(f"{size:,}", moment, gates, f"{took:.3f}", told)
    Console().print(table)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
