"""Callers of nodes that run as a whole: with the keys that a laboratory gave out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.lab import Lab
from shared.protocol import canonical, jose
from shared.runtime.keystore import Keystore
from tests.service.gateway.calling import Caller


@dataclass(frozen=True)
class Trusted:
    """The certificate that a caller trusts."""

    ca: Path


@dataclass
class LabNode:
    """A node of a laboratory, as far as callers must know it."""

    country: str
    url: str
    certificates: Trusted
    clients: dict[str, jose.Jwk]
    described: dict[str, Any]

    def client_id(self, role: str) -> str:
        return str(self.described["clients"][role]["client_id"])

    def key(self, name: str) -> jose.Jwk:
        """A key of the gateway's keystore: what a thief of the machine would hold."""
        etc = Path(self.described["data"]) / "gateway/etc"
        return _jwk(Keystore.open(etc / "keystore", etc / "passphrase").get(name))


@dataclass
class Nodes:
    """Two countries as real processes."""

    lab: Lab
    qm: LabNode
    qn: LabNode

    @classmethod
    def of(cls, lab: Lab) -> Nodes:
        described = canonical.read(lab.description.read_bytes())
        assert isinstance(described, dict)
        return cls(lab, *(_node(described["nodes"], name) for name in ("QM", "QN")))

    def caller(self, country: str, role: str) -> Caller:
        return _caller(self.node(country), role)

    def node(self, country: str) -> LabNode:
        return {"QM": self.qm, "QN": self.qn}[country]

    def peer(self, country: str) -> Caller:
        """A country's gateway, at the other country."""
        own, there = (self.qm, self.qn) if country == "QM" else (self.qn, self.qm)
        return _caller(there, "peer", key=own.key("peer-client"), claimed=own.url)

    def inner(self, country: str, service: str) -> str:
        """The address of a service that is nobody's to call but its own node's."""
        (addresses,) = [each for each in self.lab.federation.nodes if each.country == country]
        return {"exchange": addresses.exchange_url, "audit": addresses.audit_url}[service]


def _caller(node: LabNode, role: str, **more: Any) -> Caller:  # noqa: ANN401 - fields of Caller
    known: Any = node  # all that a caller asks of a node is here
    return Caller(known, role, **more)


def _node(nodes: Any, country: str) -> LabNode:  # noqa: ANN401 - JSON
    told = nodes[country]
    clients = {role: _jwk(Path(each["key"]).read_bytes()) for role, each in told["clients"].items()}
    return LabNode(country, told["gateway"], Trusted(Path(told["ca"])), clients, told)


def _jwk(content: bytes) -> jose.Jwk:
    value = canonical.read(content)
    assert isinstance(value, dict)
    return value
