"""Any real file becomes evidence, once, whole, under a name that a court can store."""

import os
from pathlib import Path

import pytest

from client.clock import utc_now
from client.errors import ClientError, IntegrityError, StateError, UsageError
from client.sdk import sources
from client.sdk.records import read_package
from client.sdk.session import Session
from client.sdk.sources import Source, find_sources, hash_source, read_segment
from client.sdk.upload import Added, add_files
from shared.protocol.digests import sha256
from tests.scripted_gateway import Answer, Call, Fault, Gateway, answer, problem
from tests.scripted_packages import MIB, PACKAGE, Collection, package


@pytest.fixture
def collection(gateway: Gateway) -> Collection:
    gateway.fallback = Collection()
    return gateway.fallback


def add(session: Session, *files: Path, told: list[int] | None = None) -> list[Added]:
    return add_files(
        session,
        read_package(package()),
        find_sources(files, recursive=True),
        clock=utc_now,
        hashed=lambda _: None,
        sent=(told if told is not None else []).append,
    )


def write(path: Path, size: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(size))
    return path


@pytest.mark.parametrize("size", [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB, 3 * MIB + 5])
def test_a_file_of_any_size_arrives_whole(
    session: Session, collection: Collection, tmp_path: Path, size: int
) -> None:
    path, told = write(tmp_path / "disk.img", size), list[int]()
    (added,) = add(session, path, told=told)
    assert collection.content("data/disk.img") == path.read_bytes()
    assert added.item.sha256 == sha256(path.read_bytes()).hex()
    assert added.sent == max(1, -(-size // MIB))
    assert sum(told) == size


def test_the_same_command_again_sends_nothing(
    session: Session, collection: Collection, tmp_path: Path
) -> None:
    files = [write(tmp_path / "a.bin", 2 * MIB), write(tmp_path / "b.bin", 7)]
    first = add(session, *files)
    told: list[int] = []
    again = add(session, *files, told=told)
    assert [each.item for each in again] == [each.item for each in first]
    assert [each.sent for each in again] == [0, 0]
    assert sum(told) == 2 * MIB + 7
    assert len(collection.items) == 2


def test_a_broken_upload_goes_on_where_it_stopped(
    gateway: Gateway, session: Session, collection: Collection, tmp_path: Path
) -> None:
    path = write(tmp_path / "disk.img", 4 * MIB)
    gateway.faults = [Fault.PASS, Fault.PASS, Fault.PASS, problem(409, "closed", detail="Closed.")]
    with pytest.raises(StateError, match="Closed"):
        add(session, path)
    arrived = len(collection.segments)
    (added,) = add(session, path)
    assert 0 < arrived < 4
    assert added.sent == 4 - arrived
    assert collection.content("data/disk.img") == path.read_bytes()


def test_a_lost_answer_doubles_nothing(
    gateway: Gateway, session: Session, collection: Collection, tmp_path: Path
) -> None:
    path = write(tmp_path / "disk.img", 3 * MIB)
    gateway.faults = [Fault.PASS, Fault.LOSE_ANSWER, Fault.PASS, Fault.LOSE_REQUEST]
    add(session, path)
    assert collection.content("data/disk.img") == path.read_bytes()
    assert len(collection.items) == 1


def test_two_files_of_one_name_are_two_files(
    session: Session, collection: Collection, tmp_path: Path
) -> None:
    """Also where they are alike: each is an exhibit."""
    files = [write(tmp_path / name / "Report.pdf", 3) for name in "ab"]
    twin = tmp_path / "c" / "report.pdf"
    twin.parent.mkdir()
    twin.write_bytes(files[0].read_bytes())
    add(session, *files, twin)
    paths = {each["path"] for each in collection.items.values()}
    assert paths == {"data/Report.pdf", "data/Report-2.pdf", "data/report-3.pdf"}
    add(session, *files, twin)
    assert len(collection.items) == 3


def test_any_name_is_stored_under_a_safe_path(
    session: Session, collection: Collection, tmp_path: Path
) -> None:
    folder = tmp_path / "phone"
    names = ["100% sure?.txt", "naïve\u202e.txt", os.fsdecode(b"caf\xe9.db"), "sub/deep/x"]
    for name in names:
        write(folder / name, 1)
    add(session, folder)
    originals = {each["original_name"] for each in collection.items.values()}
    assert "phone/caf\\xe9.db" in originals
    assert "phone/100% sure?.txt" in originals
    paths = {each["path"] for each in collection.items.values()}
    assert "data/phone/sub/deep/x" in paths
    assert not any(sign in path for sign in "%?\\\u202e" for path in paths)


def test_the_media_type_is_what_the_name_suggests() -> None:
    assert Source(path=Path("x"), name="a.pdf").media_type == "application/pdf"
    assert Source(path=Path("x"), name="a.unheard").media_type == "application/octet-stream"


def test_what_cannot_be_evidence_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    for path, recursive, said in (
        (tmp_path / "away", False, "cannot be read"),
        (tmp_path / "folder", False, "is a folder"),
        (tmp_path / "folder", True, "not a regular file"),
        (tmp_path / "pipe", True, "neither a file nor a folder"),
    ):
        with pytest.raises(UsageError, match=said):
            find_sources([path], recursive=recursive)


def test_a_file_that_is_gone_when_it_is_read_is_named(tmp_path: Path) -> None:
    source = Source(path=tmp_path / "gone", name="gone")
    with pytest.raises(UsageError, match="cannot be read"):
        hash_source(source, segment_size=MIB, progress=lambda _: None)


def test_a_file_that_grows_while_it_is_hashed_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "log", MIB)

    def grow(_: int) -> None:
        with path.open("ab") as file:
            file.write(b"more")

    with pytest.raises(IntegrityError, match="changed while"):
        hash_source(Source(path=path, name="log"), segment_size=MIB, progress=grow)


def test_a_file_that_shrinks_before_it_is_sent_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "log", 10)
    with pytest.raises(IntegrityError, match="changed while"):
        list(read_segment(Source(path=path, name="log"), start=0, size=11))


def test_a_file_that_changes_before_it_is_sent_is_refused(
    gateway: Gateway, session: Session, collection: Collection, tmp_path: Path
) -> None:
    path = write(tmp_path / "log", 10)

    def declare(call: Call) -> Answer:
        if call.method == "PUT":
            path.write_bytes(b"0123456789")
        return collection(call)

    gateway.fallback = declare
    with pytest.raises(IntegrityError):
        add(session, path)


@pytest.mark.parametrize("missing", [None, [1], [[1]], [["0", "1"]]], ids=str)
def test_an_answer_without_ranges_is_refused(
    gateway: Gateway, session: Session, collection: Collection, tmp_path: Path, missing: object
) -> None:
    path = write(tmp_path / "x", 1)
    add(session, path)
    (item,) = collection.items
    gateway.routes[f"GET /v1/packages/{PACKAGE}/items/{item}/segments"] = answer(
        {"missing": missing}
    )
    with pytest.raises(ClientError, match="answer"):
        add(session, path)


def test_a_block_outlives_its_file(tmp_path: Path) -> None:
    path = write(tmp_path / "x", 10)
    held = list(read_segment(Source(path=path, name="x"), start=2, size=5))
    assert bytes(held[0]) == path.read_bytes()[2:7]
    assert sources.BLOCK == MIB
