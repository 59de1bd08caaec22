"""Each step of a ceremony, and what cannot be signed, joined, drafted or read."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from securesystemslib.signer import CryptoSigner, SSlibKey
from tuf.api.metadata import Metadata, Root, Targets

from shared.protocol import canonical, ceremonies, drafts, trust
from shared.protocol.ceremonies import Office
from shared.protocol.drafts import Draft, JoinRequest
from shared.protocol.errors import FormatError, ProtocolError, TrustError
from shared.protocol.holdings import Holdings
from shared.protocol.signingkeys import fingerprint, read_key, write_key
from shared.protocol.suspensions import suspensions
from tests.federated import document

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SIGNERS = tuple(CryptoSigner.generate_ed25519() for _ in range(7))
ROOT, TARGETS, QM, QN = SIGNERS[:2], SIGNERS[2:4], SIGNERS[4], SIGNERS[5]


def office(*signers: CryptoSigner, threshold: int = 1) -> Office:
    return Office(keys=tuple(signer.public_key for signer in signers), threshold=threshold)


def first_root() -> Metadata[Root]:
    offices = {"root": office(*ROOT, threshold=2), "targets": office(*TARGETS, threshold=2)}
    made: Metadata[Root] = signed(ceremonies.first_root(offices, NOW), *ROOT)
    return made


def listed(*countries: str) -> Metadata[Targets]:
    targets = ceremonies.first_targets(NOW)
    for country in countries:
        key = QM if country == "QM" else QN
        targets = ceremonies.admit(targets.signed, country, office(key), NOW)
    return targets


def signed(metadata: Any, *signers: CryptoSigner) -> Any:  # noqa: ANN401 - of either kind
    for signer in signers:
        metadata.sign(signer, append=True)
    return metadata


def test_what_is_admitted_and_expelled_leaves_no_key_behind() -> None:
    both = listed("QM", "QN")
    one = ceremonies.expel(both.signed, "QN", NOW)
    assert one.signed.version == both.signed.version + 1
    assert one.signed.delegations is not None
    assert set(one.signed.delegations.keys) == {QM.public_key.keyid}
    with pytest.raises(TrustError):
        ceremonies.expel(one.signed, "QN", NOW)


def test_expulsion_ends_a_suspension() -> None:
    suspended = ceremonies.suspend(listed("QM", "QN").signed, "QN", reason="x", now=NOW)
    assert set(suspensions(suspended.signed)) == {"QN"}
    assert suspensions(ceremonies.expel(suspended.signed, "QN", NOW).signed) == {}


def test_nobody_else_is_resumed() -> None:
    with pytest.raises(TrustError):
        ceremonies.resume(listed("QM").signed, "QM", NOW)


@pytest.mark.parametrize(
    ("keys", "threshold"), [((QM, QM), 1), ((QM,), 2), ((QM,), 0)], ids=["twice", "many", "none"]
)
def test_an_office_that_cannot_sign_is_refused(keys: tuple[Any, ...], threshold: int) -> None:
    with pytest.raises(TrustError):
        ceremonies.admit(listed().signed, "QM", office(*keys, threshold=threshold), NOW)


UNREADABLE = [["QN"], {"QN": 1}, {"QN": {"since": 1}}, {"QN": {"since": -1, "reason": "x"}}]
UNREADABLE += [{"QN": {"since": 1, "reason": ""}}, {"qn": {"since": 1, "reason": "x"}}]


@pytest.mark.parametrize("value", UNREADABLE, ids=range(len(UNREADABLE)))
def test_a_suspension_that_cannot_be_read_is_refused(value: object) -> None:
    targets = listed("QN").signed
    targets.unrecognized_fields["suspended"] = value
    with pytest.raises(ProtocolError):
        suspensions(targets)


def test_a_root_follows_by_the_old_and_the_new() -> None:
    root = first_root()
    ceremonies.check_root(root, None)
    new = ceremonies.next_root(root.signed, {"root": office(*SIGNERS[5:7], threshold=2)}, NOW)
    with pytest.raises(TrustError):
        ceremonies.check_root(signed(new, *SIGNERS[5:7]), root.signed)
    ceremonies.check_root(signed(new, *ROOT), root.signed)
    assert root.signed.roles["root"].keyids == [each.public_key.keyid for each in ROOT]


def test_versions_do_not_jump() -> None:
    root = first_root()
    renewed = ceremonies.renewed(ceremonies.renewed(listed("QM").signed, NOW).signed, NOW)
    with pytest.raises(TrustError, match="does not follow"):
        ceremonies.check_targets(
            signed(renewed, *TARGETS), root=root.signed, before=listed("QM").signed
        )


def test_a_list_is_checked_by_the_root() -> None:
    targets = listed()
    ceremonies.check_targets(signed(targets, *TARGETS), root=first_root().signed, before=None)
    assert ceremonies.signers("targets", targets, first_root().signed) == {
        each.public_key.keyid for each in TARGETS
    }


def test_a_country_signs_its_own_path_only() -> None:
    targets = listed("QM").signed
    good = signed(ceremonies.vouch(document("QM"), version=1, now=NOW), QM)
    ceremonies.check_role("QM", good, targets=targets, after=0)
    other = signed(ceremonies.vouch(document("QN"), version=1, now=NOW), QM)
    with pytest.raises(TrustError):
        ceremonies.check_role("QM", other, targets=targets, after=0)
    with pytest.raises(TrustError):
        ceremonies.office_of(targets, "country-QN")


def test_a_list_that_delegates_nothing_is_no_list() -> None:
    with pytest.raises(TrustError):
        ceremonies.office_of(Targets(expires=NOW), "country-QM")


def asking(*signers: CryptoSigner, of: tuple[CryptoSigner, ...] = (QM, QN)) -> JoinRequest:
    metadata = signed(ceremonies.vouch(document("QM"), version=1, now=NOW), *signers)
    draft = Draft(role="country-QM", metadata=metadata, document=document("QM"))
    return JoinRequest(country="QM", office=office(*of, threshold=2), draft=draft)


def test_a_request_is_read_as_it_was_written() -> None:
    request = asking(QM, QN)
    again = drafts.read_join(request.to_bytes())
    again.check()
    assert again.to_bytes() == request.to_bytes()


@pytest.mark.parametrize("signers", [(QM,), (QM, QN, ROOT[0]), ()], ids=["one", "more", "none"])
def test_each_key_of_a_request_has_to_sign_and_no_other(signers: tuple[CryptoSigner, ...]) -> None:
    with pytest.raises(TrustError):
        asking(*signers).check()


def test_a_request_signs_its_own_document() -> None:
    request = asking(QM, QN)
    other = Draft(role="country-QM", metadata=request.draft.metadata, document=document("QN"))
    with pytest.raises(TrustError):
        JoinRequest(country="QM", office=request.office, draft=other).check()


def test_drafts_are_read_as_they_were_written() -> None:
    written = drafts.write_drafts(
        [
            Draft(role="root", metadata=first_root()),
            Draft(role="targets", metadata=listed("QM")),
            asking(QM).draft,
        ]
    )
    assert drafts.write_drafts(drafts.read_drafts(written)) == written


Spoil = Callable[[dict[str, Any]], object]
SPOILED: dict[str, Spoil] = {
    "kind": lambda told: told.update(kind="notes"),
    "role": lambda told: told["drafts"][0].update(role="snapshot"),
    "no-document": lambda told: told["drafts"][0].update(document=None),
    "document-of-none": lambda told: told["drafts"][0].update(role="targets"),
    "metadata": lambda told: told["drafts"][0].update(metadata="e30"),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=list(SPOILED))
def test_other_drafts_are_not_read(spoil: Spoil) -> None:
    told = canonical.parse(drafts.write_drafts([asking(QM).draft]))
    assert isinstance(told, dict)
    spoil(told)
    with pytest.raises(FormatError):
        drafts.read_drafts(canonical.encode(told))


def test_other_requests_are_not_read() -> None:
    with pytest.raises(FormatError):
        drafts.read_join(b'{"kind":"join"}')


def swapped(role: str, content: bytes) -> Draft:
    metadata = ceremonies.vouch(content, version=1, now=NOW)
    return Draft(role=role, metadata=metadata, document=content)


@pytest.mark.parametrize(
    "draft",
    [swapped("country-QN", document("QM")), swapped("country-QM", document("QN"))],
    ids=["role", "document"],
)
def test_a_draft_speaks_for_its_own_country(draft: Draft) -> None:
    with pytest.raises(TrustError):
        drafts.check_document(draft)


def test_a_role_that_signs_another_countrys_document_is_told() -> None:
    metadata = ceremonies.vouch(document("QN"), version=1, now=NOW)
    target = metadata.signed.targets.pop(trust.target_path("QN"))
    metadata.signed.targets[trust.target_path("QM")] = target
    draft = Draft(role="country-QM", metadata=metadata, document=document("QN"))
    with pytest.raises(TrustError, match="speaks for QN"):
        drafts.check_document(draft)


def test_keys_are_read_as_they_were_written() -> None:
    token = SSlibKey.from_crypto(ec.generate_private_key(ec.SECP256R1()).public_key())
    for key in (QM.public_key, token):
        told = write_key(key)
        assert isinstance(told, dict)
        assert read_key(told).keyid == key.keyid
        with pytest.raises(FormatError):
            read_key({**told, "keyid": "0" * 64})


def rsa_key() -> dict[str, Any]:
    public = rsa.generate_private_key(65537, 2048).public_key()
    told = write_key(SSlibKey.from_crypto(public))
    assert isinstance(told, dict)
    return told


@pytest.mark.parametrize(
    "told",
    [{}, {"keytype": "ed25519", "keyval": {"public": "zz"}}, rsa_key()],
    ids=["empty", "no-hex", "rsa"],
)
def test_other_keys_are_not_read(told: dict[str, Any]) -> None:
    with pytest.raises(FormatError):
        read_key(told)


def test_a_fingerprint_is_read_aloud_in_groups() -> None:
    assert fingerprint("00ff11ee") == "00ff 11ee"


def holdings(files: dict[tuple[str, int], bytes]) -> Holdings:
    versions: dict[str, list[int]] = {}
    for role, version in sorted(files):
        versions.setdefault(role, []).append(version)
    return Holdings(versions=versions, read=lambda role, version: files[role, version])


def test_what_is_not_signed_is_passed_over() -> None:
    root, good = first_root(), signed(listed("QM"), *TARGETS)
    under = signed(ceremonies.renewed(good.signed, NOW), TARGETS[0])
    held = holdings(
        {
            ("root", 1): root.to_bytes(),
            ("root", 2): b"junk",
            ("targets", 2): good.to_bytes(),
            ("targets", 3): under.to_bytes(),
            ("targets", 4): good.to_bytes(),
        }
    )
    assert held.root().signed.version == 1
    found = held.newest("targets", held.root().signed)
    assert found is not None
    assert found.signed.version == 2
    assert held.newest("country-QM", found.signed) is None


def test_without_a_root_nothing_holds() -> None:
    with pytest.raises(TrustError):
        holdings({}).root()


def test_a_maintenance_has_an_end() -> None:
    good = {"from": 1, "until": 2, "note": "x"}
    member = trust.Member.from_bytes(document("QM", maintenance=good))
    assert member.to_bytes() == document("QM", maintenance=good)
    assert member.maintenance_at(1) is not None
    assert member.maintenance_at(2) is None
    assert trust.Member.from_bytes(document("QM")).maintenance_at(1) is None
    with pytest.raises(FormatError):
        trust.Member.from_bytes(document("QM", maintenance={**good, "until": 1}))
