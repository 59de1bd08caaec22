"""What a package entry must say to be taken."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.protocol import canonical
from shared.protocol.encryption import new_content_key, wrap
from shared.protocol.entries import EntryType
from shared.protocol.identifiers import new_id
from shared.protocol.keys import KemKey
from tests.service.exchange.forger import say
from tests.service.exchange.pair import Pair

Case = tuple[Pair, str]
Body = dict[str, Any]
Change = Callable[[Pair, Body], Body]


def wrapped(pair: Pair, package_id: str, *, country: str = "QM", key: KemKey | None = None) -> Body:
    """Wrap a content key, to QM's own key if no other is given."""
    recipient = (key or pair.qm.node.parts.keyring.kem).public()
    octets = wrap(
        new_content_key(),
        recipient,
        package_id=package_id,
        sender="QN",
        recipient_country="QM",
    )
    wire = {"kid": recipient.kid, "suite": "0x0051-0x0002-0x0002"}
    return wire | {"country": country, "wrap": canonical.b64u(octets)}


def announced(pair: Pair, request_id: str) -> Body:
    package_id = new_id(pair.clock())
    request = pair.request(pair.qm, request_id)["entry"]
    approval = {"hash": "ab" * 48}
    return {
        "package_id": package_id,
        "request_id": request_id,
        "request_entry": request["hash"],
        "measures": ["M01"],
        "suite": "rogatory-1",
        "segment_size": 2**20,
        "segments": 2,
        "items": 1,
        "size": 3,
        "index_sha384": "ab" * 48,
        "tagmanifest_sha256": "ab" * 32,
        "keys": [wrapped(pair, package_id)],
        "approvals": [
            approval | {"act": "package.prepare", "officer_kid": "a" * 43},
            {"act": "package.clear", "officer_kid": "b" * 43, "hash": "cd" * 48},
        ],
        "expires": int(pair.clock().timestamp()) + 1000,
    }


CHANGES: dict[str, tuple[Change, str]] = {
    "nothing": (lambda _pair, _body: {}, "ACCEPTED"),
    "another request": (lambda _pair, _body: {"request_entry": "cd" * 48}, "other_request"),
    "no measure": (lambda _pair, _body: {"measures": []}, "measure_not_accepted"),
    "a measure too many": (
        lambda _pair, _body: {"measures": ["M01", "M09"]},
        "measure_not_accepted",
    ),
    "offered no longer": (
        lambda pair, _body: {"expires": int(pair.clock().timestamp())},
        "expired",
    ),
    "one approval": (lambda _pair, body: {"approvals": body["approvals"][:1]}, "bad_approval"),
    "one twice": (lambda _pair, body: {"approvals": body["approvals"][:1] * 2}, "bad_approval"),
    "a key for another country": (
        lambda pair, body: {"keys": [wrapped(pair, body["package_id"], country="QX")]},
        "no_key_for_us",
    ),
    "a key of somebody else": (
        lambda pair, body: {"keys": [wrapped(pair, body["package_id"], key=KemKey.generate())]},
        "no_key_for_us",
    ),
    "a wrap of another package": (
        lambda pair, _body: {"keys": [wrapped(pair, new_id(pair.clock()))]},
        "seal_broken",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_announced(open_case: Case, name: str) -> None:
    pair, request_id = open_case
    change, expected = CHANGES[name]
    body = announced(pair, request_id)
    body |= change(pair, body)
    assert say(pair.qm, pair, EntryType.PACKAGE, body, request_id) == expected
    path = f"/v1/packages/{body['package_id']}"
    status = pair.qm.node.client("approver").get(path).status_code
    assert (status == 200) == (expected == "ACCEPTED")


def test_a_package_comes_once(open_case: Case) -> None:
    pair, request_id = open_case
    body = announced(pair, request_id)
    assert say(pair.qm, pair, EntryType.PACKAGE, body, request_id) == "ACCEPTED"
    assert say(pair.qm, pair, EntryType.PACKAGE, body, request_id) == "known_package"


def test_evidence_answers_only_a_request_that_was_accepted(sent_case: Case) -> None:
    pair, request_id = sent_case
    pair.settle()
    body = announced(pair, request_id)
    assert say(pair.qm, pair, EntryType.PACKAGE, body, request_id) == "measure_not_accepted"
