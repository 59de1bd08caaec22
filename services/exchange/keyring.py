"""The private keys of the country, and every use of them that is not an entry's signature.

Content keys rest wrapped under the storage key; what a package says of its files (names, media
types, digests) rests sealed under a key derived from its content key, so that destroying the one
makes all of it unreadable. A title rests under the storage key: it names the package to its
authority for as long as the package is on record.
"""

import hmac
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from services.exchange.drafts import Answers
from shared.protocol import canonical, encryption
from shared.protocol.errors import FormatError
from shared.protocol.identifiers import Country, ItemId, id_bytes
from shared.protocol.keys import KemKey, SealKey
from shared.protocol.law.custody import Provenance
from shared.protocol.manifest import Item
from shared.runtime.keystore import Keystore

_AT_REST = b"rogatory/1 content key at rest\0"
_TITLE = b"rogatory/1 title\0"
_DECLARATION = b"rogatory/1 declaration\0"
_CASE = b"rogatory/1 case graph\0"
_CUSTODY = b"rogatory/1 custody\0"


UNTOLD = Provenance()


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What the preparer said of a file before sending it."""

    path: str  # in the bag
    original_name: str
    size: int
    sha256: bytes
    media_type: str
    custody: Provenance = UNTOLD
    answers: Answers | None = None

    def to_bytes(self) -> bytes:
        """Write it in canonical JSON."""
        return canonical.encode(
            {
                "media_type": self.media_type,
                "original_name": self.original_name,
                "path": self.path,
                "sha256": self.sha256.hex(),
                "size": self.size,
            }
            | ({} if self.custody == UNTOLD else {"custody": self.custody.to_json()})
            | ({} if self.answers is None else {"answers": _answers_json(self.answers)})
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "Declaration":
        """Read what `to_bytes` wrote.

        Raises:
            FormatError: it is something else.
        """
        value = canonical.parse(data)
        if not isinstance(value, dict) or not isinstance(size := value["size"], int):
            raise FormatError("this is no declaration of an item")
        return cls(
            path=str(value["path"]),
            original_name=str(value["original_name"]),
            size=size,
            sha256=bytes.fromhex(str(value["sha256"])),
            media_type=str(value["media_type"]),
            custody=Provenance.model_validate(value.get("custody", {})),
            answers=Answers.model_validate(value["answers"]) if "answers" in value else None,
        )

    def item(self, item_id: str) -> Item:
        """Return it as the manifest has it."""
        return Item(
            item_id=ItemId(item_id),
            path=self.path,
            size=self.size,
            sha256=self.sha256,
            media_type=self.media_type,
        )


def _answers_json(answers: Answers) -> canonical.Json:
    told: canonical.Json = answers.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return told


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageKey:
    """The content key of one package."""

    package_id: str
    content: bytes = field(repr=False)

    def sealer(self, item_id: str, n: int, *, last: bool) -> encryption.SegmentSealer:
        """Begin to seal one segment."""
        context = encryption.segment_context(self.package_id, item_id, n, last)
        return encryption.SegmentSealer(self.content, context)

    def opener(self, item_id: str, n: int, *, last: bool) -> encryption.SegmentOpener:
        """Begin to open one segment."""
        context = encryption.segment_context(self.package_id, item_id, n, last)
        return encryption.SegmentOpener(self.content, context)

    def segment_mac(self, sha256: bytes, size: int) -> bytes:
        """Return what tells whether a plaintext segment is the same again."""
        return encryption.segment_mac(self.content, sha256, size)

    def declaration_mac(self, declaration: Declaration) -> bytes:
        """Return what tells whether a declaration is the same again."""
        return self._mac(b"declaration mac", declaration.to_bytes())

    def name_mac(self, path: str) -> bytes:
        """Return what tells whether a name is taken; case does not make a difference on every disk."""
        folded = unicodedata.normalize("NFC", path.casefold())
        return self._mac(b"name mac", folded.encode())

    def seal_declaration(self, item_id: str, declaration: Declaration) -> bytes:
        """Seal what is said of a file."""
        key = encryption.derive(self.content, b"declaration")
        return encryption.seal_small(key, declaration.to_bytes(), self._place(item_id))

    def open_declaration(self, item_id: str, sealed: bytes) -> Declaration:
        """Open what is said of a file.

        Raises:
            SealError: it was changed, or belongs elsewhere.
        """
        key = encryption.derive(self.content, b"declaration")
        return Declaration.from_bytes(encryption.open_small(key, sealed, self._place(item_id)))

    def seal_case(self, graph: bytes) -> bytes:
        """Seal the authority's own CASE graph."""
        key = encryption.derive(self.content, b"case graph")
        return encryption.seal_small(key, graph, _CASE + id_bytes(self.package_id))

    def open_case(self, sealed: bytes) -> bytes:
        """Open the authority's own CASE graph.

        Raises:
            SealError: it was changed, or belongs elsewhere.
        """
        key = encryption.derive(self.content, b"case graph")
        return encryption.open_small(key, sealed, _CASE + id_bytes(self.package_id))

    def _place(self, item_id: str) -> bytes:
        return _DECLARATION + id_bytes(self.package_id) + id_bytes(item_id)

    def _mac(self, label: bytes, data: bytes) -> bytes:
        return hmac.digest(encryption.derive(self.content, label), data, "sha256")


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyring:
    """Every private key of the exchange."""

    country: Country
    log_origin: str  # of the country's own log; the `open` entry names it
    seal: SealKey = field(repr=False)
    kem: KemKey = field(repr=False)
    storage: bytes = field(repr=False)  # 32 bytes
    bag_seal_key: bytes = field(repr=False)  # PEM
    bag_seal_cert: bytes  # PEM chain, leaf first
    bag_seal_ca: bytes  # PEM

    @classmethod
    def load(
        cls,
        keystore: Keystore,
        *,
        country: Country,
        log_origin: str,
        bag_seal_cert: Path,
        bag_seal_ca: Path,
    ) -> "Keyring":
        """Take the keys from the opened keystore.

        Raises:
            KeystoreError: one is missing or does not open.
            FormatError: one is not what its name says.
        """
        return cls(
            country=country,
            log_origin=log_origin,
            seal=SealKey.from_bytes(keystore.get("seal")),
            kem=KemKey.from_bytes(keystore.get("kem")),
            storage=keystore.get("storage"),
            bag_seal_key=keystore.get("bag-seal"),
            bag_seal_cert=bag_seal_cert.read_bytes(),
            bag_seal_ca=bag_seal_ca.read_bytes(),
        )

    def recognise(self, text: str) -> str:
        """Return a code by which this country alone recognises a text again: 40 hex digits, upper case."""
        key = encryption.derive(self.storage, b"rogatory-recognition/v1")
        return hmac.digest(key, text.encode(), "sha256").hex()[:40].upper()

    def wrap_at_rest(self, content_key: bytes, package_id: str) -> bytes:
        """Wrap a content key under the storage key."""
        return encryption.seal_small(self.storage, content_key, _AT_REST + id_bytes(package_id))

    def unwrap_at_rest(self, wrapped: bytes, package_id: str) -> PackageKey:
        """Unwrap a content key.

        Raises:
            SealError: it was changed, or belongs to another package.
        """
        content = encryption.open_small(self.storage, wrapped, _AT_REST + id_bytes(package_id))
        return PackageKey(package_id=package_id, content=content)

    def unwrap(self, wrapped: bytes, *, package_id: str, sender: Country) -> bytes:
        """Unwrap a content key that a peer wrapped for this country; 32 bytes.

        Raises:
            SealError: it was wrapped for another, or for another transfer.
        """
        return encryption.unwrap(
            wrapped,
            self.kem,
            package_id=package_id,
            sender=sender,
            recipient_country=self.country,
        )

    def seal_custody(self, record: bytes, place: bytes) -> bytes:
        """Seal a custody record; `place` says which: package, item, country and number."""
        return encryption.seal_small(self._custody_key, record, _CUSTODY + place)

    def open_custody(self, sealed: bytes, place: bytes) -> bytes:
        """Open a custody record.

        Raises:
            SealError: it was changed, or stands elsewhere.
        """
        return encryption.open_small(self._custody_key, sealed, _CUSTODY + place)

    def custody_mark(self, told: bytes) -> bytes:
        """Return what tells whether a reading is one that is on record already."""
        return hmac.digest(encryption.derive(self.storage, b"custody mark"), told, "sha256")

    @property
    def _custody_key(self) -> bytes:
        return encryption.derive(self.storage, b"custody")

    def seal_title(self, title: str, package_id: str) -> bytes:
        """Seal the title of a package."""
        key = encryption.derive(self.storage, b"title")
        return encryption.seal_small(key, title.encode(), _TITLE + id_bytes(package_id))

    def open_title(self, sealed: bytes, package_id: str) -> str:
        """Open the title of a package.

        Raises:
            SealError: it was changed, or belongs to another package.
        """
        key = encryption.derive(self.storage, b"title")
        return encryption.open_small(key, sealed, _TITLE + id_bytes(package_id)).decode()
