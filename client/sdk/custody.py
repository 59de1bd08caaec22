"""The custody of a package: what its node tells of it, and what is taken out again."""

from __future__ import annotations

from dataclasses import dataclass

from client.sdk.records import as_object, text
from client.sdk.session import Session
from shared.protocol.canonical import encode, unb64
from shared.protocol.cms import verify_cms
from shared.protocol.identifiers import Country
from shared.protocol.law.custodytrace import Trace, read_trace
from shared.protocol.trust import find_member, read_bundle


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """Who signed an account, and the anchor by which anybody can check it (PEM)."""

    subject: str
    ca: bytes


def check_signed(session: Session, account: Account, pinned_root: bytes) -> Signed:
    """Check that the country that shows an account signed it, by the directory from a pinned root.

    Raises:
        TrustError: the directory does not hold, or the certificate is not that country's.
        SignatureError, DigestMismatchError: it signed something else, or nothing.
    """
    bundle = session.content(session.call("GET", "/v1/directory"))
    member = find_member(read_bundle(bundle, pinned_root), Country(account.trace.shown_by))
    ca = member.bag_seal_ca.encode()
    return Signed(subject=verify_cms(account.signature, account.octets, ca), ca=ca)


def remove_item(session: Session, package_id: str, item_id: str, because: str | None) -> None:
    """Take a file out of a package that is being collected; with a reason the receiver is told it."""
    query = f"?because={because}" if because else ""
    path = f"/v1/packages/{package_id}/items/{item_id}{query}"
    session.content(session.call("DELETE", path))
