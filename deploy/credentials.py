"""The keys of a node, each in the keystore of the one service that uses it, and of its clients.

A captured gateway must not hold the key that seals: so every service has a keystore and a
passphrase of its own. Nothing has a default, nothing is overwritten, every file is 0600.
"""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shared.protocol import canonical, jose
from shared.protocol.checkpoints import LogKey
from shared.protocol.cosignatures import WitnessKey
from shared.protocol.keys import KemKey, OfficerKey, SealKey
from shared.protocol.trust import Member
from shared.runtime.keystore import Keystore

KEY_SIZE = 32  # bytes of a symmetric key
PREPARES = ("request.prepare", "package.prepare")
APPROVES = ("request.approve", "package.clear", "package.release")
DECIDES = ("finding", "request.decide", "conditions.settle", "onward.consent", "retention.act")
RECEIVES = ("package.receive",)


@dataclass(frozen=True, slots=True)
class Role:
    """What a client of the gateway may do, and which approvals its officer may sign."""

    scopes: tuple[str, ...]
    acts: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()  # in the process: what the findings of its officer count as


ROLES: Mapping[str, Role] = {
    "preparer": Role(
        ("packages:prepare", "requests:execute", "requests:read", "requests:write"),
        PREPARES,
        ("RQ-INV", "RD-EXE"),
    ),
    "approver": Role(
        ("packages:approve", "requests:approve", "requests:decide", "requests:read"),
        (*APPROVES, *DECIDES),
        ("RQ-JUD", "RQ-CA", "RD-CA"),
    ),
    "receiver": Role(("packages:receive", "requests:read"), RECEIVES),
    "court": Role(
        ("courts:record", "requests:read"), ("court.record", "finding"), ("RD-JUD", "RQ-JUD")
    ),
    "privilege": Role(
        ("packages:filter", "requests:read"), ("package.filter", "finding"), ("RD-PRIV",)
    ),
    "assessor": Role(("protection:assess", "requests:read"), ("finding",), ("RD-DPO",)),
    "duty": Role(
        ("duty:act", "requests:read"), ("duty.record", "finding", "request.approve"), ("DUTY",)
    ),
    "minister": Role(("gates:override", "requests:read"), ("finding",), ("MINISTER",)),
    "oversight": Role(("audit:read",)),
    "protection": Role(("audit:erase",)),
    "ops": Role(("clients:propose", "clients:read", "ops:health")),
    "registrar": Role(("clients:approve", "clients:read")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeKeys:
    """The keys of a node that others must know by their public halves."""

    seal: SealKey
    kem: KemKey
    log: LogKey
    witness: WitnessKey
    peer_client: dict[str, canonical.Json]

    @classmethod
    def generate(cls, *, log_origin: str, witness_name: str) -> "NodeKeys":
        """Draw all of them."""
        return cls(
            seal=SealKey.generate(),
            kem=KemKey.generate(),
            log=LogKey.generate(log_origin),
            witness=WitnessKey.generate(witness_name),
            peer_client=jose.generate(),
        )


def write_new(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write a file that must not exist yet, and the folders (0700) above it.

    Raises:
        FileExistsError: it exists; a key is never replaced by accident.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)


def keystore(etc: Path, keys: Mapping[str, bytes]) -> None:
    """Make a keystore under a fresh passphrase in a service's `etc` and put keys into it."""
    passphrase = etc / "passphrase"
    write_new(passphrase, secrets.token_urlsafe(KEY_SIZE).encode() + b"\n")
    store = Keystore.create(etc / "keystore", passphrase)
    for name, key in keys.items():
        store.put(name, key)


def service_keys(keys: NodeKeys, bag_seal_pem: bytes) -> dict[str, dict[str, bytes]]:
    """Deal a node's keys out to its services, by keystore name."""
    return {
        "gateway": {
            "token-wrap": secrets.token_bytes(KEY_SIZE),
            "peer-client": _private_jwk(keys.peer_client),
            "peer-dpop": _private_jwk(jose.generate()),
        },
        "exchange": {
            "seal": keys.seal.to_bytes(),
            "kem": keys.kem.to_bytes(),
            "storage": secrets.token_bytes(KEY_SIZE),
            "bag-seal": bag_seal_pem,
        },
        "audit": {
            "log": keys.log.to_bytes(),
            "log-case": secrets.token_bytes(KEY_SIZE),
            "witness": keys.witness.to_bytes(),
        },
    }


def write_services(node: Path, dealt: Mapping[str, Mapping[str, bytes]]) -> None:
    """Write each service's keystore, and to all the public keys of the internal assertions."""
    internal = {service: jose.generate() for service in dealt}
    for service, keys in dealt.items():
        etc = node / service / "etc"
        own = {f"internal-{service}": _private_jwk(internal[service])}
        keystore(etc, {**keys, **own})
        for name, key in internal.items():
            write_new(etc / "internal" / f"{name}.pub.jwk", canonical.encode(public_jwk(key)))


def write_clients(node: Path, country: str) -> dict[str, canonical.Json]:
    """Make the clients of a node, their officers, and the two registries that know them.

    Returns:
        What a client needs to know of itself, by name; its files stand in `node/authorities`.
    """
    registry: list[canonical.Json] = []
    officers: list[canonical.Json] = []
    described: dict[str, canonical.Json] = {}
    for name, role in ROLES.items():
        client_id = f"urn:rogatory:{country}:{name}"
        key = _write_jwk(node / "authorities" / f"{name}.client.jwk")
        _write_jwk(node / "authorities" / f"{name}.dpop.jwk")
        scopes: list[canonical.Json] = list(role.scopes)
        officer = f"{country}-{name}"
        registry.append(
            {"client_id": client_id, "role": name, "scopes": scopes, "keys": [public_jwk(key)]}
        )
        described[name] = {
            "client_id": client_id,
            "key": f"{name}.client.jwk",
            "dpop_key": f"{name}.dpop.jwk",
            "officer_key": f"{name}.officer.key" if role.acts else None,
            "officer": officer,
            "scopes": scopes,
            "role": name,
        }
        if role.acts:
            officers.append(_officer(node, name, officer, role))
    write_new(node / "gateway/etc/clients.json", canonical.encode({"clients": registry}))
    write_new(node / "exchange/etc/officers.json", canonical.encode(officers))
    return described


def write_authorities(node: Path, member: Member, clients: Mapping[str, canonical.Json]) -> None:
    """Write `authorities/node.json`: one node's part of `lab.json`, its paths relative to it."""
    log: canonical.Json = {
        "url": member.log.url,
        "origin": member.log_origin,
        "vkeys": list[canonical.Json](member.log_vkeys),
    }
    described: canonical.Json = {
        "gateway": member.gateway,
        "ca": "ca.pem",
        "log": log,
        "clients": dict(clients),
    }
    content: canonical.Json = {"root": "root.json", "nodes": {member.country: described}}
    write_new(node / "authorities/node.json", canonical.encode(content))


def public_jwk(key: Mapping[str, canonical.Json]) -> dict[str, canonical.Json]:
    """Return a JWK without its private member."""
    return {name: value for name, value in key.items() if name != "d"}


def _officer(node: Path, name: str, officer: str, role: Role) -> canonical.Json:
    key = OfficerKey.generate()
    write_new(node / "authorities" / f"{name}.officer.key", key.to_bytes())
    public = key.public()
    return {
        "kid": public.kid,
        "officer": officer,
        "jwk": public.to_json(),
        "acts": list[canonical.Json](role.acts),
        "roles": list[canonical.Json](role.roles),
    }


def _write_jwk(path: Path) -> dict[str, canonical.Json]:
    key = jose.generate()
    write_new(path, _private_jwk(key))
    return key


def _private_jwk(key: Mapping[str, canonical.Json]) -> bytes:
    return canonical.encode(dict(key))
