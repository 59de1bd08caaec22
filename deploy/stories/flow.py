"""Stretches that many stories have in common, step by step as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deploy.stories.desk import APPROVER
from deploy.stories.packing import Exhibit
from deploy.stories.stage import Stage
from shared.protocol.canonical import Json

OWN_VIEW = (
    "Looked at by somebody who did not write it: the offence is grave, the person is named by two witnesses, "
    "the data are few and of few days, and nothing milder would show who it was."
)
SAME_CONDUCT = (
    "What is described, whatever its name over there, is punished here as well: the same deed against the "
    "same interest, with a sentence of more than a year."
)


def delivered(
    stage: Stage, asker: str, asked: str, document: Mapping[str, Json], *, no_judge: str = ""
) -> str:
    """Draft, look at, approve and send a request; it arrives.

    Args:
        stage: where.
        asker: who asks.
        asked: who is asked.
        document: the request.
        no_judge: why no judge has validated it; empty: one has.

    Returns:
        Its id.
    """
    office = stage[asker]
    request = office.drafts(document).request_id
    if no_judge:
        office.approves_unvalidated(request, no_judge)
    else:
        office.hands_in(request)
        office.finds(APPROVER, request, "G04", "RQ-JUD", OWN_VIEW)
        office.approves(request)
    office.sends(request)
    stage.crosses(asker, asked, "request")
    stage.stands(request, **{asker: "S05", asked: "S05"})
    return request


def granted(
    stage: Stage,
    request: str,
    *,
    asker: str,
    asked: str,
    measures: Sequence[str] = (),
    order: str = "",
) -> None:
    """Assess, accept and execute a request that is under review, or some of its measures."""
    office = stage[asked]
    office.finds(APPROVER, request, "G04", "RD-CA", OWN_VIEW)
    office.finds(APPROVER, request, "G05", "RD-CA", SAME_CONDUCT)
    named: dict[str, Json] = {"measures": list(measures)} if measures else {}
    office.decides(request, "accept", **named)
    office.executes(request, order, **named)
    stage.crosses(asked, asker, "decision: accepted, executing")


def cleared(stage: Stage, request: str, exhibits: Sequence[Exhibit], *, asked: str) -> str:
    """Collect, close, look through and clear a package.

    Returns:
        Its id.
    """
    office = stage[asked]
    package = office.collects(request, exhibits).package_id
    stage.world.settle()
    office.prepares(package)
    office.filters(package)
    office.clears(package)
    return package


def arrived(stage: Stage, package: str, *, asker: str, asked: str) -> None:
    """Release a cleared package; it crosses the border and is verified."""
    stage[asked].releases(package)
    stage.crosses(asked, asker, "package")
    stage.lies(package, **{asker: "VERIFIED", asked: "VERIFIED"})
