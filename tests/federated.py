"""A federation on disk, and how to tamper with it; used by the tests of whoever reads it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Root, TargetFile, Targets

from services.directory import repository
from shared.protocol import canonical, jose, trust
from shared.protocol.keys import KemKey, SealKey
from tests import founding

FOREVER = 2**40
SEAL, KEM = SealKey.generate().public().to_json(), KemKey.generate().public().to_json()
CLIENT_KEY = jose.generate()


def document(country: str, /, **changes: Any) -> bytes:  # noqa: ANN401 - any JSON
    """Write a member document."""
    always = {"nbf": 0, "exp": FOREVER}
    return canonical.encode(
        {
            "v": 1,
            "country": country,
            "name": f"Central authority of {country}",
            "status": "active",
            "gateway": f"https://{country.lower()}.example",
            "issuer": f"https://{country.lower()}.example",
            "tls_anchors": [],
            "client_jwks": [jose.public_part(CLIENT_KEY)],
            "seal": [{**SEAL, **always}],
            "kem": [{**KEM, **always}],
            "bag_seal_ca": "",
            "log": {
                "origin": f"log.{country}",
                "url": "https://log.example",
                "vkeys": ["v"],
                "policy": "quorum none\n",
                "unwitnessed_limit": 14400,
            },
            "closed_logs": [],
            "witness": {"url": f"https://{country.lower()}.example/witness", "vkeys": []},
            "suites": ["rogatory-1"],
            "instruments": ["UNTOC"],
            "contacts": {},
            "not_before": 0,
            "not_after": FOREVER,
            **changes,
        }
    )


@dataclass
class Repository:
    """A repository with all of its keys, good and bad use of them."""

    folder: Path
    offline: founding.OfflineKeys
    online: repository.OnlineKeys
    countries: dict[str, CryptoSigner]
    root: bytes
    at: datetime

    @classmethod
    def make(
        cls, folder: Path, at: datetime, countries: Sequence[str] = ("QM", "QN")
    ) -> "Repository":
        offline, online = founding.OfflineKeys.generate(), repository.OnlineKeys.generate()
        signers = {name: CryptoSigner.generate_ed25519() for name in countries}
        root = founding.create_repository(
            folder,
            offline=offline,
            online=online,
            countries={name: signer.public_key for name, signer in signers.items()},
            now=at,
        )
        made = cls(folder, offline, online, signers, root, at)
        for name in countries:
            made.publish(document(name))
        return made

    def publish(self, content: bytes, signer: CryptoSigner | None = None) -> None:
        country = trust.Member.from_bytes(content).country
        signer = signer or self.countries[country]
        founding.publish_member(self.folder, content, signer=signer, now=self.at)
        self.refresh()

    def refresh(self, later: timedelta = timedelta(0)) -> bool:
        return repository.refresh(self.folder, online=self.online, now=self.at + later)

    def metadata(self, name: str) -> bytes:
        return (self.folder / "metadata" / name).read_bytes()

    def newest(self, role: str) -> bytes:
        versions = (self.folder / "metadata").glob(f"*.{role}.json")
        return max(versions, key=lambda path: int(path.name.split(".")[0])).read_bytes()

    def member(self, country: str) -> bytes:
        targets = Metadata[Targets].from_bytes(self.newest(f"country-{country}")).signed.targets
        digest = targets[f"members/{country}.json"].hashes["sha256"]
        return (self.folder / "targets" / "members" / f"{digest}.{country}.json").read_bytes()

    def bundle(self, **changes: Any) -> bytes:  # noqa: ANN401 - parts of a bundle
        names = list(self.countries)
        parts: dict[str, Any] = {
            "roots": [self.metadata("1.root.json")],
            "targets": self.newest("targets"),
            "roles": {f"country-{name}": self.newest(f"country-{name}") for name in names},
            "members": {name: self.member(name) for name in names},
        }
        return trust.write_bundle(**{**parts, **changes})

    def rotate_root(self, change: Callable[[Root], None], signers: Sequence[CryptoSigner]) -> bytes:
        """Make the next root with a change, signed by these, and put it in its place."""
        roots = list((self.folder / "metadata").glob("*.root.json"))
        old = max(roots, key=lambda path: int(path.name.split(".")[0])).read_bytes()
        metadata = Metadata[Root].from_bytes(old)
        metadata.signed.version += 1
        metadata.signatures.clear()
        change(metadata.signed)
        content = sign(metadata, signers)
        name = f"{metadata.signed.version}.root.json"
        (self.folder / "metadata" / name).write_bytes(content)
        return content

    def targets(self) -> Targets:
        return Metadata[Targets].from_bytes(self.newest("targets")).signed

    def list_anew(self, targets: Metadata[Targets], signers: int = 2) -> None:
        """Publish the next list of countries, signed by so many."""
        founding.put(self.folder, "targets", targets, self.offline.targets[:signers])
        self.refresh()

    def place(self, country: str, content: bytes, *others: CryptoSigner) -> None:
        """Publish any content as a country's document, signed by it and by others as well."""
        path = f"members/{country}.json"
        signed = Metadata[Targets].from_bytes(self.role(path, content, self.countries[country]))
        signed.signed.version = 5
        signed.signatures.clear()
        written = sign(signed, [self.countries[country], *others])
        (self.folder / "metadata" / f"5.country-{country}.json").write_bytes(written)
        digest = signed.signed.targets[path].hashes["sha256"]
        name = f"{digest}.{country}.json"
        (self.folder / "targets" / "members" / name).write_bytes(content)
        self.refresh()

    def role(self, path: str, content: bytes, signer: CryptoSigner) -> bytes:
        """Sign a country's role over any target, with any key; it is not put in its place."""
        target = TargetFile.from_data(path, content, ["sha256"])
        expires = self.at + timedelta(days=30)
        role = Metadata(Targets(version=2, expires=expires, targets={path: target}))
        return sign(role, [signer])


def sign(metadata: Metadata[Any], signers: Sequence[CryptoSigner]) -> bytes:
    for signer in signers:
        metadata.sign(signer, append=True)
    return metadata.to_bytes()
