"""Tiles: paths as in C2SP tlog-tiles, bundles as tessera's log has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocol.errors import FormatError
from shared.protocol.tiles import Tile, bundle, parse_bundle, parse_tile


@pytest.mark.parametrize(
    ("path", "tile"),
    [
        ("0/000", Tile(level=0, n=0)),
        ("0/x001/x234/067", Tile(level=0, n=1234067)),
        ("1/x001/x234/067.p/1", Tile(level=1, n=1234067, width=1)),
        ("63/000.p/255", Tile(level=63, n=0, width=255)),
        ("entries/000", Tile(level=None, n=0)),
        ("entries/x001/000.p/8", Tile(level=None, n=1000, width=8)),
    ],
)
def test_a_path_names_a_tile(path: str, tile: Tile) -> None:
    assert parse_tile(path) == tile
    assert tile.path() == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "0",
        "0/",
        "0/0",
        "0/0000",
        "0/x000/000",
        "0/001/000",
        "0/x01/000",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/08",
        "0/000.p/",
        "0/000.p/1/2",
        "00/000",
        "-1/000",
        "64/000",
        "data/000",
        "entries/",
        "0/\u0660\u0660\u0660",
        "0/../000",
        "0/x001/x001/x001/x001/x001/000",
    ],
)
def test_what_is_no_path(path: str) -> None:
    with pytest.raises(FormatError):
        parse_tile(path)


@pytest.mark.parametrize(
    ("tile", "first", "last"),
    [
        (Tile(level=0, n=0, width=5), 5, 5),
        (Tile(level=0, n=1, width=1), 257, 257),
        (Tile(level=1, n=0, width=1), 256, 511),
        (Tile(level=None, n=0), 256, 2**63 - 1),
        (Tile(level=1, n=0), 65536, 2**63 - 1),
    ],
)
def test_the_sizes_at_which_a_tile_stands(tile: Tile, first: int, last: int) -> None:
    sizes = tile.sizes()
    assert (sizes[0], sizes[-1]) == (first, last)


def test_a_tile_holds_256_nodes_of_its_level() -> None:
    assert Tile(level=1, n=2).nodes() == [(8, n) for n in range(512, 768)]
    assert Tile(level=None, n=1, width=2).nodes() == [(0, 256), (0, 257)]


def test_a_bundle_as_tessera_has_it() -> None:
    entries = [b"one", b"two", b"three"]
    assert bundle(entries).hex() == "00036f6e65000374776f00057468726565"
    assert parse_bundle(bundle(entries)) == entries


@pytest.mark.parametrize("data", [b"\0", b"\0\3on", bundle([b"one"]) + b"\0"])
def test_a_bundle_that_is_cut_short(data: bytes) -> None:
    with pytest.raises(FormatError):
        parse_bundle(data)


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_a_bundle_gives_back_its_entries(entries: list[bytes]) -> None:
    assert parse_bundle(bundle(entries)) == entries
