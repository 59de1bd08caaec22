"""One case, one pseudonym: nobody files what belongs to a case under another, where it is not looked for.

The pseudonym of a case is HMAC-SHA256 of its request's id under K_log, which the overseer has. Leaves of
entries that are about a request name it: there the pseudonym can be computed.
"""

from __future__ import annotations

import hmac
from typing import Final

from shared.protocol.scanning import Scanned

_ABOUT_REQUESTS: Final = frozenset({b"request", b"acknowledgement", b"decision"})
_MEMBER: Final = b'"transfer_id":"'
_ID_SIZE: Final = 36


def misfiled(leaf: Scanned, body: bytes, case_key: bytes) -> str | None:
    """Say what is wrong if a leaf is about a request and filed under another case; else None.

    Args:
        leaf: as it was read.
        body: its octets; the leaf has one spelling, so a member's name stands in it once.
        case_key: K_log.
    """
    start = body.find(_MEMBER) + len(_MEMBER)
    if leaf.entry_type not in _ABOUT_REQUESTS or start < len(_MEMBER):
        return None
    request = body[start : start + _ID_SIZE]
    if leaf.case_ref == hmac.digest(case_key, request, "sha256").hex().encode():
        return None
    return f"it is about the request {request.decode()} and is not filed under it"
