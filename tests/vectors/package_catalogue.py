"""What vectors there are for what a package is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared.protocol.bag import write_manifest
from shared.protocol.canonical import b64u, unb64u
from shared.protocol.digests import sha256
from shared.protocol.encryption import sealed_size
from shared.protocol.identifiers import TAG_ITEM
from tests.unit.shared.protocol.examples import ITEMS, REQUEST, make_bag_seal
from tests.vectors.material import (
    CONTENT_KEY,
    PLAIN,
    TAGS,
    Members,
    Vector,
    given,
    sealed_segment,
    signed_bag,
    wrapped_key,
)


def _flipped(octets: str, place: int) -> str:
    changed = bytearray(unb64u(octets))
    changed[place] ^= 1
    return b64u(bytes(changed))


def _segment(change: Callable[[bytes], bytes]) -> Callable[[], Members]:
    def make() -> Members:
        made = sealed_segment()
        return {**made, "sealed": b64u(change(unb64u(made["sealed"])))}

    return make


def _elsewhere(**place: Any) -> Callable[[], Members]:  # noqa: ANN401  JSON
    return lambda: sealed_segment(**place)


def segments() -> list[Vector]:
    rows: list[tuple[str, str, str, Callable[[], Members]]] = [
        ("good", "ok", "one short chunk", lambda: {**sealed_segment(), "plain": b64u(PLAIN)}),
        ("other-package", "seal_broken", "the context says which", _elsewhere(package_id=REQUEST)),
        ("other-item", "seal_broken", "the context says which", _elsewhere(item_id=ITEMS[1])),
        ("other-index", "seal_broken", "segments keep their order", _elsewhere(n=1)),
        ("not-last", "seal_broken", "the end cannot be cut off", _elsewhere(last=False)),
        ("short", "seal_broken", "a byte is missing", _segment(lambda s: s[:-1])),
        ("long", "seal_broken", "a byte too many", _segment(lambda s: s + b"\0")),
        ("empty", "seal_broken", "not even a header", _segment(lambda _: b"")),
        ("commitment", "seal_broken", "the key is committed to",
         _segment(lambda s: s[:30] + bytes([s[30] ^ 1]) + s[31:])),
        ("ciphertext", "seal_broken", "one bit",
         _segment(lambda s: s[:58] + bytes([s[58] ^ 1]) + s[59:])),
    ]  # fmt: skip
    return [Vector(f"segments/{n}", e, c, make) for n, e, c, make in rows]


def _wrap(**changes: Any) -> Callable[[], Members]:  # noqa: ANN401  JSON
    return lambda: wrapped_key(**changes)


def _broken_wrap(place: int) -> Callable[[], Members]:
    def make() -> Members:
        made = wrapped_key()
        return {**made, "wrap": _flipped(made["wrap"], place)}

    return make


def wraps() -> list[Vector]:
    rows: list[tuple[str, str, str, Callable[[], Members]]] = [
        ("good", "ok", "as wrapped", lambda: {**wrapped_key(), "key": b64u(CONTENT_KEY)}),
        ("other-package", "seal_broken", "info binds the package", _wrap(package_id=REQUEST)),
        ("other-sender", "seal_broken", "info binds the sender", _wrap(sender="QO")),
        ("other-recipient", "seal_broken", "info binds it", _wrap(recipient_country="QO")),
        ("ml-kem-half", "seal_broken", "one bit of the ML-KEM ciphertext", _broken_wrap(700)),
        ("ciphertext", "seal_broken", "one bit of the sealed key", _broken_wrap(1680)),
    ]
    return [Vector(f"wraps/{n}", e, c, make) for n, e, c, make in rows]


def index() -> list[Vector]:
    def row(item: str, n: int) -> str:
        return f"{item} {n} {sha256(item.encode()).hex()} {sealed_size(5)}\n"

    one, two = row(ITEMS[0], 0), row(ITEMS[0], 1)
    other, tags = row(ITEMS[1], 0), row(TAG_ITEM, 0)
    rows = [
        ("good", "ok", "items together, in order, tag files last", one + two + other + tags),
        ("no-tag-files", "malformed", "the tag files are an item", one + two),
        ("tag-files-first", "malformed", "they are the last", tags + one),
        ("hole", "malformed", "segments count from 0 without holes", two + tags),
        ("split-item", "malformed", "an item stands once", one + other + two + tags),
        ("twice", "malformed", "a segment stands once", one + one + tags),
        ("crlf", "malformed", "lines end in LF", (one + tags).replace("\n", "\r\n")),
        ("upper-case", "malformed", "hex is lower case", one.upper() + tags),
        ("no-end", "malformed", "the last line ends too", (one + tags)[:-1]),
        ("impossible-size", "malformed", "no plaintext gives it",
         one.replace(str(sealed_size(5)), "71") + tags),
    ]  # fmt: skip
    return [Vector(f"index/{n}", e, c, given(index=text)) for n, e, c, text in rows]


def manifests() -> list[Vector]:
    good = write_manifest({"data/a": bytes(32), "data/é": bytes(32)})

    def renamed(path: str) -> bytes:
        return good.replace(b"data/a", path.encode(), 1)

    rows = [
        ("good", "ok", "sorted by bytes, two spaces, LF", good),
        ("twice", "bad_bag", "a path stands once", good[:73] + good),
        ("order", "bad_bag", "sorted", good[good.index(b"\n") + 1 :] + good[:73]),
        ("dot-dot", "bad_bag", "no path leads out", renamed("data/../../a")),
        ("absolute", "bad_bag", "no path leads out", renamed("/data/a")),
        ("backslash", "bad_bag", "sha256sum escapes it", renamed("data\\a")),
        ("percent", "bad_bag", "BagIt escapes it", renamed("data/%0A")),
        ("not-nfc", "bad_bag", "one spelling a name", renamed("data/e\u0301")),
        ("case", "bad_bag", "they collide on some systems", renamed("data/É")),
        ("binary-mark", "bad_bag", "two spaces", good.replace(b"  ", b" *")),
        ("no-end", "bad_bag", "the last line ends too", good[:-1]),
    ]
    return [Vector(f"manifests/{n}", e, c, given(manifest=b64u(d))) for n, e, c, d in rows]


def tags() -> list[Vector]:
    changed = {path: content + b"\n" for path, content in TAGS.items()}
    missing = {path: content for path, content in TAGS.items() if path != "bag-info.txt"}
    rows = [
        ("good", "ok", "as written", TAGS),
        ("missing-bag-info", "bad_bag", "six files", missing),
        ("case", "digest_mismatch", "listed by digest",
         {**TAGS, "metadata/case.jsonld": changed["metadata/case.jsonld"]}),
        ("custody", "digest_mismatch", "listed by digest",
         {**TAGS, "metadata/custody.json": changed["metadata/custody.json"]}),
        ("manifest", "digest_mismatch", "listed by digest",
         {**TAGS, "manifest-sha256.txt": changed["manifest-sha256.txt"]}),
    ]  # fmt: skip
    return [
        Vector(f"tags/{n}", e, c, given(files={p: b64u(d) for p, d in files.items()}))
        for n, e, c, files in rows
    ]


def bag_seals() -> list[Vector]:
    def broken() -> Members:
        made = signed_bag()
        return {**made, "p7s": _flipped(made["p7s"], -1)}

    rows: list[tuple[str, str, str, Callable[[], Members]]] = [
        ("good", "ok", "detached, P-384, SHA-384", signed_bag),
        ("other-tag-manifest", "digest_mismatch", "over another",
         lambda: signed_bag(tagmanifest=b"x")),
        ("other-ca", "untrusted", "under another", lambda: signed_bag(ca=make_bag_seal().ca)),
        ("signature", "bad_signature", "one bit", broken),
        ("not-der", "malformed", "no CMS", lambda: signed_bag(p7s=b"p7s")),
    ]  # fmt: skip
    return [Vector(f"bag-seals/{n}", e, c, make) for n, e, c, make in rows]
