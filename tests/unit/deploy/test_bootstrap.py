"""What a new federation must be: complete, checkable from its pinned root, and made only once."""

import ssl
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from deploy import layout
from deploy.agreements import profiles
from deploy.bootstrap import bootstrap
from deploy.postgres import scram_verifier
from shared.protocol import canonical, identifiers, jose, trust
from shared.protocol.agreements import agreed_all
from shared.protocol.checkpoints import LogKey
from shared.protocol.keys import KemKey, OfficerKey, SealKey
from shared.protocol.law.pairreading import read_pair
from shared.runtime.keystore import Keystore, KeystoreError

NOW = datetime(2026, 11, 21, 12, 0, 0, 1, tzinfo=UTC)
KEYS = {
    "gateway": {"internal-gateway", "token-wrap", "peer-client", "peer-dpop"},
    "exchange": {"internal-exchange", "seal", "kem", "storage", "bag-seal"},
    "audit": {"internal-audit", "log", "log-case", "witness"},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("federation")
    bootstrap(out, layout.on_loopback(("QM", "QN")), NOW)
    return out


def keystore(made: Path, service: str) -> Keystore:
    etc = made / "QM" / service / "etc"
    return Keystore.open(etc / "keystore", etc / "passphrase")


def test_each_service_has_its_own_keys_and_no_other(made: Path) -> None:
    for service, names in KEYS.items():
        store = made / "QM" / service / "etc/keystore"
        assert {path.stem for path in store.glob("*.key")} == names


def test_no_passphrase_opens_another_services_keys(made: Path) -> None:
    gateway, exchange = (made / "QM" / name / "etc" for name in ("gateway", "exchange"))
    with pytest.raises(KeystoreError):
        Keystore.open(exchange / "keystore", gateway / "passphrase").get("seal")


def test_the_keys_are_what_the_directory_says(made: Path) -> None:
    member = members(made)[identifiers.parse_country("QM")]
    exchange, audit = keystore(made, "exchange"), keystore(made, "audit")
    assert member.seal_keys == (SealKey.from_bytes(exchange.get("seal")).public(),)
    assert member.kem_keys == (KemKey.from_bytes(exchange.get("kem")).public(),)
    assert list(member.log_vkeys) == LogKey.from_bytes(audit.get("log")).vkeys()
    peer = canonical.parse(keystore(made, "gateway").get("peer-client"))
    assert isinstance(peer, dict)
    (registered,) = member.client_keys_at(int(NOW.timestamp()))
    assert jose.thumbprint(registered) == jose.thumbprint(peer)


def test_keys_are_in_force_from_the_first_moment_for_a_year(made: Path) -> None:
    member = members(made)[identifiers.parse_country("QN")]
    at = int(NOW.timestamp())
    assert member.seal_keys_at(at)
    assert member.kem_keys_at(at)
    assert not member.seal_keys_at(at + 366 * 86400)


def test_the_two_have_agreed_in_both_directions(made: Path) -> None:
    named = {str(country): each.pairs for country, each in members(made).items()}
    agreed = sorted((each.requesting, each.requested) for each in agreed_all(named))
    assert agreed == [("QM", "QN"), ("QN", "QM")]


def test_what_is_dated_in_a_profile_begins_with_the_laboratory() -> None:
    at = datetime(2032, 2, 29, tzinfo=UTC)
    (name, text), *_ = profiles(["QM", "QN"], at).items()
    pair = read_pair(text)
    assert pair.weighting is not None
    assert (pair.revision, pair.weighting.valid_until) == (date(2032, 2, 29), date(2033, 2, 28))
    assert name.countries == {"QM", "QN"}
    assert profiles(["QM", "QO"], at) == {}


def members(made: Path) -> dict[identifiers.Country, trust.Member]:
    repository = made / "directory/repository"
    metadata = repository / "metadata"
    documents = {path.name[-7:-5]: path for path in (repository / "targets/members").iterdir()}
    pairs = repository / "targets/pairs"
    bundle = trust.write_bundle(
        roots=[(metadata / "1.root.json").read_bytes()],
        targets=(metadata / "1.targets.json").read_bytes(),
        roles={
            trust.role_name(country): (metadata / f"1.country-{country}.json").read_bytes()
            for country in documents
        },
        members={country: path.read_bytes() for country, path in documents.items()},
        pairs={f"pairs/{path.name}": path.read_bytes() for path in pairs.iterdir()},
    )
    return trust.read_bundle(bundle, (made / "QM/gateway/etc/root.json").read_bytes())


def test_the_gateway_certificate_holds_under_the_pinned_authority(made: Path) -> None:
    etc = made / "QM/gateway/etc"
    context = ssl.create_default_context(cafile=made / "QM/authorities/ca.pem")
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    assert context.cert_store_stats()["x509_ca"] == 1
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(etc / "tls.pem", etc / "tls.key")
    shake_hands(context, server)


def shake_hands(client_context: ssl.SSLContext, server_context: ssl.SSLContext) -> None:
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(to_client, to_server, server_hostname="127.0.0.1")
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(3):
        for end in (client, server):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert client.version() == "TLSv1.3"


def test_officers_have_different_keys_and_no_act_in_common(made: Path) -> None:
    registry = canonical.parse((made / "QM/exchange/etc/officers.json").read_bytes())
    assert isinstance(registry, list)
    kids: list[str] = []
    acts: list[str] = []
    for officer in registry:
        assert isinstance(officer, dict)
        assert isinstance(officer["acts"], list)
        kids.append(str(officer["kid"]))
        acts += [str(act) for act in officer["acts"]]
    files = (made / "QM/authorities").glob("*.officer.key")
    assert sorted(kids) == sorted(OfficerKey.from_bytes(file.read_bytes()).kid for file in files)
    shared = {act for act in acts if acts.count(act) > 1}
    # Each signs what its own roles have found; in an emergency the duty desk approves.
    assert shared == {"finding", "request.approve"}
    assert len(set(acts)) > 10


def test_everything_is_the_owners_alone(made: Path) -> None:
    keys = [path for path in made.rglob("*") if path.suffix in {".key", ".jwk"}]
    keys += [path for path in made.rglob("*") if path.name in {"passphrase", "pgpass"}]
    assert len(keys) > 50
    assert {path.stat().st_mode & 0o777 for path in keys} == {0o600}


def test_no_identity_is_made_twice(made: Path) -> None:
    before = (made / "QM/exchange/etc/keystore/seal.key").read_bytes()
    with pytest.raises(FileExistsError):
        bootstrap(made, layout.on_loopback(("QM", "QN")), NOW)
    assert (made / "QM/exchange/etc/keystore/seal.key").read_bytes() == before


def test_the_layout_is_remembered(made: Path) -> None:
    federation = layout.read((made / layout.FEDERATION).read_bytes())
    assert [node.country for node in federation.nodes] == ["QM", "QN"]
    listens = [federation.directory]
    for node in federation.nodes:
        listens += [node.gateway, node.egress, node.exchange, node.audit]
    assert len(set(listens)) == 9


def test_database_server_is_told_no_password(made: Path) -> None:
    roles = (made / "QM/postgres/roles.sql").read_text()
    for service in (*layout.SERVICES, layout.SCHEMA):
        password = (made / "QM" / service / "etc/pgpass").read_text().strip().rpartition(":")[2]
        assert len(password) >= 43
        assert password not in roles
    assert roles.count("SCRAM-SHA-256$4096:") == 4
    assert "CREATE DATABASE audit OWNER audit_owner;" in roles
    assert scram_verifier("x") != scram_verifier("x")  # salted
