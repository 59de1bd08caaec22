"""The demo's overseer of QN runs a witness of its own: one command, one folder."""

import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.demo_words import Stage
from deploy.desk import Desk
from shared.protocol import canonical

NAME = "oversight.qn.example/w1"
PATIENCE = 10.0  # seconds for it to end


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A witness at work: where it listens, and by which keys it is known."""

    url: str
    vkeys: tuple[str, ...]
    folder: Path

    @property
    def options(self) -> tuple[str, ...]:
        """How `audit pull` is told of it."""
        keys = (word for vkey in self.vkeys for word in ("--witness-key", vkey))
        return ("--witness", self.url, *keys)

    def evidence(self) -> list[Path]:
        """Return the files that it has kept, each of which convicts a log."""
        return sorted((self.folder / "evidence").glob("*.json"))


@contextmanager
def watching(stage: Stage, desk: Desk, *, trust: Path, root: Path, folder: Path) -> Iterator[Watch]:
    """Run `rogatory witness` for the logs of a trust bundle.

    Args:
        stage: shows the command.
        desk: whose command line it is; its keys are not used.
        trust: the trust bundle, as a mirror has it.
        root: the pinned root.
        folder: for its key, its memory and the evidence.
    """
    where = ("--listen", "127.0.0.1:0", "--data", str(folder), "--name", NAME)
    words = ("witness", *where, "--trust", str(trust), "--root", str(root))
    stage.command(f"{shlex.join(words)} &")
    with subprocess.Popen(
        [*desk.command, "--json", *words],
        env=dict(desk.environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            assert process.stdout is not None
            match canonical.read(process.stdout.readline() or b"null"):
                case {"url": str(url), "vkeys": list(vkeys)}:
                    keys = tuple(map(str, vkeys))
                    yield Watch(url=url, vkeys=keys, folder=folder)
                case _:
                    stage.fail("the overseer's witness does not start")
        finally:
            process.terminate()
            process.wait(PATIENCE)
