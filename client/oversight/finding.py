"""Ask a node for all entries of a case or about a peer; check that these are all, or that there are none."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Final

from client.errors import UsageError, VerificationFailedError
from client.oversight.answers import Answer, Sought
from client.oversight.mirror import Mirror
from client.oversight.proving import prove
from client.sdk.records import text
from client.sdk.session import Session
from shared.protocol.canonical import Json, unb64u
from shared.protocol.checkpoints import read_checkpoint
from shared.protocol.errors import FormatError, LogProofError, ProtocolError, TrustError
from shared.protocol.identifiers import Country, parse_country, parse_id
from shared.protocol.identities import NamedLog
from shared.protocol.leaves import parse
from shared.protocol.logproofs import verify_log_proof
from shared.protocol.notes import read_note
from shared.protocol.trust import Member, read_bundle

_PSEUDONYM: Final = re.compile("[0-9a-f]{64}")
_CASE_KEY_FIELD: Final = "log_case_key"
_CASE_KEY_LABEL: Final = b"rogatory-log-case/v1\x00"


def find(
    session: Session,
    *,
    case: str | None,
    peer: str | None,
    pinned_root: bytes,
    log: str | None = None,
) -> Answer:
    """Find the entries of a case (by its request id, or its pseudonym) or about a peer.

    Args:
        session: with the scope audit:read and a purpose.
        case: either this, or
        peer: a country.
        pinned_root: of the directory.
        log: the name of a closed log of the country; without it the one that is written is asked.

    Returns:
        The whole answer; it holds.

    Raises:
        UsageError: neither is named, or both, or something else.
        VerificationFailedError: what the node answered does not prove what it claims.
    """
    case_key = _case_key(session) if case and not _PSEUDONYM.fullmatch(case) else None
    sought = _sought(case, peer, case_key)
    try:
        answer = _ask(session, sought, pinned_root, log)
        if case_key is not None:
            _check_case_key(session, case_key, answer, log)
    except ProtocolError as error:
        raise VerificationFailedError(
            f"the answer does not hold: {error.detail}",
            code=error.code,
            next_step="pull the whole log with `rogatory audit pull`, and verify that",
        ) from error
    return answer


def check_against(answer: Answer, mirror: Mirror, *, pinned_root: bytes) -> None:
    """Check an answer against a mirror, which keeps its checkpoint for every audit to come.

    Raises:
        VerificationFailedError: the log told the mirror something else, or more.
        ProtocolError: the mirror does not hold.
    """
    mirror.keep_head(answer.note)
    newest = prove(mirror, pinned_root).checkpoint
    if newest.size > answer.stated.size:
        raise VerificationFailedError(
            f"the node answers under {answer.stated.size} entries; the mirror has {newest.size}",
            code="stale_answer",
            next_step="ask again; if it stays so, the node hides what is new",
        )


def _case_key(session: Session) -> bytes:
    return unb64u(text(session.get("/v1/audit/key"), "key"))


def _sought(case: str | None, peer: str | None, case_key: bytes | None) -> Sought:
    try:
        if case and not peer:
            made = case_key and hmac.digest(case_key, parse_id(case).encode(), "sha256").hex()
            return Sought(case_ref=made or case)
        if peer and not case:
            return Sought(peer=parse_country(peer))
    except FormatError as error:
        raise UsageError(
            "this is no request and no country",
            code="bad_request",
            next_step="a case is a request's id or its pseudonym, a country two capital letters",
        ) from error
    raise UsageError("name a case or a peer", code="bad_request")


def _ask(session: Session, sought: Sought, pinned_root: bytes, log: str | None) -> Answer:
    """Read an answer page by page, all under the checkpoint and the index that it began with."""
    directory = session.content(session.call("GET", "/v1/directory"))
    members = read_bundle(directory, pinned_root)
    query = {"case": sought.case_ref, "peer": sought.peer, "log": log}
    page = session.get("/v1/audit/find", **query)
    answer = Answer.begin(page, sought, _log(members, page, log))
    answer.take(page)
    pinned = {"size": answer.stated.size, "covered": answer.root.size}
    while answer.following is not None:
        answer.take(session.get("/v1/audit/find", **query, **pinned, **{"from": answer.following}))
    return answer


def _log(
    members: Mapping[Country, Member], page: Mapping[str, Json], asked: str | None
) -> NamedLog:
    """The log that was asked for, as the directory names it; else the one that the page says is written."""
    origin = asked or read_checkpoint(read_note(text(page, "checkpoint")).text).origin
    for member in members.values():
        found = member.log if asked is None else member.log_named(asked)
        if found.origin == origin:
            return found
    raise TrustError(f"the directory knows no log {origin}")


def _check_case_key(session: Session, case_key: bytes, answer: Answer, log: str | None) -> None:
    """Check that the log was opened under this key: else a case could go under two pseudonyms."""
    first = session.get("/v1/audit/proof", index=0, size=answer.stated.size, log=log)
    body = unb64u(text(first, "leaf"))
    proven = verify_log_proof(text(first, "proof"), body, answer.log.vkeys)
    digest = hashlib.sha256(_CASE_KEY_LABEL + case_key).hexdigest()
    opened = parse(body).commit.get(_CASE_KEY_FIELD) == digest
    if (proven.index, proven.checkpoint, opened) != (0, answer.stated, True):
        raise LogProofError("the log was opened under another case key")
