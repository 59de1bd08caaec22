"""`rogatory audit evidence`: a file convicts a log, offline, by the keys that the directory gives it."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from client.oversight.mirror import DIRECTORY, Mirror
from shared.protocol import merkle
from shared.protocol.accusations import evidence_name
from shared.protocol.canonical import b64u
from shared.protocol.checkpoints import Checkpoint, LogKey, sign_checkpoint
from shared.protocol.misbehaviour import accuse
from tests.scripted_gateway import Answer, Gateway, answer
from tests.simulated_case import standard_case
from tests.simulated_node import START
from tests.unit.client.cli.conftest import Cli, Ran

PULL = ["audit", "evidence", "--pull", "--purpose", "complaint 7"]


def note(key: LogKey, size: int, root: bytes) -> str:
    told = Checkpoint(origin=key.origin, size=size, root=root)
    return sign_checkpoint(told, key, START)


@pytest.fixture
def convicted() -> LogKey:
    return standard_case().qn.log_key


@pytest.fixture
def file(convicted: LogKey) -> bytes:
    notes = [note(convicted, 3, bytes([n]) * 32) for n in (1, 2)]
    return accuse(notes[0], notes[1], vkeys=convicted.vkeys())


@pytest.fixture
def rewritten(convicted: LogKey) -> bytes:
    leaves = [bytes([n]) * 32 for n in range(5)]
    nodes = {
        node: made for f in [merkle.Frontier()] for leaf in leaves for node, made in f.add(leaf)
    }
    path = merkle.hash_ranges(merkle.path_ranges(3, 5), nodes)
    notes = note(convicted, 3, bytes(32)), note(convicted, 5, merkle.root(leaves))
    return accuse(*notes, vkeys=convicted.vkeys(), path=path)


@pytest.fixture
def trusting(tmp_path: Path, root: Path) -> list[str | Path]:
    """The words that name whose keys are believed."""
    path = tmp_path / "directory.json"
    path.write_bytes(standard_case().directory[0])
    return ["--trust", path, "--root", root]


def kept(folder: Path, content: bytes) -> Path:
    path = folder / "x.misbehaviour.json"
    path.write_bytes(content)
    return path


def test_a_file_convicts_by_a_bundle(
    cli: Cli, file: bytes, trusting: list[str], tmp_path: Path, convicted: LogKey
) -> None:
    words = ["audit", "evidence", kept(tmp_path, file), *trusting]
    said = cli(*words)
    assert (said.code, said.err) == (0, "")
    assert f"{convicted.origin} signed two histories: it gave 3 entries two roots" in said.out
    (told,) = cli(*words, "--json").json["evidence"]
    assert (told["convicts"], told["sizes"]) == (convicted.origin, [3, 3])
    assert told["roots"] == ["01" * 32, "02" * 32]
    assert told["name"] == evidence_name(file)


def test_a_file_convicts_by_keys_alone(
    cli: Cli, rewritten: bytes, tmp_path: Path, convicted: LogKey
) -> None:
    keys = [word for vkey in convicted.vkeys() for word in ("--log", vkey)]
    said = cli("audit", "evidence", kept(tmp_path, rewritten), *keys)
    assert said.code == 0
    assert "had 3 entries, and later 5 that do not begin with them" in said.out


def test_a_mirror_knows_the_keys_of_before(
    cli: Cli, file: bytes, root: Path, tmp_path: Path
) -> None:
    mirror = Mirror(tmp_path / "mirror")
    mirror.write(DIRECTORY, standard_case().directory[0])
    said = cli("audit", "evidence", kept(tmp_path, file), "-d", mirror.folder, "--root", root)
    assert said.code == 0


def no_evidence(_: str, file: bytes) -> bytes:
    return file.replace(b"misbehaviour", b"behaviour")


def of_a_stranger(origin: str, _: bytes) -> bytes:
    key = LogKey.generate(origin)
    told = [Checkpoint(origin=origin, size=3, root=bytes([n]) * 32) for n in (1, 2)]
    notes = [sign_checkpoint(each, key, START) for each in told]
    return accuse(notes[0], notes[1], vkeys=key.vkeys())


def of_an_unknown_log(_: str, file: bytes) -> bytes:
    return of_a_stranger("zz.example/log", file)


@pytest.mark.parametrize("make", [no_evidence, of_a_stranger, of_an_unknown_log])
def test_a_file_that_convicts_nobody(
    cli: Cli, file: bytes, trusting: list[str], tmp_path: Path, make: Callable[[str, bytes], bytes]
) -> None:
    origin = standard_case().qn.log_key.origin
    words = ["audit", "evidence", kept(tmp_path, make(origin, file)), *trusting]
    said = cli(*words)
    assert (said.code, "this convicts nobody" in said.out) == (3, True)
    assert cli(*words, "--json").json["evidence"][0]["convicts"] is None


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], "no_file"),
        (["FILE"], "no_keys"),
        (["/nowhere"], "no_file"),
        (["--pull"], "no_folder"),
    ],
)
def test_what_is_missing_is_said(
    cli: Cli, file: bytes, tmp_path: Path, words: Sequence[str], code: str
) -> None:
    path = kept(tmp_path, file)
    said = cli("audit", "evidence", *(path if each == "FILE" else each for each in words), "--json")
    assert (said.code, said.json["error"]["code"]) == (2, code)


def serve(gateway: Gateway, witness: list[object], exchange: list[object]) -> None:
    gateway.routes |= {
        "GET /v1/directory": Answer(body=standard_case().directory[0]),
        "GET /v1/audit/evidence": answer({"evidence": witness}),
        "GET /v1/audit/channels/evidence": answer({"evidence": exchange}),
    }


def pulled(known: Cli, root: Path, folder: Path) -> Ran:
    return known(*PULL, "-o", folder, "--root", root, "--json")


def test_what_the_node_holds_is_pulled_and_verified(
    gateway: Gateway, known: Cli, root: Path, tmp_path: Path, file: bytes, rewritten: bytes
) -> None:
    """The witness and the exchange may have found the same, and have it under one name."""
    same = {"file": b64u(file), "peer": "QN", "notes": [], "found_at": ""}
    serve(gateway, [{"file": b64u(file)}], [same, {**same, "file": b64u(rewritten)}])
    said = pulled(known, root, tmp_path / "evidence")
    assert said.code == 0, said.err
    names = {f"{evidence_name(each)}.misbehaviour.json" for each in (file, rewritten)}
    assert {each.name for each in (tmp_path / "evidence").iterdir()} == names
    assert gateway.calls[-1].headers["X-Purpose"] == "complaint 7"


def test_notes_whose_keys_the_directory_had_are_put_together(
    gateway: Gateway, known: Cli, root: Path, tmp_path: Path, convicted: LogKey
) -> None:
    notes = [note(convicted, 3, bytes([n]) * 32) for n in (1, 2)]
    serve(gateway, [], [{"file": None, "peer": "QN", "notes": notes, "found_at": ""}])
    said = pulled(known, root, tmp_path / "evidence")
    assert (said.code, len(said.json["evidence"])) == (0, 1)


def test_nothing_is_held(gateway: Gateway, known: Cli, root: Path, tmp_path: Path) -> None:
    serve(gateway, [], [])
    said = known(*PULL, "-o", tmp_path / "evidence", "--root", root)
    assert (said.code, "nothing is held against any log" in said.out) == (0, True)


def test_a_node_that_accuses_falsely_is_told(
    gateway: Gateway, known: Cli, root: Path, tmp_path: Path, convicted: LogKey
) -> None:
    serve(gateway, [{"file": b64u(of_a_stranger(convicted.origin, b""))}], [])
    assert pulled(known, root, tmp_path / "evidence").code == 3
    assert [*(tmp_path / "evidence").iterdir()] == []
