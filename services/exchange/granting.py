"""An officer's leave to read what came from another country; without it nothing of it is handed out.

The gateway says which client asks, and a gateway may be in other hands: so an officer who may read signs
for each package (spec/approvals.md), and who tries without is on record here, where no gateway can hide it.
"""

from services.exchange import approving
from services.exchange.approving import Officers, Subject
from services.exchange.records import Package
from services.exchange.refusing import Refusals
from services.exchange.states import Actor
from shared.protocol.approvals import GRANT_LIFE, PACKAGE_RECEIVE, Approval, check_fresh
from shared.protocol.errors import ApprovalError
from shared.runtime.refusals import NotAllowed, Refusal

RULE = "approvals, Letting go, and reading"  # spec/approvals.md


def check(
    grant: str | None, package: Package, *, officers: Officers, refusals: Refusals, actor: Actor
) -> Approval:
    """Check that an officer lets this package be read now, with a signature of these minutes.

    Raises:
        NotAllowed: none is given, the key is no officer's who may do this, or it has expired.
        Unprocessable: it is an approval of something else, or none at all.
    """
    try:
        return _checked(grant, package, officers, actor)
    except Refusal as refusal:
        refusals.note_reading(package.peer, refusal.code, actor.personal)
        raise


def _checked(grant: str | None, package: Package, officers: Officers, actor: Actor) -> Approval:
    if grant is None:
        raise NotAllowed(
            "grant_required",
            "An officer who may read this package has to sign for it.",
            rule=RULE,
            next_step=f"Send in Officer-Grant an approval of {PACKAGE_RECEIVE} by an officer.",
        )
    subject = Subject(
        act=PACKAGE_RECEIVE,
        object_id=package.id,
        version=package.version,
        digest=package.index_sha384 or "",
    )
    checked = approving.check(grant, subject, officers)
    try:
        check_fresh(checked, int(actor.at.timestamp()))
    except ApprovalError as error:
        raise NotAllowed(
            "grant_expired",
            f"An officer's leave to read counts for {GRANT_LIFE} s: {error.detail}.",
            rule=RULE,
            next_step="Sign it anew; check the clock if it is new.",
        ) from error
    return checked
