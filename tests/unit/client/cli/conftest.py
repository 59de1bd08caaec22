from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from client.cli import run
from client.profiles import save
from shared.protocol.canonical import read
from tests.scripted_gateway import Gateway, serve
from tests.simulated_case import standard_case


@dataclass(frozen=True)
class Ran:
    """What a command line came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        value = read(self.out.encode())
        assert isinstance(value, dict)
        return value


Cli = Callable[..., Ran]


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    folder = tmp_path / "gateway"
    folder.mkdir()
    with serve(folder) as running:
        yield running


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run command lines with a configuration of their own."""
    for name in ("PROFILE", "CONFIG", "ROOT", "PURPOSE"):
        monkeypatch.delenv(f"ROGATORY_{name}", raising=False)

    def command(*words: str | Path) -> Ran:
        capsys.readouterr()
        code = run(["--config", str(tmp_path / "config.toml"), *map(str, words)])
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return command


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The pinned root of the standard case."""
    path = tmp_path / "root.json"
    path.write_bytes(standard_case().directory[1])
    return path


@pytest.fixture
def known(cli: Cli, gateway: Gateway, tmp_path: Path, root: Path) -> Cli:
    """Run command lines as a registered client."""
    save(tmp_path / "config.toml", gateway.profile(root=root))
    return cli
