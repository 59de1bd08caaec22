"""The shapes of a request's fields: what a form shows, what a document must look like (spec/request.md, 1).

Names are those of `fields.toml`; `documents` puts them together. JSON Schema comes from here, too, so that a
form, the completeness check and what travels can never disagree.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.protocol.law.texts import (
    Code,
    CountryCode,
    Day,
    Digest,
    Id,
    Instant,
    Language,
    Line,
    Lines,
    Months,
    Text,
    moment,
)

Urgency = Literal["ROUTINE", "URGENT", "EMERGENCY"]
UrgencyReason = Literal[
    "THREAT_TO_LIFE",
    "CRIME_IN_PROGRESS",
    "SUSPECT_IN_CUSTODY_OR_RELEASE",
    "DATA_VOLATILE",
    "PROCEDURAL_DATE",
    "CRITICAL_INFRASTRUCTURE",
]
Channel = Literal["CA_TO_CA", "JUDICIAL_DIRECT_COPY_CA", "POINT_24_7", "INTERPOL", "DIPLOMATIC"]
Proceedings = Literal[
    "CRIMINAL",
    "ADMIN_APPEALABLE_TO_CRIMINAL_COURT",
    "LEGAL_PERSON",
    "EXECUTION_OF_SENTENCE",
    "ASSET_RECOVERY",
]
Stage = Literal["PRELIMINARY", "INVESTIGATION", "CHARGED", "TRIAL", "APPEAL", "SENTENCE"]
Nature = Literal["NONE", "POLITICAL", "MILITARY", "FISCAL"]
IdentifierKind = Literal[
    "ACCOUNT", "E_MAIL", "MSISDN", "IMSI", "IMEI", "IP_PORT_TIME", "URL", "DOMAIN", "WALLET", "IBAN",
    "DEVICE_SERIAL", "OTHER",
]  # fmt: skip


class Form(BaseModel):
    """Strict: a field that nobody knows is a mistake."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class LegalBasis(Form):
    """An article of an instrument."""

    instrument: Code
    article: Line


class Attachment(Form):
    """A document that comes with the request; its bytes travel as an item, its hash here."""

    title: Line
    type: Line
    language: Language
    size: Annotated[int, Field(ge=0)]
    sha256: Digest
    classification: Line | None = None


class Spoken(Form):
    """The request's language, and the translations that go with it."""

    language: Language
    translations: Annotated[tuple[Attachment, ...], Field(strict=False, max_length=50)] = ()


class Previous(Form):
    """What this request follows."""

    request_id: Id
    relation: Literal["FOLLOW_UP", "EXTENSION", "SUPPLEMENT", "WITHDRAWAL", "PRESERVATION"]


class Authority(Form):
    """An authority, its function, and how judicial it is: A any, P prosecutor, J judge or court."""

    name: Line
    function: Line
    person: Line
    level: Literal["A", "P", "J"]
    at: Day | None = None  # of a validation


class Contact(Form):
    """Somebody who can be asked."""

    name: Line
    post: Line
    telephone: Line
    email: Line
    time_zone: Line
    languages: Annotated[tuple[Language, ...], Field(strict=False, min_length=1)]
    address: Line | None = None
    office_hours: Line | None = None
    mobile: Line | None = None
    answer_by: Line | None = None  # the means that is preferred


class Order(Form):
    """A judicial order that stands behind a measure."""

    type: Line
    number: Line
    date: Day
    court: Line
    valid_until: Day | None = None
    sha256: Digest


class Offence(Form):
    """What is alleged, in the words of the law that punishes it."""

    name: Line
    provision: Line
    law: Text
    max_penalty_months: Months
    categories: Annotated[tuple[Code, ...], Field(strict=False, max_length=10)] = ()


class Penalties(Form):
    """What the offence may carry."""

    death_penalty: bool
    life_without_parole: bool
    corporal: bool


class Person(Form):
    """Somebody concerned, as far as known."""

    role: Literal["SUSPECT", "ACCUSED", "CONVICTED", "VICTIM", "WITNESS", "EXPERT", "THIRD_PARTY"]
    name: Line
    aliases: Lines | None = None
    born: Day | None = None
    birth_place: Line | None = None
    nationality: CountryCode | None = None
    residence: CountryCode | None = None
    address: Line | None = None
    identity_documents: Lines | None = None
    language: Language | None = None
    details: Line | None = None


class PersonFlags(Form):
    """Who needs particular care."""

    minor: bool = False
    vulnerable: bool = False
    privileged: Annotated[
        tuple[Literal["LAWYER", "DOCTOR", "JOURNALIST", "CLERGY", "PARLIAMENT", "DIPLOMAT"], ...],
        Field(strict=False),
    ] = ()


class Identifier(Form):
    """What to look for, and the page it was copied from, so that it can be compared (G03)."""

    kind: IdentifierKind
    value: Line
    document: Line
    page: Line


class Range(Form):
    """From when to when; the end is not before the beginning."""

    since: Annotated[Instant, Field(alias="from")]
    until: Annotated[Instant, Field(alias="to")]

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if moment(self.until) < moment(self.since):
            raise ValueError("the end is before the beginning")
        return self


class Custodian(Form):
    """Who holds the data."""

    name: Line
    address: Line
    why: Text
    location: Line | None = None  # of the system, where known


class Preserved(Form):
    """An earlier preservation."""

    by: Line
    reference: Line
    until: Day


class NeededBy(Form):
    """When, and whether that date cannot move."""

    date: Day
    fixed: bool


class Confidentiality(Form):
    """What is to be kept confidential."""

    scope: Literal["NONE", "FACT", "CONTENT", "BOTH"]
    reason: Line | None = None
    until: Day | None = None


class SubjectNotice(Form):
    """Whether the person concerned may be told."""

    rule: Literal["ALLOWED", "DELAYED_UNTIL", "RESTRICTED"]
    ground: Line | None = None
    review: Day | None = None


class Retention(Form):
    """How long the evidence is kept."""

    until: Day
    review: Day

    @model_validator(mode="after")
    def _is_reviewed_in_time(self) -> Self:
        if self.until < self.review:
            raise ValueError("the review is after the end")
        return self


class Assurance(Form):
    """A State's word, and who gave it."""

    text: Text
    signatory: Line
    authority: Line
    date: Day


class TransferBasis(Form):
    """On what a transfer of personal data stands."""

    gateway: Literal["ADEQUACY", "APPROPRIATE_SAFEGUARDS", "SPECIAL_CIRCUMSTANCES"]
    assessment: Text
