"""Checkpoints, tiles and proofs of growth."""

import pytest

from shared.protocol import merkle
from shared.protocol.canonical import unb64
from shared.protocol.tiles import Tile, parse_bundle
from tests.service.audit.caller import OVERSEER, Node, checkpoint, told


def test_a_monitor_rebuilds_the_log_from_tiles(node: Node) -> None:
    for start in range(1, 600, 200):
        events = [told(number) for number in range(start, start + 200)]
        assert node.post(*events).status_code == 200
    size, root = checkpoint(node)
    assert size == 601
    found: list[bytes] = []
    hashes: list[bytes] = []
    for n, width in ((0, 256), (1, 256), (2, 89)):
        bundle = node.get(f"/tile/{Tile(level=None, n=n, width=width).path()}", OVERSEER)
        found += parse_bundle(bundle.content)
        tile = node.get(f"/tile/{Tile(level=0, n=n, width=width).path()}")
        assert tile.headers["content-type"] == "application/octet-stream"
        assert "immutable" in tile.headers["cache-control"]
        hashes += [tile.content[at : at + 32] for at in range(0, len(tile.content), 32)]
    assert hashes == [merkle.leaf_hash(each) for each in found]
    assert merkle.root(hashes) == root
    level_1 = node.get("/tile/1/000.p/2").content
    assert level_1 == merkle.root(hashes[:256]) + merkle.root(hashes[256:512])


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("0/000", 404),
        ("0/000.p/3", 404),
        ("1/000.p/1", 404),
        ("63/000", 404),
        ("0/x999/x999/x999/x999/999", 404),
        ("0/0", 400),
        ("64/000", 400),
    ],
)
def test_a_tile_that_no_checkpoint_vouches_for(node: Node, path: str, status: int) -> None:
    node.post(told(1))
    assert node.get(f"/tile/{path}").status_code == status


def test_only_sizes_with_a_checkpoint_are_shown(node: Node) -> None:
    node.post(told(1), told(2), told(3))  # one batch: sizes 1 and 4
    assert node.get("/tile/0/000.p/4").status_code == 200
    assert node.get("/tile/0/000.p/1").status_code == 200
    assert node.get("/tile/0/000.p/2").status_code == 404


def test_the_log_extends_what_was_seen_before(node: Node) -> None:
    old_size, old_root = checkpoint(node)
    node.post(*(told(number) for number in range(1, 8)))
    size, root = checkpoint(node)
    answer = node.get(f"/proofs/consistency?from={old_size}&to={size}").json()
    proof = [unb64(each) for each in answer["hashes"]]
    merkle.verify_consistency(old_size, size, old_root, root, proof)
    assert node.get(f"/proofs/consistency?from=0&to={size}").json()["hashes"] == []
    assert node.get(f"/proofs/consistency?from=1&to={size + 1}").status_code == 404
    assert node.get(f"/proofs/consistency?from={size}&to=1").status_code == 422
    assert node.get("/proofs/consistency?from=x&to=1").status_code == 422
