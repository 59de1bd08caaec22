"""What vectors there are for what is signed: name, expectation, comment, how it is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared.protocol.canonical import b64u
from shared.protocol.channels import head_of
from shared.protocol.entries import Entry, EntryType, sign_entry
from shared.protocol.messages import ReceiptKind
from shared.protocol.receipts import receipt_for
from tests.unit.shared.protocol.examples import DIGEST, HASH, HEAD, PACKAGE, REQUEST, entry
from tests.vectors import material
from tests.vectors.material import Members, Vector, approved, given, signed_entry, signed_payload


def canonical() -> list[Vector]:
    rows = [
        ("good", "ok", "sorted members, shortest form", b'{"a":[1,true,null,"\xc3\xa9"],"b":{}}'),
        ("space", "not_canonical", "white space outside of text", b'{"a": 1}'),
        ("order", "not_canonical", "members are sorted by UTF-16 code units", b'{"b":1,"a":2}'),
        ("escape", "not_canonical", "text is escaped only where it must be", b'"\\u0041"'),
        ("newline-at-end", "not_canonical", "nothing stands behind the value", b"1\n"),
        ("duplicate", "malformed", "a member is named once", b'{"a":1,"a":1}'),
        ("float", "malformed", "numbers are integers", b"[1.0]"),
        ("too-large-integer", "malformed", "below 2**53 in magnitude", b"9007199254740992"),
        ("nan", "malformed", "NaN is not JSON", b"[NaN]"),
        ("lone-surrogate", "malformed", "text is Unicode", b'"\\ud800"'),
        ("bad-utf-8", "malformed", "bytes are UTF-8", b'"\xff"'),
        ("byte-order-mark", "malformed", "there is no byte order mark", b"\xef\xbb\xbf1"),
        ("too-deep", "malformed", "at most 32 containers in each other", b"[" * 34 + b"]" * 34),
    ]
    return [Vector(f"canonical/{n}", e, c, given(data=b64u(d))) for n, e, c, d in rows]


def _rows(value: Any) -> Any:  # noqa: ANN401  JSON
    return value["signatures"]


def _swap(value: Any) -> None:  # noqa: ANN401  JSON
    one, other = _rows(value)
    one["signature"], other["signature"] = other["signature"], one["signature"]


ENTRY_FLAWS: list[tuple[str, str, str, Callable[[Any], object]]] = [
    ("stripped-es384", "missing_signature", "the first signature is gone",
     lambda v: _rows(v).pop(0)),
    ("stripped-ml-dsa-87", "missing_signature", "the second signature is gone",
     lambda v: _rows(v).pop()),
    ("doubled-es384", "missing_signature", "one algorithm twice does not make two",
     lambda v: _rows(v).__setitem__(1, _rows(v)[0])),
    ("doubled-ml-dsa-87", "missing_signature", "one algorithm twice does not make two",
     lambda v: _rows(v).__setitem__(0, _rows(v)[1])),
    ("third-signature", "missing_signature", "exactly two",
     lambda v: _rows(v).append(_rows(v)[0])),
    ("other-order", "missing_signature", "ES384 stands first", lambda v: _rows(v).reverse()),
    ("swapped", "bad_signature", "each value stands under the other's header", _swap),
    ("garbage-es384", "bad_signature", "zeros of the right length",
     lambda v: _rows(v)[0].update(signature=b64u(bytes(96)))),
    ("garbage-ml-dsa-87", "bad_signature", "zeros of the right length",
     lambda v: _rows(v)[1].update(signature=b64u(bytes(4627)))),
    ("alg-none", "missing_signature", "the algorithm is not negotiable",
     lambda v: material.header(_rows(v)[0], alg="none")),
    ("alg-hs256", "missing_signature", "no public key serves as a secret",
     lambda v: material.header(_rows(v)[0], alg="HS256")),
    ("crit", "malformed", "the header has three members",
     lambda v: material.header(_rows(v)[0], crit=["exp"])),
    ("unprotected-header", "malformed", "what is not signed is not there",
     lambda v: _rows(v)[0].update(header={})),
    ("other-typ", "malformed", "an approval is no entry",
     lambda v: material.header(_rows(v)[0], typ="rogatory-approval+jws")),
    ("padding", "not_canonical", "base64url without padding",
     lambda v: _rows(v)[0].update(signature=_rows(v)[0]["signature"] + "=")),
    ("extra-member", "malformed", "two members and no other", lambda v: v.update(extra=1)),
]  # fmt: skip

PAYLOAD_FLAWS: list[tuple[str, str, str, Members]] = [
    ("other-version", "malformed", "v is 1", {"v": 2}),
    ("unknown-type", "malformed", "the list of types is closed", {"type": "gift"}),
    ("other-channel", "malformed", "the channel joins from and to", {"channel": "QN>QM"}),
    ("one-algorithm", "malformed", "the payload names both", {"sigalgs": ["ES384"]}),
    ("other-request", "malformed", "as in the body", {"request": None}),
    ("no-body", "malformed", "the body has the shape of the type", {"body": {}}),
    ("payload-extra-member", "malformed", "thirteen members and no other", {"extra": None}),
]


def entries() -> list[Vector]:
    def good() -> Members:
        return {**signed_entry(), "hash": head_of(material.ENTRY).hash}

    def foreign() -> Members:
        jws = sign_entry(material.ENTRY, material.OTHER_SEAL).decode()
        return {**signed_entry(), "jws": jws}

    def layout() -> Members:
        made = signed_entry()
        return {**made, "jws": made["jws"].replace(",", ", ", 1)}

    made = [
        Vector("entries/good", "ok", "two signatures over one payload", good),
        Vector("entries/foreign-seal", "unknown_key", "by keys the directory lacks", foreign),
        Vector("entries/layout", "not_canonical", "the JWS is canonical JSON", layout),
    ]
    for name, expect, comment, change in ENTRY_FLAWS:
        make = _bound(signed_entry, change)
        made.append(Vector(f"entries/{name}", expect, comment, make))
    for name, expect, comment, members in PAYLOAD_FLAWS:
        made.append(Vector(f"entries/{name}", expect, comment, _named(signed_payload, members)))
    return made


def _bound(make: Callable[[Any], Members], argument: object) -> Callable[[], Members]:
    return lambda: make(argument)


def _named(make: Callable[..., Members], members: Members) -> Callable[[], Members]:
    return lambda: make(**members)


def channels() -> list[Vector]:
    good = entry()
    rows: list[tuple[str, str, str, Members | None, Entry, Members]] = [
        ("good", "ok", "next seq, prev is the head's hash", HEAD.to_json(), good, {}),
        ("open", "ok", "the first of a direction", None, entry(EntryType.OPEN), {}),
        ("gap", "gap", "an entry is missing", HEAD.to_json(), good, {"seq": 9}),
        ("fork", "fork", "the place is taken", HEAD.to_json(), good, {"seq": 7}),
        ("prev", "broken_chain", "prev is another", HEAD.to_json(), good, {"prev": "00" * 48}),
        ("epoch", "broken_chain", "no resync before it", HEAD.to_json(), good, {"epoch": 1}),
        ("not-opened", "broken_chain", "a direction begins with open", None, good,
         {"seq": 0, "prev": "0" * 96}),
    ]  # fmt: skip
    return [
        Vector(f"channels/{n}", e, c, given(head=head, payload={**made.to_json(), **changes}))
        for n, e, c, head, made, changes in rows
    ]


def receipts() -> list[Vector]:
    about = entry(EntryType.PACKAGE)
    kind = ReceiptKind.CONTENT_CONSIGNMENT
    body = receipt_for(about, about.reference().hash, kind, tagmanifest_sha256=DIGEST)

    written = entry(EntryType.RECEIPT, body, sender="QN", recipient="QM", request=REQUEST)
    good = written.to_json()

    def changed(**members: object) -> Members:
        return {**good, "body": {**body.to_json(), **members}}

    own = {"from": "QM", "to": "QN", "channel": "QM>QN"}
    elsewhere = {**body.about.to_json(), "seq": 9}
    rows: list[tuple[str, str, str, Members]] = [
        ("good", "ok", "content confirmed by its reader", good),
        ("other-digest", "digest_mismatch", "as announced", changed(tagmanifest_sha256="00" * 32)),
        ("no-digest", "malformed", "a confirmation has one", changed(tagmanifest_sha256=None)),
        ("reason", "malformed", "a confirmation has none", changed(reason="why")),
        ("other-package", "malformed", "the entry's", changed(package_id=REQUEST)),
        ("other-entry", "broken_chain", "about is another entry", changed(about=elsewhere)),
        ("own-confirmation", "broken_chain", "the writer confirms nothing", {**good, **own}),
    ]
    return [
        Vector(f"receipts/{n}", e, c, given(payload=payload, about=about.to_json()))
        for n, e, c, payload in rows
    ]


def approvals() -> list[Vector]:
    rows: list[tuple[str, str, str, Callable[[], Members]]] = [
        ("good", "ok", "one act on one version of one object", approved),
        ("other-act", "bad_approval", "for another act", _named(approved, {"act": "request.approve"})),
        ("other-object", "bad_approval", "of another object", _named(approved, {"object_id": PACKAGE})),
        ("other-version", "bad_approval", "a change voids it", _named(approved, {"version": 2})),
        ("other-digest", "bad_approval", "a change voids it", _named(approved, {"digest": HASH})),
        ("four-parts", "malformed", "a compact JWS has three parts",
         lambda: approved(approved()["jws"] + ".")),
        ("no-signature", "bad_signature", "an empty third part",
         lambda: approved(approved()["jws"].rpartition(".")[0] + ".")),
        ("alg-none", "malformed", "the header is the expected one",
         lambda: approved("eyJhbGciOiJub25lIn0." + approved()["jws"].partition(".")[2])),
        ("unknown-officer", "unknown_key", "not in the registry",
         lambda: {**approved(), "officers": [material.OTHER_OFFICER.public().to_json()]}),
    ]  # fmt: skip
    return [Vector(f"approvals/{n}", e, c, make) for n, e, c, make in rows]
