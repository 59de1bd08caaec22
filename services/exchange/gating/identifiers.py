"""What is looked for, by kind: whether it can be one, and the form in which two are compared (G02, G03)."""

import re
from collections.abc import Callable, Mapping
from typing import Final

_DIGITS: Final = re.compile(r"\D")
_SHAPES: Final[Mapping[str, str]] = {
    "E_MAIL": r"[^@\s]+@[^@\s]+",
    "MSISDN": r"\+?[0-9][0-9 ()/.-]*",  # E.164: at most 15 digits
    "IMSI": r"[0-9]{14,15}",
    "IMEI": r"[0-9]{14,16}",
    "IP_PORT_TIME": r"[0-9a-fA-F.:\[\]]+.*",
    "URL": r"[a-z][a-z0-9+.-]*://\S+",
    "DOMAIN": r"([^.\s]+\.)+[^.\s]+",
    "WALLET": r"\S+",
    "IBAN": r"[A-Z]{2}[0-9]{2}[A-Za-z0-9 ]{1,38}",
}


def readable(kind: str, value: str) -> bool:
    """Say whether a value can be of its kind; what has no known shape always can."""
    shape = _SHAPES.get(kind)
    return shape is None or re.fullmatch(shape, value) is not None


def normal(kind: str, value: str) -> str:
    """Return the form in which values of a kind are compared."""
    return _FORMS.get(kind, str.strip)(value)


def _squeezed(value: str) -> str:
    return "".join(value.split()).upper()


_FORMS: Final[Mapping[str, Callable[[str], str]]] = {
    "E_MAIL": lambda value: value.strip().casefold(),
    "DOMAIN": lambda value: value.strip().rstrip(".").casefold(),
    "MSISDN": lambda value: _DIGITS.sub("", value),
    "IMSI": lambda value: _DIGITS.sub("", value),
    "IMEI": lambda value: _DIGITS.sub("", value),
    "IBAN": _squeezed,
}
