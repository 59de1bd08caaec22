"""The witness as it runs: real sockets, a real file, many at once, killed and started again."""

import http.client
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from client.witness.serving import ADD_CHECKPOINT, CONNECTIONS
from shared.protocol import merkle
from shared.protocol.canonical import read
from shared.protocol.checkpoints import LogKey
from shared.protocol.cosignatures import verify_cosignatures
from shared.protocol.witnessing import MAX_SUBMISSION, format_submission, monitoring_path
from tests.unit.shared.protocol.worked_growth import FORK, LEAVES, VKEYS, note, proof
from tests.unit.shared.protocol.worked_log import ORIGIN
from tests.witness_at_work import Desk, serving


def ask(url: str, method: str, path: str, body: bytes | None = None) -> tuple[int, str]:
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)) as connection:
        connection.request(method, path, body)
        said = connection.getresponse()
        return said.status, said.read().decode()


def submit(url: str, old: int, new: int) -> tuple[int, str]:
    return ask(url, "POST", ADD_CHECKPOINT, format_submission(old, proof_of(old, new), note(new)))


def proof_of(old: int, new: int) -> list[bytes]:
    return proof(old, new) if old else []


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "w")


def test_a_conversation(desk: Desk) -> None:
    with serving(desk) as url:
        assert submit(url, 0, 3)[0] == 200
        assert submit(url, 0, 5) == (409, "3\n")
        status, lines = submit(url, 3, 5)
        assert status == 200
        assert verify_cosignatures(note(5) + lines, desk.witness.key.vkeys())
        status, shown = ask(url, "GET", f"/{monitoring_path(ORIGIN)}")
        assert (status, shown.endswith(lines)) == (200, True)
        assert ask(url, "GET", "/")[0] == 404
        assert ask(url, "POST", "/other", b"x")[0] == 404


@pytest.mark.parametrize(
    ("length", "status"),
    [(None, b"411"), ("-1", b"411"), ("1e3", b"411"), (str(MAX_SUBMISSION + 1), b"413")],
)
def test_a_body_is_announced_and_limited(desk: Desk, length: str | None, status: bytes) -> None:
    header = f"Content-Length: {length}\r\n" if length else ""
    with serving(desk) as url, socket.create_connection(urlsplit(url).netloc.split(":")) as line:  # type: ignore[arg-type]
        line.sendall(f"POST {ADD_CHECKPOINT} HTTP/1.1\r\n{header}\r\n".encode())
        assert line.recv(100).split()[1] == status


@pytest.mark.parametrize(
    "sent", [b"", b"POST ", b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 9\r\n\r\nx"]
)
def test_whoever_says_nothing_is_cut_off(desk: Desk, sent: bytes) -> None:
    for idle, longest in ((0.2, 30.0), (30.0, 0.2)):
        with serving(desk, idle=idle, longest=longest) as url:
            host, port = urlsplit(url).netloc.split(":")
            with socket.create_connection((host, int(port)), timeout=10) as line:
                line.sendall(sent)
                assert b"200" not in line.recv(1000)


def test_a_witness_that_cannot_remember_does_not_cosign(desk: Desk) -> None:
    desk.witness.memory.path.unlink()
    with serving(desk) as url:
        assert submit(url, 0, 3)[0] == 503
    assert "does not cosign" in desk.alarms[0]


def test_a_fault_of_its_own_is_told(desk: Desk) -> None:
    desk.witness.logs[ORIGIN][:] = LogKey.generate("other.example/log").vkeys()  # type: ignore[index]
    with serving(desk) as url, pytest.raises(http.client.RemoteDisconnected):
        submit(url, 0, 3)
    assert "could not be answered" in desk.alarms[0]


def test_there_is_room_for_so_many(desk: Desk) -> None:
    with serving(desk) as url, ExitStack() as lines:
        host, port = urlsplit(url).netloc.split(":")
        held = [socket.create_connection((host, int(port)), timeout=10) for _ in range(CONNECTIONS)]
        for each in held:
            lines.enter_context(each)
        with socket.create_connection((host, int(port)), timeout=10) as one_more:
            assert one_more.recv(1) == b""
    assert desk.alarms == []


def history(n: int) -> tuple[int, str]:
    """The note of one of many histories: no two have a root in common."""
    leaves = [bytes([n]) * 32, *LEAVES[1 : 3 + n % 3]]
    return len(leaves), note(len(leaves), merkle.root(leaves))


def test_of_fifty_at_once_one_history_is_cosigned_also_after_a_restart(desk: Desk) -> None:
    """Two servers work on one folder, and both are started again."""

    def send(n: int) -> tuple[int, int]:
        size, told = history(n)
        body = format_submission(0, [], told)
        status, lines = ask(urls[n % 2], "POST", ADD_CHECKPOINT, body)
        if status == 200:
            assert verify_cosignatures(told + lines, desk.witness.key.vkeys())
        return status, size

    said: list[tuple[int, int]] = []
    for _ in range(2):
        with (
            serving(desk) as one,
            serving(Desk(desk.folder)) as two,
            ThreadPoolExecutor(50) as pool,
        ):
            urls = one, two
            said += pool.map(send, range(50))
        desk.start()
    statuses = [status for status, _ in said]
    assert (statuses.count(200), set(statuses) - {200}) == (1, {409})
    assert desk.evidence(), "the others convict the log"


def test_of_fifty_that_grow_the_log_each_size_is_cosigned_once(desk: Desk) -> None:
    def send(n: int) -> list[int]:
        size = n % 8 + 1
        status, said = submit(url, 0, size)
        if status == 409 and int(said) <= size:
            status, _ = submit(url, int(said), size)
        return [size] if status == 200 else []

    with serving(desk) as url, ThreadPoolExecutor(50) as pool:
        sizes = [size for each in pool.map(send, range(50)) for size in each]
        assert submit(url, 0, 1) == (409, f"{max(sizes)}\n")
    assert (desk.evidence(), desk.alarms) == ([], [])


@contextmanager
def process(folder: Path, *more: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, object]]]:
    words = ["--json", "witness", "--listen", "127.0.0.1:0", "--data", str(folder), *more]
    logs = [word for vkey in VKEYS for word in ("--log", vkey)]
    started = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "client", *words, *logs],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert started.stdout
        told = read(started.stdout.readline().encode())
        assert isinstance(told, dict)
        yield started, {**told}
    finally:
        started.terminate()
        started.communicate()


def test_it_is_killed_and_knows_all_it_cosigned(tmp_path: Path) -> None:
    told = []
    for number, (old, new) in enumerate([(0, 3), (3, 5), (5, 8)]):
        with process(tmp_path / "w", "--name", "oversight.example/w1") as (running, said):
            told.append(said["vkeys"])
            assert said["logs"] == [ORIGIN]
            url = str(said["url"])
            if number:
                assert submit(url, 0, 1) == (409, f"{old}\n")
            assert submit(url, old, new)[0] == 200
            if number == 2:
                told_otherwise = format_submission(8, [], note(8, FORK))
                assert ask(url, "POST", ADD_CHECKPOINT, told_otherwise)[0] == 422
                assert running.stderr
                assert running.stderr.readline().startswith(f"ALARM: {ORIGIN} signed two histories")
            running.send_signal(signal.SIGKILL if number < 2 else signal.SIGTERM)
            running.wait()
    assert told[0] == told[1] == told[2]
