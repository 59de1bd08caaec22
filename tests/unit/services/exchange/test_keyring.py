"""What rests sealed opens in its own place and nowhere else."""

import pytest

from services.exchange.keyring import Declaration, Keyring, PackageKey
from shared.protocol import encryption
from shared.protocol.errors import FormatError, SealError
from shared.protocol.identifiers import parse_country
from shared.protocol.keys import KemKey, SealKey

PACKAGE, OTHER = "019aaaaa-0000-7000-8000-000000000001", "019aaaaa-0000-7000-8000-000000000002"
ITEM = "019aaaaa-0000-7000-8000-00000000000a"
DECLARATION = Declaration(
    path="data/a", original_name="A.txt", size=3, sha256=b"\x01" * 32, media_type="text/plain"
)


@pytest.fixture(scope="module")
def ring() -> Keyring:
    return Keyring(
        country=parse_country("QM"),
        log_origin="qm/log",
        seal=SealKey.generate(),
        kem=KemKey.generate(),
        storage=b"\x07" * 32,
        bag_seal_key=b"",
        bag_seal_cert=b"",
        bag_seal_ca=b"",
    )


@pytest.fixture
def key() -> PackageKey:
    return PackageKey(package_id=PACKAGE, content=b"\x09" * 32)


def test_a_content_key_rests_wrapped_for_its_package(ring: Keyring) -> None:
    content = encryption.new_content_key()
    wrapped = ring.wrap_at_rest(content, PACKAGE)
    assert content not in wrapped
    assert ring.unwrap_at_rest(wrapped, PACKAGE).content == content
    with pytest.raises(SealError):
        ring.unwrap_at_rest(wrapped, OTHER)


def test_a_title_belongs_to_its_package(ring: Keyring) -> None:
    sealed = ring.seal_title("Straße", PACKAGE)
    assert ring.open_title(sealed, PACKAGE) == "Straße"
    with pytest.raises(SealError):
        ring.open_title(sealed, OTHER)


def test_a_declaration_belongs_to_its_item(key: PackageKey) -> None:
    sealed = key.seal_declaration(ITEM, DECLARATION)
    assert key.open_declaration(ITEM, sealed) == DECLARATION
    with pytest.raises(SealError):
        key.open_declaration(OTHER, sealed)


def test_a_case_graph_belongs_to_its_package(key: PackageKey) -> None:
    sealed = key.seal_case(b"{}")
    assert key.open_case(sealed) == b"{}"
    with pytest.raises(SealError):
        PackageKey(package_id=OTHER, content=key.content).open_case(sealed)


def test_a_mac_tells_declarations_and_names_apart(key: PackageKey) -> None:
    other = PackageKey(package_id=PACKAGE, content=b"\x0a" * 32)
    assert key.declaration_mac(DECLARATION) != other.declaration_mac(DECLARATION)
    assert key.name_mac("data/É") == key.name_mac("data/é")
    assert key.name_mac("data/e") != key.name_mac("data/é")


def test_what_is_no_declaration_is_refused() -> None:
    for data in (b"[]", b'{"size":"3"}', b"{"):
        with pytest.raises(FormatError):
            Declaration.from_bytes(data)


def test_no_secret_shows_in_a_representation(ring: Keyring, key: PackageKey) -> None:
    assert "\\x07" not in repr(ring)
    assert "\\t" not in repr(key)
    assert "content" not in repr(key)
