"""A mirror of a simulated country's log, as an overseer pulls it."""

from __future__ import annotations

from pathlib import Path

from client.oversight.mirror import (
    CASE_KEY,
    CHECKPOINT,
    DIRECTORY,
    Mirror,
    counterpart_paths,
    entry_bundles,
    hash_tiles,
    tile_path,
)
from shared.protocol.chainfolder import Link
from shared.protocol.merkle import Frontier, Node, leaf_hash
from shared.protocol.tiles import bundle
from tests.simulated_case import Case
from tests.simulated_node import Node as Country


def log_files(bodies: list[bytes]) -> dict[str, bytes]:
    """Give the tiles and bundles of a log, by the path of their file."""
    frontier, nodes = Frontier(), dict[Node, bytes]()
    for body in bodies:
        nodes.update(frontier.add(leaf_hash(body)))
    files = {
        tile_path(tile): b"".join(nodes[node] for node in tile.nodes())
        for tile in hash_tiles(len(bodies))
    }
    for tile in entry_bundles(len(bodies)):
        start = tile.n * 256
        files[tile_path(tile)] = bundle(bodies[start : start + tile.width])
    return files


def write_log(mirror: Mirror, country: Country) -> None:
    """Write the log alone: entries, tiles and a new checkpoint."""
    note = country.checkpoint()
    for path, content in log_files(country.bodies).items():
        mirror.write(path, content)
    mirror.keep_checkpoint(note)
    mirror.write(CHECKPOINT, note.encode())


def links_of(country: Country) -> list[Link]:
    return [written.link() for written in country.written]


def write_mirror(folder: Path, case: Case, country: Country) -> Mirror:
    """Write all that an overseer pulls."""
    mirror = Mirror(folder)
    mirror.write(DIRECTORY, case.directory[0])
    mirror.write(CASE_KEY, country.case_key, mode=0o600)
    write_log(mirror, country)
    for index, (leaf, proof) in country.counterparts.items():
        paths = counterpart_paths(index)
        mirror.write(paths[0], leaf)
        mirror.write(paths[1], proof.encode())
    mirror.write_links("QM>QN", links_of(case.qm))
    mirror.write_links("QN>QM", links_of(case.qn))
    return mirror
