"""What a member document must say before anybody signs it: more than that it can be read.

A reader of old evidence takes what was in force then. Whoever signs today looks closer: a peer that nobody
can call, or that names another's address as its own, is found here and not on the day it matters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from cryptography.x509 import (
    BasicConstraints,
    Certificate,
    ExtensionNotFound,
    load_pem_x509_certificates,
)

from shared.protocol import jwk, trust
from shared.protocol.errors import FormatError, TrustError
from shared.protocol.keys import SUITE
from shared.protocol.law.agreed import read_agreement

LONGEST: Final = 400 * 86400  # seconds of a document or a key: a year, and time to renew
DUTY: Final = ("duty", "duty_phone")  # who answers at night; the phone for calling back
_PHONE: Final = re.compile(r"\+[0-9][0-9 ]{5,24}[0-9]")
_INSTRUMENT: Final = re.compile(r"[A-Z0-9][A-Z0-9-]{1,31}")
Flaw = str


def check_fit(member: trust.Member) -> None:
    """Check a document by the rules for new ones.

    Raises:
        TrustError: says each thing that is missing or wrong.
    """
    flaws = [*_addresses(member), *_contacts(member), *_terms(member), *_validity(member)]
    flaws += [*_anchors(member)]
    if flaws:
        raise TrustError(f"The document of {member.country}: {'; '.join(flaws)}.")


def check_apart(member: trust.Member, others: Mapping[str, trust.Member]) -> None:
    """Check that nothing by which a country is known is another one's already.

    Raises:
        TrustError: an address, an origin or a key is.
    """
    for country, other in others.items():
        shared = _marks(member) & _marks(other) if country != member.country else set()
        if shared:
            raise TrustError(
                f"{member.country} claims what is {country}'s: {min(shared)}.",
                country=member.country,
            )


def check_pairs(member: trust.Member, files: Mapping[str, bytes]) -> None:
    """Check that every profile which a document names is at hand, and can be used.

    Raises:
        TrustError: one is not, or cannot be read: who names it would be bound by what nobody can apply.
    """
    for name in member.pairs:
        for path in name.paths:
            if path not in files:
                raise TrustError(
                    f"The document of {member.country} names {path}, which is not there.",
                    country=member.country,
                )
        try:
            read_agreement(name, files)
        except FormatError as error:
            raise TrustError(f"{name.path}: {error.detail}", country=member.country) from error


def _marks(member: trust.Member) -> set[str]:
    logs = (member.log, *member.closed_logs)
    return {
        *(member.gateway, member.issuer),
        *(f"log {log.origin}" for log in logs),
        *(f"key {vkey}" for log in logs for vkey in log.vkeys),
        *(f"key {vkey}" for vkey in member.witness.vkeys),
        *(f"key {jwk.thumbprint(key)}" for key in member.client_jwks),
        *(f"key {dated.es384.get('x')}" for dated in member.seal),
        *(f"key {dated.kid}" for dated in member.kem),
    }


def _addresses(member: trust.Member) -> Iterator[Flaw]:
    parts = urlsplit(member.gateway)
    if parts.scheme != "https" or not parts.hostname or parts.path or parts.query or parts.username:
        yield "the gateway is https://host[:port] and nothing more"
    if member.issuer != member.gateway:
        yield "the issuer is the gateway's address"


def _contacts(member: trust.Member) -> Iterator[Flaw]:
    for name in DUTY:
        if not member.contacts.get(name):
            yield f"the contacts lack {name}"
    if not _PHONE.fullmatch(member.contacts.get("duty_phone", "+000000")):
        yield "duty_phone is written as +CC NUMBER"


def _terms(member: trust.Member) -> Iterator[Flaw]:
    if SUITE not in member.suites:
        yield f"the suites lack {SUITE}, which every member reads"
    if not member.instruments:
        yield "no legal instrument is in force for it"
    for name in member.instruments:
        if not _INSTRUMENT.fullmatch(name):
            yield f"{name!r} is no code of an instrument"


def _validity(member: trust.Member) -> Iterator[Flaw]:
    if not 0 < member.not_after - member.not_before <= LONGEST:
        yield "it is valid for a year at most"
    keys: Sequence[tuple[str, int, int]] = [
        *(("seal", each.nbf, each.exp) for each in member.seal),
        *(("kem", each.nbf, each.exp) for each in member.kem),
        *(("client", _seconds(each, "nbf"), _seconds(each, "exp")) for each in member.client_jwks),
    ]
    for name, nbf, exp in keys:
        if not 0 < exp - nbf <= LONGEST:
            yield f"a {name} key is valid for a year at most, from nbf until exp"
    for name in ("seal", "kem", "client"):
        if not any(each == name and exp > member.not_before for each, _, exp in keys):
            yield f"no {name} key is in force"


def _seconds(key: Mapping[str, str | int], name: str) -> int:
    value = key.get(name)
    return value if isinstance(value, int) else 0


def _anchors(member: trust.Member) -> Iterator[Flaw]:
    if not member.tls_anchors:
        yield "it names no TLS anchor"
    for name, pem in (
        *(("TLS anchor", each) for each in member.tls_anchors),
        ("bag_seal_ca", member.bag_seal_ca),
    ):
        yield from _anchor(name, pem, datetime.fromtimestamp(member.not_before, UTC))


def _anchor(name: str, pem: str, at: datetime) -> Iterator[Flaw]:
    try:
        certificates = load_pem_x509_certificates(pem.encode())
    except ValueError:
        yield f"a {name} is no certificate"
        return
    for certificate in certificates:
        if not _is_authority(certificate):
            yield f"a {name} is no authority's certificate"
        if certificate.not_valid_after_utc <= at:
            yield f"a {name} has expired"


def _is_authority(certificate: Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(BasicConstraints).value.ca
    except ExtensionNotFound:
        return False
