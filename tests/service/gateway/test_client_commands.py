"""`rogatory client …` against a real gateway: every command, as its people use it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from client.cli import run
from client.profiles import Profile, save
from shared.protocol import canonical, jose
from tests.service.gateway.conftest import World

ID = "urn:rogatory:QM:archive"
ADD = ("propose", "add", ID, "--role", "preparer", "--scope", "requests:read")


@dataclass(frozen=True)
class Ran:
    """What a command line came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        value = canonical.read(self.out.encode())
        assert isinstance(value, dict)
        return value


As = Callable[..., Ran]


@pytest.fixture
def rogatory(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> As:
    """Run `rogatory client …` as a role, in the name of an officer."""
    proof = tmp_path / "dpop.jwk"
    proof.write_bytes(canonical.encode(dict(jose.generate())))

    def command(
        role: str, *words: str, officer: str | None = None, key: Path | None = None, name: str = ""
    ) -> Ran:
        path = key or tmp_path / f"{role}.jwk"
        if key is None:
            path.write_bytes(canonical.encode(world.qm.clients[role]))
        profile = Profile(
            name=role,
            gateway=world.qm.url,
            ca=world.qm.certificates.ca,
            client_id=name or world.qm.client_id(role),
            key=path,
            dpop_key=proof,
            officer=officer or f"Öffizier Ω {role}",
        )
        save(tmp_path / "config.toml", profile)
        capsys.readouterr()
        code = run(["--config", str(tmp_path / "config.toml"), "client", *words])
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return command


def new_key(rogatory: As, path: Path) -> str:
    made = rogatory("ops", "--json", "new-key", "-o", str(path))
    assert made.code == 0
    assert path.stat().st_mode & 0o077 == 0
    return str(made.json["kid"])


def test_a_client_comes_rotates_is_shut_out_and_comes_back(rogatory: As, tmp_path: Path) -> None:
    first, second = tmp_path / "first.jwk", tmp_path / "second.jwk"
    kid, following = new_key(rogatory, first), new_key(rogatory, second)

    added = rogatory("ops", "--json", *ADD, "--key", f"{first}.pub", "--reason", "a new archive")
    assert added.code == 0, added.err
    proposal = added.json["proposal_id"]
    unheard = rogatory("registrar", "approve", proposal)
    assert (unheard.code, "read its thumbprint out" in unheard.err) == (2, True)
    heard = ("--thumbprint", " ".join(kid[at : at + 4] for at in range(0, len(kid), 4)))
    same = rogatory("registrar", "approve", proposal, *heard, officer="Öffizier Ω OPS")
    assert same.code == 4
    approved = rogatory("registrar", "approve", proposal, *heard)
    assert (approved.code, "approved" in approved.out) == (0, True), approved.err

    own = rogatory("preparer", "rotate", "--key", f"{second}.pub", name=ID, key=first)
    assert own.code == 0, own.err
    name = own.out.split()[0]
    assert rogatory("registrar", "approve", name, "--thumbprint", following).code == 0

    shown = rogatory("registrar", "show", ID)
    assert shown.out.startswith(f"{ID}  preparer  active  requests:read\n")
    assert "rotate" in shown.out
    assert rogatory("registrar", "suspend", ID, "--reason", "seen abroad").code == 0
    listed = rogatory("ops", "list")
    assert f"{ID}  preparer  suspended" in listed.out
    back = rogatory("ops", "resume", ID, "--reason", "a journey of duty")
    assert rogatory("registrar", "approve", back.out.split()[0]).code == 0
    made = rogatory("ops", "--json", "list", "--proposals").json["proposals"]
    acts = [each["act"] for each in made if each["client_id"] == ID]
    assert acts[:4] == ["resume", "suspend", "rotate", "add"]
    assert made[0]["proposed_by"]["officer"] == "Öffizier Ω ops"


def test_a_proposal_is_rejected(rogatory: As, tmp_path: Path) -> None:
    new_key(rogatory, tmp_path / "a.jwk")
    added = rogatory(
        "ops", *ADD[:2], f"{ID}-2", *ADD[3:], "--key", f"{tmp_path}/a.jwk.pub", "--reason", "x"
    )
    name = added.out.split()[0]
    assert rogatory("registrar", "reject", name, "--reason", "nobody asked").code == 0
    proposals = rogatory("ops", "list", "--proposals").out
    assert f"{name}  add {ID}-2: rejected" in proposals
    assert rogatory("registrar", "reject", name, "--reason", "again").code == 6


def test_operators_rotate_for_another_without_overlap(rogatory: As, tmp_path: Path) -> None:
    new_key(rogatory, tmp_path / "b.jwk")
    words = ("rotate", "urn:rogatory:QM:protection", "--key", f"{tmp_path}/b.jwk.pub")
    stolen = rogatory("ops", "--json", *words, "--overlap", "0", "--reason", "stolen")
    assert stolen.json["overlap"] == 0
    late = rogatory("ops", *words, "--overlap", "40", "--reason", "late")
    assert late.code == 1


def test_a_private_key_is_not_proposed_and_none_is_overwritten(
    rogatory: As, tmp_path: Path
) -> None:
    path = tmp_path / "c.jwk"
    new_key(rogatory, path)
    private = rogatory("ops", *ADD, "--key", str(path), "--reason", "x")
    assert (private.code, "private key" in private.err) == (2, True)
    again = rogatory("ops", "new-key", "-o", str(path))
    assert (again.code, "no key is overwritten" in again.err) == (2, True)


def test_who_may_not_is_told_who_may(rogatory: As) -> None:
    refused = rogatory("receiver", "suspend", ID, "--reason", "spite")
    assert refused.code == 4
    assert rogatory("receiver", "show").out.startswith("urn:rogatory:QM:receiver  receiver  active")
