"""Make a federation from nothing: the trust directory, and every country's node with all its keys.

`python -m deploy.bootstrap FOLDER` lays out the Compose pair; `deploy.lab` calls `bootstrap` for a
laboratory on loopback. Nothing has a default key, every secret is drawn here, and a folder that
already holds a federation is left alone: identities are made once. In production each country runs
its part by itself and the steering group holds the ceremony; OPERATING.md says what changes.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from deploy import agreements, ceremony, certificates, credentials, layout, postgres
from deploy.certificates import Certificate
from deploy.credentials import NodeKeys, write_new
from deploy.layout import Addresses, Federation
from services.directory.repository import OnlineKeys
from shared.protocol import canonical, trust
from shared.protocol.keys import SUITE
from shared.protocol.policies import NONE, Group, Policy, PolicyLog, PolicyWitness, format_policy
from shared.runtime.clock import utc_now

UNWITNESSED_LIMIT = 4 * 60 * 60  # seconds
KEY_LIFE = timedelta(days=365)
INSTRUMENTS = ("BUD", "UNTOC", "EIO", "EER", "2AP", "REC")  # all that a laboratory plays
DUTY_PHONE = "+49 30 23125000"  # of a range that is kept for examples (Berlin, 23125 000 to 999)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Terms:
    """What a country's document says of others: who cosigns for its log, and what was agreed."""

    policy: str
    pairs: list[canonical.Json]


def name_of(country: str) -> str:
    """Return the name of a country's node, as the directory and its seal have it."""
    return f"Central Authority of {country}"


def bootstrap(
    out: Path,
    federation: Federation,
    now: datetime,
    *,
    tls_from: datetime | None = None,
    pairs: Path = agreements.FOLDER,
) -> None:
    """Make everything that a federation's processes need.

    Args:
        out: the folder to fill; it is made if need be.
        federation: who takes part, and where everything listens.
        now: the time from which keys and certificates are valid.
        tls_from: the time from which TLS is, where it is another one: TLS looks at the machine's clock.
        pairs: the folder of the profiles that two countries agreed on.

    Raises:
        FileExistsError: a file of an earlier, interrupted bootstrap is in the way.
    """
    now = now.replace(microsecond=0)
    tls_from = tls_from or now
    keys = {
        node.country: NodeKeys.generate(log_origin=node.log_origin, witness_name=node.witness_name)
        for node in federation.nodes
    }
    urls = {node.country: node.url for node in federation.nodes}
    agreed = agreements.profiles([*keys], now, pairs)
    members = {
        node.country: _node(
            out / node.country,
            node,
            keys[node.country],
            now,
            tls_from=tls_from,
            terms=_Terms(
                policy=_policy(node, urls, keys),
                pairs=agreements.named_by(node.country, agreed),
            ),
        )
        for node in federation.nodes
    }
    files = {name.path: text for name, text in agreed.items()}
    root, directory_ca = _directory(out, federation, members, now, files=files, tls_from=tls_from)
    for node in federation.nodes:
        home = out / node.country
        for part in ("gateway/etc", "exchange/etc", "audit/etc", "authorities"):
            write_new(home / part / "root.json", root)
        write_new(home / "gateway/etc/directory-ca.pem", directory_ca)
    write_new(out / layout.FEDERATION, layout.write(federation))


def _node(
    home: Path,
    node: Addresses,
    keys: NodeKeys,
    now: datetime,
    *,
    tls_from: datetime,
    terms: _Terms,
) -> bytes:
    """Make one country's files; return its member document."""
    tls = certificates.tls_authority(f"{node.country} gateway TLS", tls_from)
    seal_ca = certificates.seal_authority(f"{node.country} bag seals", now)
    seal = certificates.seal_certificate(seal_ca, name_of(node.country), now)
    _keep(home.parent / "ceremony" / node.country, {"tls-ca": tls, "bag-seal-ca": seal_ca})
    server = certificates.server_certificate(tls, (node.host,), tls_from)
    if node.proxied:
        _write_tls(home / "proxy", server, mode=0o640)  # another user of the same group reads it
    else:
        _write_tls(home / "gateway/etc", server)
    for part in ("gateway/etc", "authorities"):
        write_new(home / part / "ca.pem", tls.pem)
    write_new(home / "exchange/etc/bag-seal.pem", seal.pem + seal_ca.pem)
    write_new(home / "exchange/etc/bag-seal-ca.pem", seal_ca.pem)
    credentials.write_services(home, credentials.service_keys(keys, seal.key_pem))
    postgres.write_roles(home, f"{node.country.lower()}-postgres")
    document = _member(
        node,
        keys,
        now,
        tls_ca=tls.pem.decode(),
        seal_ca=seal_ca.pem.decode(),
        terms=terms,
    )
    credentials.write_authorities(home, document, credentials.write_clients(home, node.country))
    return document.to_bytes()


def _member(
    node: Addresses,
    keys: NodeKeys,
    now: datetime,
    *,
    tls_ca: str,
    seal_ca: str,
    terms: _Terms,
) -> trust.Member:
    start = int((now - certificates.BACKDATED).timestamp())
    end = int((now + KEY_LIFE).timestamp())
    validity: dict[str, canonical.Json] = {"nbf": start, "exp": end}
    document: canonical.Json = {
        "v": 1,
        "country": node.country,
        "name": name_of(node.country),
        "status": "active",
        "gateway": node.url,
        "issuer": node.url,
        "tls_anchors": [tls_ca],
        "client_jwks": [credentials.public_jwk(keys.peer_client) | validity],
        "seal": [keys.seal.public().to_json() | validity],
        "kem": [keys.kem.public().to_json() | validity],
        "bag_seal_ca": seal_ca,
        **_logs(node, keys, terms.policy),
        "suites": [SUITE],
        "instruments": list[canonical.Json](INSTRUMENTS),
        "pairs": terms.pairs,
        "contacts": {
            "duty": f"duty@{node.country.lower()}.rogatory.example",
            "duty_phone": DUTY_PHONE,
        },
        "not_before": start,
        "not_after": end,
    }
    return trust.Member.from_bytes(canonical.encode(document))


def _logs(node: Addresses, keys: NodeKeys, policy: str) -> dict[str, canonical.Json]:
    """Say what the country's document says of its log, and of its witness of others' logs."""
    log: dict[str, canonical.Json] = {
        "origin": node.log_origin,
        "url": f"{node.url}/log",
        "vkeys": list[canonical.Json](keys.log.vkeys()),
        "policy": policy,
        "unwitnessed_limit": UNWITNESSED_LIMIT,
    }
    witness: dict[str, canonical.Json] = {
        "url": f"{node.url}/witness",
        "vkeys": list[canonical.Json](keys.witness.vkeys()),
    }
    return {"log": log, "closed_logs": [], "witness": witness}


def _policy(node: Addresses, urls: Mapping[str, str], everybodys: Mapping[str, NodeKeys]) -> str:
    """Who must cosign the log of this country: one of the others, with both of its algorithms."""
    others = {name: keys for name, keys in everybodys.items() if name != node.country}
    witnesses = tuple(
        PolicyWitness(name=f"{name}-{number}", vkey=vkey, url=f"{urls[name]}/witness")
        for name, keys in others.items()
        for number, vkey in enumerate(keys.witness.vkeys(), 1)
    )
    each = tuple(
        Group(name=name, threshold=2, members=(f"{name}-1", f"{name}-2")) for name in others
    )
    peers = Group(name="peers", threshold=1, members=tuple(others))
    policy = Policy(
        logs=tuple(
            PolicyLog(vkey=vkey, url=f"{node.url}/log")
            for vkey in everybodys[node.country].log.vkeys()
        ),
        witnesses=witnesses,
        groups=(*each, peers) if others else (),
        quorum="peers" if others else NONE,
    )
    return format_policy(policy).decode()


def _directory(
    out: Path,
    federation: Federation,
    members: Mapping[str, bytes],
    now: datetime,
    *,
    files: Mapping[str, bytes],
    tls_from: datetime,
) -> tuple[bytes, bytes]:
    """Hold the ceremony; return the root to pin and the directory's TLS anchor (PEM)."""
    home, apart = out / layout.DIRECTORY, out / "ceremony"
    online = OnlineKeys.generate()
    root = ceremony.hold(
        home / "repository", apart, online=online, members=members, files=files, now=now
    )
    tls = certificates.tls_authority("Directory TLS", tls_from)
    _keep(apart / "directory", {"tls-ca": tls})
    hosts = (federation.directory_host,)
    _write_tls(home / "etc", certificates.server_certificate(tls, hosts, tls_from))
    write_new(home / "etc/ca.pem", tls.pem)
    credentials.keystore(
        home / "etc",
        {
            "online-snapshot": online.snapshot.private_bytes,
            "online-timestamp": online.timestamp.private_bytes,
        },
    )
    return root, tls.pem


def _keep(folder: Path, authorities: Mapping[str, Certificate]) -> None:
    for name, authority in authorities.items():
        write_new(folder / f"{name}.pem", authority.pem)
        write_new(folder / f"{name}.key", authority.key_pem)


def _write_tls(etc: Path, server: Certificate, *, mode: int = 0o600) -> None:
    write_new(etc / "tls.pem", server.pem, mode=mode)
    write_new(etc / "tls.key", server.key_pem, mode=mode)


def main() -> None:
    """Fill a folder for the Compose pair, once; a second call changes nothing."""
    out = Path(sys.argv[1])
    if (out / layout.FEDERATION).exists():
        print(f"{out} holds a federation already; it is left as it is.")
        return
    try:
        bootstrap(out, layout.in_containers(("QM", "QN")), utc_now())
    except FileExistsError as error:
        sys.exit(
            f"{error.filename} is left from a bootstrap that was interrupted."
            f" Empty {out} (Compose: docker compose down --volumes) and start again."
        )
    print(f"{out}: a directory and two countries, QM and QN. Guard {out / 'ceremony'}.")


if __name__ == "__main__":
    main()
