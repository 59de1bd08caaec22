"""What the routes of the log work with; composed once in `main`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from fastapi import Request

from services.audit import access
from services.audit.confidential import Confidential
from services.audit.cosigning import Cosigner
from services.audit.inspecting import Inspector
from services.audit.membership import Membership
from services.audit.shelf import Shelf
from services.audit.signals import Signals
from services.audit.stamping import Stamper
from services.audit.witnessing import Witnessing
from services.audit.worker import Log
from shared.runtime.principals import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Hangs on the app as `app.state.parts`."""

    log: Log
    signals: Signals
    membership: Membership
    shelf: Shelf
    witnessing: Witnessing
    leading: Callable[[], bool]
    stamper: Stamper
    cosigner: Cosigner
    inspector: Inspector

    @property
    def confidential(self) -> Confidential:
        """The keys of pseudonyms and openings."""
        return self.log.confidential


def record_access(own: Parts, overseer: Principal, *, kind: str, count: int, query: str) -> None:
    """Record that an overseer reads: nothing is shown before that is durable, also in a log that stands.

    Raises:
        Malformed: no purpose was stated.
    """
    access.record(
        access.Access(personal=overseer.personal, purpose=overseer.purpose, query=query),
        kind=kind,
        count=count,
        database=own.log.database,
        confidential=own.confidential,
        clock=own.log.clock,
    )
    own.signals.arrived()


def parts(request: Request) -> Parts:
    """The parts of the app that serves this request."""
    return cast("Parts", request.app.state.parts)
