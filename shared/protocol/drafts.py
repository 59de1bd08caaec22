"""What goes from hand to hand before it is published: drafts, and a request to join (spec/trust.md, 6).

Both are one file of canonical JSON. Drafts that only make sense together are in one file; they collect
signatures until as many have signed as it takes. A request to join is a country's first role with its
document, and the keys that are to sign from then on: each of them has to sign it, so nobody can join with
a key that another one holds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root, Targets

from shared.protocol import canonical, trust
from shared.protocol.agreements import check_file, digest_of
from shared.protocol.ceremonies import Office, admit, first_targets
from shared.protocol.errors import FormatError, TrustError
from shared.protocol.identifiers import parse_country
from shared.protocol.rootchain import check_signed, read_metadata
from shared.protocol.signingkeys import read_key, write_key

MAX_DRAFT = 2 * 2**20  # bytes
NEVER = datetime(1970, 1, 1, tzinfo=UTC)  # of what is never published
_STRICT = ConfigDict(strict=True, frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The next version of a role, with the signatures that it has; a country's with its document."""

    role: str  # root, targets or country-XX
    metadata: Metadata[Root] | Metadata[Targets]
    document: bytes | None = None
    files: Mapping[str, bytes] = field(
        default_factory=dict
    )  # profiles that the document names, by path


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinRequest:
    """A country that wants to join: its keys, and its first role, signed by each of them."""

    country: str
    office: Office
    draft: Draft

    def to_bytes(self) -> bytes:
        """Write the request."""
        assert self.draft.document is not None
        keys: list[canonical.Json] = [write_key(key) for key in self.office.keys]
        return canonical.encode(
            {
                "v": 1,
                "kind": "join",
                "country": self.country,
                "keys": keys,
                "threshold": self.office.threshold,
                "metadata": canonical.b64u(self.draft.metadata.to_bytes()),
                "document": canonical.b64u(self.draft.document),
            }
        )

    def check(self) -> None:
        """Check that each key has signed, and that what it signed is the country's own document.

        Raises:
            TrustError: one has not.
        """
        listed = admit(first_targets(NEVER).signed, self.country, self._everyone, NEVER)
        check_signed(trust.role_name(self.country), self._role, listed.signed)
        check_document(self.draft)

    @property
    def _everyone(self) -> Office:
        self.office.check(self.draft.role)
        return Office(keys=self.office.keys, threshold=len(self.office.keys))

    @property
    def _role(self) -> Metadata[Targets]:
        assert isinstance(self.draft.metadata.signed, Targets)
        return self.draft.metadata


class _Draft(BaseModel):
    model_config = _STRICT
    role: str
    metadata: str
    document: str | None
    files: Annotated[dict[str, str], Field(min_length=1)] = {}  # not there, rather than empty


class _Drafts(BaseModel):
    model_config = _STRICT
    v: Literal[1]
    kind: Literal["drafts"]
    drafts: tuple[_Draft, ...]


class _Join(BaseModel):
    model_config = _STRICT
    v: Literal[1]
    kind: Literal["join"]
    country: str
    keys: tuple[dict[str, str | dict[str, str]], ...]
    threshold: int
    metadata: str
    document: str


def write_drafts(drafts: Sequence[Draft]) -> bytes:
    """Write drafts that go together."""
    return canonical.encode({"v": 1, "kind": "drafts", "drafts": [_write(each) for each in drafts]})


def _write(draft: Draft) -> canonical.Json:
    document = None if draft.document is None else canonical.b64u(draft.document)
    metadata = canonical.b64u(draft.metadata.to_bytes())
    told: dict[str, canonical.Json] = {
        "role": draft.role,
        "metadata": metadata,
        "document": document,
    }
    return {**told, **_files(draft)}


def _files(draft: Draft) -> dict[str, canonical.Json]:
    files = {path: canonical.b64u(content) for path, content in draft.files.items()}
    return {"files": {**files}} if files else {}


def _read_files(files: Mapping[str, str]) -> Mapping[str, bytes]:
    found = {path: canonical.unb64u(text) for path, text in files.items()}
    for path, content in found.items():
        check_file(content, digest_of(path))
    return found


def read_drafts(data: bytes) -> tuple[Draft, ...]:
    """Read drafts; nothing about their signatures is proven.

    Raises:
        FormatError: these are none.
    """
    canonical.parse(data, max_size=MAX_DRAFT)
    try:
        told = _Drafts.model_validate_json(data)
    except ValidationError as error:
        raise FormatError("These are no drafts of a ceremony.") from error
    return tuple(_read(each) for each in told.drafts)


def _read(told: _Draft) -> Draft:
    content = canonical.unb64u(told.metadata)
    document = canonical.unb64u(told.document) if told.document is not None else None
    is_country = told.role not in {"root", "targets"}
    if is_country:
        country_of(told.role)
    if is_country != (document is not None):
        raise FormatError("A country's draft, and no other, has a document.")
    if told.files and not is_country:
        raise FormatError("A country's draft, and no other, has profiles.")
    if told.role == "root":
        return Draft(role=told.role, metadata=read_metadata(content, Root))
    return Draft(
        role=told.role,
        metadata=read_metadata(content, Targets),
        document=document,
        files=_read_files(told.files),
    )


def read_join(data: bytes) -> JoinRequest:
    """Read a request to join; `check` says whether it holds.

    Raises:
        FormatError: it is none.
    """
    canonical.parse(data, max_size=MAX_DRAFT)
    try:
        told = _Join.model_validate_json(data)
    except ValidationError as error:
        raise FormatError("This is not a request to join the federation.") from error
    draft = Draft(
        role=trust.role_name(parse_country(told.country)),
        metadata=read_metadata(canonical.unb64u(told.metadata), Targets),
        document=canonical.unb64u(told.document),
    )
    keys = tuple(read_key(each) for each in told.keys)
    return JoinRequest(
        country=told.country, office=Office(keys=keys, threshold=told.threshold), draft=draft
    )


def country_of(role: str) -> str:
    """Give the country whose role this is.

    Raises:
        FormatError: it is no country's.
    """
    if not role.startswith(trust.role_name("")):
        raise FormatError(f"{role} is no role of the federation.")
    return parse_country(role.removeprefix(trust.role_name("")))


def check_document(draft: Draft) -> trust.Member:
    """Check that the document beside a country's role is the one that it signs.

    Raises:
        TrustError: it is another one.
        FormatError: it is no member document, or another country's.
    """
    country, role = country_of(draft.role), draft.metadata.signed
    assert isinstance(role, Targets)
    assert draft.document is not None
    target = role.targets.get(trust.target_path(country))
    try:
        if target is None:
            raise TrustError(f"{draft.role} signs no document of {country}.", country=country)
        target.verify_length_and_hashes(draft.document)
    except RepositoryError as error:
        raise TrustError("The document is not the one that was signed.", country=country) from error
    member = trust.Member.from_bytes(draft.document)
    if member.country != country:
        raise TrustError(f"{draft.role} speaks for {member.country}.", country=country)
    if stray := draft.files.keys() - {path for name in member.pairs for path in name.paths}:
        raise TrustError(f"The document of {country} does not name {min(stray)}.", country=country)
    return member
