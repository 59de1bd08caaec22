"""People with keys around a table: a federation begun by the commands that signers use."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from client.cli import run
from deploy import certificates
from shared.protocol import jose
from shared.protocol.keys import KemKey, SealKey
from tests.federated import document

NOW = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - the command line asks the real clock
Do = Callable[..., int]
YEAR = timedelta(days=365)
PASSPHRASE = "correct horse battery staple"
SEATS = {
    "root": [f"root-{n}" for n in range(1, 6)],
    "targets": [f"targets-{n}" for n in range(1, 4)],
    "snapshot": ["snapshot"],
    "timestamp": ["timestamp"],
}


@cache
def authority(name: str, now: datetime) -> str:
    return certificates.tls_authority(name, now).pem.decode()


@cache
def keys(_country: str) -> tuple[Any, Any, Any]:
    """Draw the keys of a country's document; each country has its own."""
    client = jose.public_part(jose.generate())
    return SealKey.generate().public().to_json(), KemKey.generate().public().to_json(), client


def fit(country: str, now: datetime, /, **changes: Any) -> bytes:  # noqa: ANN401 - any JSON
    """Write a document that a ceremony takes."""
    name = country.lower()
    begin, end = int(now.timestamp()), int((now + YEAR).timestamp())
    term = {"nbf": begin, "exp": end}
    seal, kem, client = keys(country)
    told = {
        "tls_anchors": [authority(f"{country} TLS", now)],
        "bag_seal_ca": authority(f"{country} bags", now),
        "seal": [{**seal, **term}],
        "kem": [{**kem, **term}],
        "client_jwks": [{**client, **term}],
        "log": {
            "origin": f"{name}.example/log",
            "url": f"https://{name}.example/log",
            "vkeys": [f"{name}.example/log+1+key"],
            "policy": "quorum none\n",
            "unwitnessed_limit": 14400,
        },
        "contacts": {"duty": f"duty@{name}.example", "duty_phone": "+49 30 1234567"},
        "not_before": begin,
        "not_after": end,
    }
    return document(country, **{**told, **changes})


@dataclass
class Table:
    """A folder with key files, drafts and the repository; commands are run by whoever tests."""

    folder: Path
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1000)))

    @property
    def repository(self) -> Path:
        return self.folder / "repository"

    def key(self, name: str) -> Path:
        return self.folder / f"{name}.key"

    def draft(self) -> Path:
        return self.folder / f"draft-{next(self.numbers)}.json"

    def write(self, content: bytes) -> Path:
        path = self.folder / f"file-{next(self.numbers)}.json"
        path.write_bytes(content)
        return path

    def seated(self, *roles: str) -> list[str | Path]:
        """The options that name the keys of these roles."""
        return [
            word
            for role in roles
            for name in SEATS[role]
            for word in (f"--{role}-key", Path(f"{self.key(name)}.pub"))
        ]


def change(repository: Path, ceremony: Path, country: str, *words: str | Path) -> None:
    """Have a country change its document: it drafts, signs with its key from bootstrap, publishes.

    Args:
        repository: the directory's folder.
        ceremony: where bootstrap put the keys that no process needs.
        country: who.
        words: options of `rogatory federation update`.
    """
    draft = repository.parent / f"{country}-{len(list(repository.parent.iterdir()))}.draft"
    home = ceremony / country
    secret = ("--key", home / "directory-role.key", "--passphrase-file", home / "passphrase")
    for command in (
        ("update", repository, country, *words, "-o", draft),
        ("sign", repository, draft, *secret, "--yes"),
        ("publish", repository, draft),
    ):
        assert run(["--quiet", "federation", *map(str, command)]) == 0
