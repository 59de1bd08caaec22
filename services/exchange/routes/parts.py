"""What routes are given: the parts `main` composed, and who is calling."""

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Path, Request

from services.exchange.approving import Officers
from services.exchange.bench import Bench
from services.exchange.keyring import Keyring
from services.exchange.own_log import OwnLog
from services.exchange.refusing import Refusals
from services.exchange.repeating import UnderWay
from services.exchange.states import Actor
from services.exchange.vault import Vault
from shared.runtime.clock import Clock
from shared.runtime.database import Database
from shared.runtime.directory import Directory
from shared.runtime.guard import principal
from shared.runtime.principals import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The exchange's parts; they hang on the app as `app.state.parts`."""

    database: Database
    vault: Vault
    keyring: Keyring
    officers: Officers
    directory: Directory
    own_log: OwnLog
    refusals: Refusals
    clock: Clock
    under_way: UnderWay = field(default_factory=UnderWay)

    @property
    def bench(self) -> Bench:
        """Return what every act rests on."""
        return Bench(
            database=self.database,
            vault=self.vault,
            keyring=self.keyring,
            officers=self.officers,
            directory=self.directory,
            own_log=self.own_log,
        )


def parts_of(request: Request) -> Parts:
    """Return the parts of the app that serves this request."""
    parts: Parts = request.app.state.parts
    return parts


Node = Annotated[Parts, Depends(parts_of)]
MAX_COUNT = 2**53  # RFC 8259, 6: and every database holds it
Number = Annotated[int, Path(ge=0, lt=MAX_COUNT)]


def acting(request: Request) -> Actor:
    """Return the client behind the gateway, who acts now: the guard has checked its scope."""
    return actor_of(principal(request), parts_of(request).clock)


def actor_of(principal: Principal, clock: Clock) -> Actor:
    """Return who acts, now."""
    return Actor(
        client_id=principal.client_id or principal.service,
        officer=principal.officer,
        at=clock(),
    )


Acting = Annotated[Actor, Depends(acting)]
