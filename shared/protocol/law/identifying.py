"""What data are looked for by: an identifier of each kind has a form, and one spelling (spec/request.md, 3).

A slip in a number sends officers to somebody else's door. What has a check digit is checked by it; what has a
form is checked by that; the rest is compared with the page that it was copied from (G03).
"""

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Final, NoReturn

from shared.protocol.errors import FormatError
from shared.protocol.law.texts import moment

_SEPARATORS: Final = str.maketrans("", "", " -.()/")
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN: Final = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}")  # RFC 1123, 2.1; other scripts as A-labels
_MAILBOX: Final = re.compile(r"[^\s@<>,;]{1,64}")  # RFC 5321, 4.5.3.1.1
_IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}")  # ISO 13616
_MSISDN: Final = re.compile(r"\+[1-9][0-9]{1,14}")  # ITU-T E.164, 6.2
_IMSI: Final = re.compile(r"[0-9]{6,15}")  # ITU-T E.212
_IMEI: Final = re.compile(
    r"[0-9]{14,16}"
)  # 3GPP TS 23.003, 6.2; 14: without check digit, 16: with software version
_WALLET: Final = re.compile(r"[0-9A-Za-z:]{20,120}")
_URL: Final = re.compile(r"(https?)://([^/?#\s]+)(\S*)", re.IGNORECASE)
_PORTS: Final = 2**16
_AN_ADDRESS_AT: Final = "address, port and instant as in 203.0.113.7:443 2026-01-03T10:00:00Z"
_AT: Final = re.compile(r"(\S+):([0-9]{1,5}) (\S+)")


def read_identifier(kind: str, value: str) -> str:
    """Return an identifier in its one spelling, by which two of them can be compared.

    Args:
        kind: of `forms.IdentifierKind`; kinds without a form of their own are taken as they are.
        value: as it was copied.

    Raises:
        FormatError: it has not the form of its kind, or its check digit says that it was copied wrong.
    """
    read = _READERS.get(kind)
    return read(value) if read is not None else value


def _refuse(value: str, what: str) -> NoReturn:
    raise FormatError(f"{value!r} is no {what}")


def _shaped(form: re.Pattern[str], value: str, what: str) -> str:
    if form.fullmatch(value) is None:
        _refuse(value, what)
    return value


def _telephone(value: str) -> str:
    return _shaped(
        _MSISDN, value.translate(_SEPARATORS), "telephone number with + and country code"
    )


def _subscriber(value: str) -> str:
    return _shaped(_IMSI, value.translate(_SEPARATORS), "IMSI of up to 15 digits")


def _device(value: str) -> str:
    digits = _shaped(_IMEI, value.translate(_SEPARATORS), "IMEI of 14 to 16 digits")
    if len(digits) == 15 and not _luhn(digits):  # noqa: PLR2004 - with its check digit
        _refuse(value, "IMEI: its check digit is another")
    return digits


def _luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, Annex B."""
    doubled = [int(each) * (1 + place % 2) for place, each in enumerate(reversed(digits))]
    return sum(each // 10 + each % 10 for each in doubled) % 10 == 0


def _account(value: str) -> str:
    iban = _shaped(_IBAN, value.translate(_SEPARATORS).upper(), "IBAN")
    turned = "".join(str(int(each, 36)) for each in iban[4:] + iban[:4])
    if int(turned) % 97 != 1:  # ISO 13616, 7
        _refuse(value, "IBAN: its check digits are others")
    return iban


def _domain(value: str) -> str:
    return _shaped(_DOMAIN, value.lower().rstrip("."), "domain name")


def _mail(value: str) -> str:
    mailbox, _, domain = value.rpartition("@")
    if _MAILBOX.fullmatch(mailbox) is None or _DOMAIN.fullmatch(domain.lower()) is None:
        _refuse(value, "e-mail address")
    return f"{mailbox}@{domain.lower()}"


def _url(value: str) -> str:
    parts = _URL.fullmatch(value)
    if parts is None:
        _refuse(value, "http or https address")
    return f"{parts[1].lower()}://{parts[2].lower()}{parts[3]}"


def _address_at(value: str) -> str:
    """Address, port and instant: behind one address there are many subscribers at a time."""
    parts = _AT.fullmatch(value)
    if parts is None or int(parts[2]) >= _PORTS:
        _refuse(value, _AN_ADDRESS_AT)
    try:
        address, at = ip_address(parts[1].strip("[]")), moment(parts[3])
    except ValueError:
        _refuse(value, _AN_ADDRESS_AT)
    host = f"[{address}]" if address.version == 6 else str(address)  # noqa: PLR2004
    return f"{host}:{int(parts[2])} {at.isoformat()}"


_READERS: Final[Mapping[str, Callable[[str], str]]] = {
    "MSISDN": _telephone,
    "IMSI": _subscriber,
    "IMEI": _device,
    "IBAN": _account,
    "DOMAIN": _domain,
    "E_MAIL": _mail,
    "URL": _url,
    "IP_PORT_TIME": _address_at,
    "WALLET": lambda value: _shaped(_WALLET, value, "address of a wallet"),
}
