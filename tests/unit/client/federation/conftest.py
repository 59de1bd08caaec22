import shutil
from pathlib import Path

import pytest
from securesystemslib.signer import Signer

from client.cli import run
from client.federation import folder, keyfiles, papers
from tests.ceremonies import NOW, PASSPHRASE, SEATS, Do, Table, fit

NAMES = [*(name for seat in SEATS.values() for name in seat), "QM", "QM-2", "QN"]
NAMES += ["spare-1", "spare-2"]


@pytest.fixture(scope="session")
def drawn() -> dict[str, keyfiles.KeyFile]:
    """Keys for every seat, and for countries; drawn once."""
    return dict(zip(NAMES, keyfiles.draw(NAMES, PASSPHRASE), strict=True))


@pytest.fixture(scope="session")
def signers(drawn: dict[str, keyfiles.KeyFile]) -> dict[str, Signer]:
    """The same keys, opened once."""
    return {name: each.open(lambda _name: PASSPHRASE) for name, each in drawn.items()}


def do_federation(name: str, *words: str | Path) -> int:
    return run(["federation", name, *map(str, words)])


def signed(table: Table, signers: dict[str, Signer], draft: Path, *names: str) -> int:
    """Have people sign a draft, one after the other."""
    paper, held = papers.read(draft), folder.read_held(table.repository)
    for name in names:
        assert paper.sign(signers[name], held), f"{name} has no seat"
    papers.write(draft, paper)
    return 0


@pytest.fixture(scope="session")
def template(
    tmp_path_factory: pytest.TempPathFactory,
    drawn: dict[str, keyfiles.KeyFile],
    signers: dict[str, Signer],
) -> Table:
    """A federation with its first root and QM in it, as the commands make it."""
    table = Table(tmp_path_factory.mktemp("ceremony"))
    for name, each in drawn.items():
        table.key(name).write_bytes(each.to_bytes())
        Path(f"{table.key(name)}.pub").write_bytes(each.only_public())
    (table.folder / "passphrase").write_text(PASSPHRASE)
    draft, asked, list_ = table.draft(), table.draft(), table.draft()
    assert do_federation("init", table.repository, *table.seated(*SEATS), "-o", draft) == 0
    signed(table, signers, draft, "root-1", "root-3", "root-5", "targets-1", "targets-2")
    assert do_federation("publish", table.repository, draft) == 0
    document = table.write(fit("QM", NOW))
    words = (table.repository, document, "--key", table.key("QM"), "-o", asked)
    assert do_federation("join", *words) == 0
    signed(table, signers, asked, "QM")
    assert do_federation("admit", table.repository, asked, "-o", list_) == 0
    signed(table, signers, list_, "targets-2", "targets-3")
    assert do_federation("publish", table.repository, list_) == 0
    return table


@pytest.fixture
def begun(template: Table, tmp_path: Path) -> Table:
    shutil.copytree(template.folder, tmp_path, dirs_exist_ok=True)
    return Table(tmp_path, template.numbers)


@pytest.fixture
def do() -> Do:
    """Run `rogatory federation …`; give the exit code."""
    return do_federation


@pytest.fixture
def sign(begun: Table, signers: dict[str, Signer]) -> Do:
    def command(draft: Path, *names: str) -> int:
        return signed(begun, signers, draft, *names)

    return command
