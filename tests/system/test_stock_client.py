"""A stock C2SP client reads a log with nothing but its address: no token, paths and headers as specified."""

import time
from hashlib import sha256

import httpx
import pytest

from client import profiles
from client.sdk.wire import pinned_context
from deploy.lab import Lab
from shared.protocol.canonical import unb64

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def root_of(hashes: list[bytes]) -> bytes:
    """RFC 6962, 2.1, spelt out once more."""
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return node_hash(root_of(hashes[:split]), root_of(hashes[split:]))


def published(stock: httpx.Client) -> httpx.Response:
    """The checkpoint: there is none before the other country has witnessed the first."""
    deadline = time.monotonic() + 30
    while not (answer := stock.get("/log/checkpoint")).is_success:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return answer


def tiles(size: int) -> list[str]:
    """C2SP tlog-tiles: full tiles of 256 hashes, and the partial one at the end with its width."""
    full, width = divmod(size, 256)
    partial = [f"{full:03d}.p/{width}"] if width else []
    return [*(f"{number:03d}" for number in range(full)), *partial]


def test_checkpoint_and_tiles_are_open_and_say_how_long_they_hold(lab: Lab) -> None:
    profile = profiles.read_lab(lab.description, "QM", "oversight")
    with httpx.Client(base_url=profile.gateway, verify=pinned_context(profile.ca)) as stock:
        checkpoint = published(stock)
        assert checkpoint.headers["content-type"] == "text/plain; charset=utf-8"
        assert checkpoint.headers["cache-control"] == "max-age=1"
        origin, size, root = checkpoint.text.split("\n")[:3]
        assert origin == "qm.rogatory.example/log"
        assert int(size) > 0
        hashes: list[bytes] = []
        for path in (paths := tiles(int(size))):
            tile = stock.get(f"/log/tile/0/{path}")
            assert tile.headers["content-type"] == "application/octet-stream"
            assert tile.headers["cache-control"] == "max-age=31536000, immutable"
            hashes += [tile.content[at : at + 32] for at in range(0, len(tile.content), 32)]
        assert len(hashes) == int(size)
        assert root_of(hashes) == unb64(root)
        assert stock.get(f"/log/tile/entries/{paths[-1]}").status_code == 401
        other = stock.get("/log/tile/0/900")
        assert (other.status_code, other.headers["cache-control"]) == (404, "no-store")
