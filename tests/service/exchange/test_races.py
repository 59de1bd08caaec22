"""Two at the same moment: the first durable one wins, and the other leaves nothing behind."""

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from services.exchange import uploading
from services.exchange.records import Taken
from services.exchange.states import Actor, PackageAct, WrongStateError
from services.exchange.store import contents, packages
from services.exchange.uploading import Promise, Upload
from shared.runtime.refusals import Conflict, NotFound, Unprocessable
from tests.service.exchange.filling import declare, new_package, put_segment, show, upload
from tests.service.exchange.node import Clock, Node, accepted_request, blobs, open_node


def begin(node: Node, stack: ExitStack, package_id: str, item_id: str, content: bytes) -> Upload:
    promise = Promise(
        package_id=package_id,
        item_id=item_id,
        n=0,
        size=len(content),
        sha256=hashlib.sha256(content).digest(),
    )
    parts = node.parts
    begun = stack.enter_context(
        uploading.upload(
            promise,
            database=parts.database,
            vault=parts.vault,
            keyring=parts.keyring,
            actor=actor(node),
        )
    )
    begun.write(memoryview(content))
    return begun


def actor(node: Node) -> Actor:
    return Actor(client_id="test", at=node.clock())


def test_of_two_uploads_of_one_segment_the_first_is_kept(qn: Node) -> None:
    package_id = new_package(qn)
    item_id = declare(qn, package_id, "a.txt", b"abc")
    with ExitStack() as stack:
        first, same, other = (
            begin(qn, stack, package_id, item_id, content) for content in (b"abc", b"abc", b"xyz")
        )
        assert first.finish() is Taken.NEW
        stored = blobs(qn)
        assert same.finish() is Taken.SAME
        with pytest.raises(Conflict) as refused:
            other.finish()
    assert refused.value.code == "segment_differs"
    assert blobs(qn) == stored
    assert put_segment(qn, package_id, item_id, 0, b"abc").status_code == 200


def test_an_upload_that_ends_after_the_close_is_refused(qn: Node) -> None:
    package_id = new_package(qn)
    item_id = declare(qn, package_id, "a.txt", b"abc")
    with ExitStack() as stack:
        late = begin(qn, stack, package_id, item_id, b"abc")
        with qn.parts.database.begin() as db:
            packages.move(db, package_id, PackageAct.CLOSE, actor(qn))
        with pytest.raises(WrongStateError):
            late.finish()
    assert blobs(qn) == []


def test_an_upload_of_an_item_that_was_deleted_meanwhile_is_refused(qn: Node) -> None:
    package_id = new_package(qn)
    item_id = declare(qn, package_id, "a.txt", b"abc")
    with ExitStack() as stack:
        late = begin(qn, stack, package_id, item_id, b"abc")
        qn.client("preparer").delete(f"/v1/packages/{package_id}/items/{item_id}")
        with pytest.raises(NotFound):
            late.finish()
    assert blobs(qn) == []


def test_octets_beyond_the_promise_are_refused(qn: Node) -> None:
    package_id = new_package(qn)
    item_id = declare(qn, package_id, "a.txt", b"abc")
    with ExitStack() as stack:
        more = begin(qn, stack, package_id, item_id, b"abc")
        more.write(memoryview(b""))
        more.write(memoryview(b"d"))
        with pytest.raises(Unprocessable):
            more.finish()


def test_many_clients_fill_one_package_at_once(qn: Node) -> None:
    package_id = new_package(qn)
    files = {f"{n}.txt": b"x" * n for n in range(12)}
    for role in ("preparer", "approver"):
        qn.client(role)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda file: upload(qn, package_id, dict([file])), files.items()))
    package = show(qn, package_id)
    assert (package["items"], package["size"]) == (12, sum(range(12)))
    with qn.parts.database.read() as db:
        ordinals = [item.ordinal for item in contents.items(db, package_id)]
    assert ordinals == list(range(12))


@pytest.fixture
def two(
    federation: Path, tmp_path: Path, clock: Clock, postgres_database: str
) -> tuple[Node, Node]:
    """Two processes of one exchange, over PostgreSQL."""
    first, second = (
        open_node("QN", federation, tmp_path / "QN", clock, postgres_database) for _ in range(2)
    )
    return first, second


def test_two_processes_move_one_package_once(two: tuple[Node, Node]) -> None:
    first, second = two
    package_id = new_package(first, accepted_request(first))
    upload(first, package_id, {"a.txt": b"abc"})
    moved, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with first.parts.database.begin() as db:
            packages.move(db, package_id, PackageAct.CLOSE, actor(first))
            moved.set()
            assert let_go.wait(10)

    def lose() -> str:
        assert moved.wait(10)
        threading.Timer(0.2, let_go.set).start()
        with pytest.raises(Conflict) as refused, second.parts.database.begin() as db:
            packages.move(db, package_id, PackageAct.CLOSE, actor(second))
        return refused.value.code

    with ThreadPoolExecutor(2) as pool:
        holding, losing = pool.submit(hold), pool.submit(lose)
        holding.result()
        assert losing.result() == "moved_meanwhile"
    with first.parts.database.begin() as db:
        packages.move(db, package_id, PackageAct.REOPEN, actor(first))
    answer = first.client("preparer").post(f"/v1/packages/{package_id}/close")
    assert answer.status_code == 202
    assert second.closer.work()
    assert not first.closer.work()
    assert show(first, package_id)["state"] == "COLLECTED"
    for node in two:
        node.parts.database.close()
