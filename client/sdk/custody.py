"""The custody of a package: what its node tells of it, and what is taken out again."""

from __future__ import annotations

from dataclasses import dataclass

from client.sdk.records import as_object, text
from client.sdk.session import Session
from shared.protocol.canonical import encode, unb64
from shared.protocol.law.custodytrace import Trace, read_trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account of custody, its chains checked here; and the bytes that the node's country signed."""

    trace: Trace
    octets: bytes
    signature: bytes  # CMS, DER, detached, by the bag seal of the country that shows it


def custody(session: Session, package_id: str) -> Account:
    """Read the account of a package.

    Raises:
        ChainError, FormatError: what came is no account, or one of its chains is broken.
    """
    answer = session.get(f"/v1/packages/{package_id}/custody")
    told = as_object(answer.get("custody"))
    return Account(
        trace=read_trace(told),
        octets=encode(told),
        signature=unb64(text(answer, "signature")),
    )


def remove_item(session: Session, package_id: str, item_id: str, because: str | None) -> None:
    """Take a file out of a package that is being collected; with a reason the receiver is told it."""
    query = f"?because={because}" if because else ""
    path = f"/v1/packages/{package_id}/items/{item_id}{query}"
    session.content(session.call("DELETE", path))
