"""What the node's registry has of this client: its status, and how long its keys still count."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from client.cli.findings import Finding, failed, fine, listed, number, text, warned
from client.errors import AccessError
from client.sdk.session import Session
from shared.protocol.jose import thumbprint

SOON: Final = timedelta(days=30)  # before its end at which a key should be followed by another
NAME: Final = "client key"


def examine(session: Session) -> Finding:
    """Find this client's own key in the registry, and say when it ends."""
    told = session.get("/v1/clients/self")
    own = thumbprint(session.key)
    ends = {text(key, "kid"): number(key, "exp") for key in listed(told, "keys")}
    exp = ends.get(own)
    if exp is None:
        return failed(
            NAME,
            AccessError(
                f"the registry has no key {own} of {text(told, 'client_id')}",
                code="unknown_key",
                next_step="is this the client's newest key? Ask the operators of the node",
            ),
        )
    until = datetime.fromtimestamp(exp, UTC)
    left = until - session.clock()
    detail = f"{text(told, 'status')}; {own} counts until {until:%Y-%m-%d}, {left.days} days"
    follows = any(other != own and (end or 0) > exp for other, end in ends.items())
    if left < SOON and not follows:
        return warned(NAME, detail, f"`rogatory client rotate {text(told, 'client_id')}` now")
    return fine(NAME, detail)
