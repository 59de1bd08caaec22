"""A bundle vouches for exactly what the pinned root delegated, and nothing slips in."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tuf.api.metadata import Metadata, Root, Targets

from shared.protocol import canonical, jose, trust
from shared.protocol.errors import FormatError, ProtocolError, TrustError
from shared.protocol.identifiers import Country
from tests.federated import CLIENT_KEY, KEM, SEAL, Repository, document, sign

QM, QN = Country("QM"), Country("QN")
LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)  # everything has long expired: no clock is asked


@pytest.fixture
def federation(tmp_path: Path) -> Repository:
    return Repository.make(tmp_path, LONG_AGO)


def test_a_bundle_vouches_for_each_member(federation: Repository) -> None:
    members = trust.read_bundle(federation.bundle(), federation.root)
    assert set(members) == {QM, QN}
    member = members[QM]
    assert [key.to_json() for key in member.seal_keys] == [SEAL]
    assert [key.to_json() for key in member.kem_keys] == [KEM]
    assert (member.log_origin, member.log_vkeys) == ("log.QM", ("v",))


def test_a_bundle_may_leave_countries_out(federation: Repository) -> None:
    bundle = federation.bundle(members={"QM": federation.member("QM")})
    assert set(trust.read_bundle(bundle, federation.root)) == {QM}


def test_history_from_before_the_pin_is_checked_as_well(federation: Repository) -> None:
    second = federation.rotate_root(lambda _root: None, federation.offline.root)
    third = federation.rotate_root(lambda _root: None, federation.offline.root)
    broken = Metadata[Root].from_bytes(second)
    list(broken.signatures.values())[-1].signature = "00" * 64
    assert trust.read_bundle(federation.bundle(roots=[second, third]), third)
    bundle = federation.bundle(roots=[federation.root, broken.to_bytes(), third])
    with pytest.raises(TrustError, match="does not hold"):
        trust.read_bundle(bundle, third)


def test_a_new_root_is_followed_from_the_old_one(federation: Repository) -> None:
    fresh = Repository.make(federation.folder / "other", LONG_AGO).offline.root[0]
    gone = federation.offline.root[4].public_key.keyid

    def replace(root: Root) -> None:
        root.revoke_key(gone, "root")
        root.add_key(fresh.public_key, "root")

    second = federation.rotate_root(replace, [*federation.offline.root[:3], fresh])
    third = federation.rotate_root(lambda _root: None, [*federation.offline.root[:2], fresh])
    roots = [federation.root, second, third]
    assert trust.read_bundle(federation.bundle(roots=roots), federation.root)
    assert trust.read_bundle(federation.bundle(roots=roots), third)
    with pytest.raises(TrustError, match="missing"):
        trust.read_bundle(federation.bundle(roots=[third]), federation.root)


def _two_signatures(federation: Repository) -> dict[str, Any]:
    second = federation.rotate_root(lambda _root: None, federation.offline.root[:2])
    return {"roots": [federation.root, second]}


def _one_broken_of_three(federation: Repository) -> dict[str, Any]:
    """Enough signatures hold; one more does not."""
    targets = Metadata[Targets].from_bytes(federation.newest("targets"))
    list(targets.signatures.values())[-1].signature = "00" * 64
    return {"targets": targets.to_bytes()}


def _other_history(federation: Repository) -> dict[str, Any]:
    """The pin has another neighbour in its place."""
    return {"roots": [Repository.make(federation.folder / "other", LONG_AGO).root]}


def _respelled(federation: Repository) -> dict[str, Any]:
    return {"targets": federation.newest("targets").replace(b"{", b"{ ", 1)}


def _own_keys(federation: Repository) -> dict[str, Any]:
    """A root that is well signed by its own keys, and not by those before."""
    other = Repository.make(federation.folder / "other", LONG_AGO)
    return {"roots": [federation.root, other.rotate_root(lambda _root: None, other.offline.root)]}


def _other_targets(federation: Repository) -> dict[str, Any]:
    return {"targets": Repository.make(federation.folder / "other", LONG_AGO).newest("targets")}


def _one_targets_key(federation: Repository) -> dict[str, Any]:
    targets = Metadata[Targets].from_bytes(federation.newest("targets"))
    targets.signatures.clear()
    return {"targets": sign(targets, federation.offline.targets[:1])}


def _foreign_key(federation: Repository) -> dict[str, Any]:
    forged = document("QM", gateway="https://evil.example")
    role = federation.role("members/QM.json", forged, federation.countries["QN"])
    return _replaced(federation, role, forged)


def _foreign_path(federation: Repository) -> dict[str, Any]:
    """QN signs the document of QM in its own role."""
    forged = document("QM", gateway="https://evil.example")
    role = federation.role("members/QM.json", forged, federation.countries["QN"])
    roles = {"country-QM": role, "country-QN": role}
    return {"roles": roles, "members": {"QM": forged}}


def _foreign_country(federation: Repository) -> dict[str, Any]:
    """QM's own role and path, with a document that speaks for QN."""
    forged = document("QN")
    role = federation.role("members/QM.json", forged, federation.countries["QM"])
    return _replaced(federation, role, forged)


def _changed_member(federation: Repository) -> dict[str, Any]:
    changed = federation.member("QM").replace(b"qm.example", b"qx.example")
    return {"members": {"QM": changed, "QN": federation.member("QN")}}


def _no_role(federation: Repository) -> dict[str, Any]:
    return {"roles": {"country-QN": federation.newest("country-QN")}}


def _empty_role(federation: Repository) -> dict[str, Any]:
    role = federation.role("members/XX.json", b"x", federation.countries["QM"])
    return _replaced(federation, role, federation.member("QM"))


def _undelegated(federation: Repository) -> dict[str, Any]:
    forged = document("QX")
    role = federation.role("members/QX.json", forged, federation.countries["QM"])
    return {"roles": {"country-QX": role}, "members": {"QX": forged}}


def _replaced(federation: Repository, role: bytes, member: bytes) -> dict[str, Any]:
    return {
        "roles": {"country-QM": role, "country-QN": federation.newest("country-QN")},
        "members": {"QM": member, "QN": federation.member("QN")},
    }


def _flipped_signature(federation: Repository) -> dict[str, Any]:
    targets = Metadata[Targets].from_bytes(federation.newest("targets"))
    for signature in targets.signatures.values():
        signature.signature = "00" * 64
    return {"targets": targets.to_bytes()}


def _not_metadata(_federation: Repository) -> dict[str, Any]:
    return {"targets": b"{}"}


def _wrong_kind(federation: Repository) -> dict[str, Any]:
    return {"targets": federation.root}


def _doubled_member(federation: Repository) -> dict[str, Any]:
    return {
        "targets": federation.newest("targets").replace(b'"signed"', b'"signatures":[],"signed"')
    }


ATTACKS: dict[Callable[[Repository], dict[str, Any]], type[ProtocolError]] = {
    _two_signatures: TrustError,
    _own_keys: TrustError,
    _one_broken_of_three: TrustError,
    _other_history: TrustError,
    _respelled: FormatError,
    _other_targets: TrustError,
    _one_targets_key: TrustError,
    _foreign_key: TrustError,
    _foreign_path: TrustError,
    _foreign_country: TrustError,
    _changed_member: TrustError,
    _no_role: TrustError,
    _empty_role: TrustError,
    _undelegated: TrustError,
    _flipped_signature: TrustError,
    _not_metadata: FormatError,
    _wrong_kind: FormatError,
    _doubled_member: FormatError,
}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_a_forged_bundle_is_refused(
    federation: Repository, attack: Callable[[Repository], dict[str, Any]]
) -> None:
    bundle = federation.bundle(**attack(federation))
    with pytest.raises(ATTACKS[attack]):
        trust.read_bundle(bundle, federation.root)


def test_another_pin_vouches_for_nothing(federation: Repository, tmp_path: Path) -> None:
    other = Repository.make(tmp_path / "other", LONG_AGO)
    with pytest.raises(TrustError):
        trust.read_bundle(federation.bundle(), other.root)


@pytest.mark.parametrize("content", [b"{}", b"[]", b"", b'{"v": 1}'])
def test_what_is_no_bundle_is_refused(federation: Repository, content: bytes) -> None:
    with pytest.raises(FormatError):
        trust.read_bundle(content, federation.root)


def test_a_member_document_is_read_as_written() -> None:
    assert trust.Member.from_bytes(document("QM")).to_bytes() == document("QM")


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2},
        {"country": "qm"},
        {"status": "gone"},
        {"extra": 1},
        {"not_before": "1"},
        {"client_jwks": [{"kty": "oct", "k": "AAAA"}]},
        {"client_jwks": [CLIENT_KEY]},
        {"seal": [{**SEAL, "nbf": 0}]},
        {"seal": [{"es384": SEAL["es384"], "mldsa87": SEAL["es384"], "nbf": 0, "exp": 1}]},
        {"kem": [{**KEM, "kid": "x", "nbf": 0, "exp": 1}]},
    ],
)
def test_a_wrong_member_document_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError):
        trust.Member.from_bytes(document("QM", **changes))


def test_a_key_has_its_time() -> None:
    dated = {"nbf": 100, "exp": 200}
    member = trust.Member.from_bytes(
        document(
            "QM",
            seal=[{**SEAL, **dated}],
            kem=[{**KEM, **dated}],
            client_jwks=[{**jose.public_part(CLIENT_KEY), **dated}],
        )
    )
    for at, count in ((99, 0), (100, 1), (199, 1), (200, 0)):
        assert len(member.seal_keys_at(at)) == count
        assert len(member.kem_keys_at(at)) == count
        assert len(member.client_keys_at(at)) == count


def test_a_client_key_without_dates_is_always_in_force() -> None:
    assert len(trust.Member.from_bytes(document("QM")).client_keys_at(1)) == 1


def test_a_role_without_its_target_vouches_for_nothing(federation: Repository) -> None:
    role = federation.role("members/XX.json", b"x", federation.countries["QM"])
    bundle = federation.bundle(**_replaced(federation, role, federation.member("QM")))
    with pytest.raises(TrustError, match="may not sign"):
        trust.read_bundle(bundle, federation.root)


def test_a_bundle_is_canonical(federation: Repository) -> None:
    assert canonical.parse(federation.bundle(), max_size=trust.MAX_BUNDLE)
