"""An identifier has the form of its kind, and one spelling; a slip is found where it can be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocol.errors import FormatError
from shared.protocol.law.identifying import read_identifier

SPELLINGS = [
    ("MSISDN", "+999 555-0117", "+9995550117"),
    ("MSISDN", "+99 1", "+991"),
    ("IMSI", "262 01 0123456789", "262010123456789"),
    ("IMEI", "49-015420-323751-8", "490154203237518"),
    ("IMEI", "49015420323751", "49015420323751"),
    ("IMEI", "4901542032375199", "4901542032375199"),
    ("IBAN", "de89 3704 0044 0532 0130 00", "DE89370400440532013000"),
    ("DOMAIN", "Mail.Example.ORG.", "mail.example.org"),
    ("E_MAIL", "A.Varga@Example.ORG", "A.Varga@example.org"),
    ("URL", "HTTPS://Example.org/A?b=C", "https://example.org/A?b=C"),
    ("IP_PORT_TIME", "203.0.113.7:443 2026-01-03T11:00+01:00", "203.0.113.7:443 2026-01-03T10:00:00+00:00"),
    ("IP_PORT_TIME", "[2001:DB8:0::1]:53 2026-01-03T10:00Z", "[2001:db8::1]:53 2026-01-03T10:00:00+00:00"),
    ("WALLET", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"),
    ("ACCOUNT", " who ever ", " who ever "),
    ("DEVICE_SERIAL", "SN 1", "SN 1"),
    ("OTHER", "?", "?"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value", "spelling"), SPELLINGS)
def test_it_has_one_spelling(kind: str, value: str, spelling: str) -> None:
    assert read_identifier(kind, value) == spelling
    assert read_identifier(kind, spelling) == spelling


SLIPS = [
    ("MSISDN", "0999 555 0117", "country code"),
    ("MSISDN", "+999 555 O117", "country code"),
    ("MSISDN", "+1234567890123456", "country code"),
    ("IMSI", "2620", "IMSI"),
    ("IMEI", "490154203237517", "check digit"),
    ("IMEI", "49015420", "14 to 16"),
    ("IBAN", "DE88370400440532013000", "check digits"),
    ("IBAN", "89DE", "IBAN"),
    ("DOMAIN", "-example.org", "domain"),
    ("DOMAIN", "example", "domain"),
    ("DOMAIN", "exa mple.org", "domain"),
    ("E_MAIL", "example.org", "e-mail"),
    ("E_MAIL", "a b@example.org", "e-mail"),
    ("E_MAIL", "a@example", "e-mail"),
    ("URL", "ftp://example.org", "http"),
    ("URL", "javascript:alert(1)", "http"),
    ("IP_PORT_TIME", "203.0.113.7", "port and instant"),
    ("IP_PORT_TIME", "203.0.113.7:443", "port and instant"),
    ("IP_PORT_TIME", "203.0.113.7:70000 2026-01-03T10:00Z", "port and instant"),
    ("IP_PORT_TIME", "203.0.113.777:1 2026-01-03T10:00Z", "port and instant"),
    ("IP_PORT_TIME", "203.0.113.7:1 yesterday", "port and instant"),
    ("WALLET", "too short", "wallet"),
]


@pytest.mark.parametrize(("kind", "value", "what"), SLIPS)
def test_a_slip_is_found(kind: str, value: str, what: str) -> None:
    with pytest.raises(FormatError, match=what):
        read_identifier(kind, value)


@given(digits=st.text("0123456789", min_size=14, max_size=14), place=st.integers(0, 13))
def test_one_wrong_digit_of_a_device_is_always_found(digits: str, place: int) -> None:
    """ISO/IEC 7812-1: the check digit finds every single wrong digit."""
    doubled = [int(each) * (1 + (place + 1) % 2) for place, each in enumerate(reversed(digits))]
    check = -sum(each // 10 + each % 10 for each in doubled) % 10
    whole = f"{digits}{check}"
    assert read_identifier("IMEI", whole) == whole
    wrong = whole[:place] + str((int(whole[place]) + 1) % 10) + whole[place + 1 :]
    with pytest.raises(FormatError):
        read_identifier("IMEI", wrong)


KINDS = sorted({kind for kind, _, _ in SPELLINGS})


@given(kind=st.sampled_from(KINDS), value=st.text(max_size=60))
def test_whatever_is_written_is_read_or_refused(kind: str, value: str) -> None:
    try:
        spelling = read_identifier(kind, value)
    except FormatError:
        return
    assert read_identifier(kind, spelling) == spelling
