"""Write the vectors that are missing; with --check, say which differ from the catalogue."""

from __future__ import annotations

import sys

from shared.protocol.canonical import encode, read
from tests.vectors import (
    catalogue,
    index_catalogue,
    log_catalogue,
    package_catalogue,
    policy_catalogue,
    witness_catalogue,
)
from tests.vectors.material import HERE, Vector

CATALOGUE: tuple[Vector, ...] = (
    *catalogue.canonical(),
    *catalogue.entries(),
    *catalogue.channels(),
    *catalogue.receipts(),
    *catalogue.approvals(),
    *package_catalogue.segments(),
    *package_catalogue.wraps(),
    *package_catalogue.index(),
    *package_catalogue.manifests(),
    *package_catalogue.tags(),
    *package_catalogue.bag_seals(),
    *log_catalogue.all_of_the_log(),
    *witness_catalogue.all_of_witnesses(),
    *policy_catalogue.all_of_policies(),
    *index_catalogue.all_of_indexes(),
)


def differences() -> list[str]:
    """Name the vectors that are missing, left over, or say something else than the catalogue."""
    there = {
        str(path.relative_to(HERE).with_suffix("")): read(path.read_bytes())
        for folder in {vector.name.partition("/")[0] for vector in CATALOGUE}
        for path in (HERE / folder).glob("*.json")
    }
    wanted = {vector.name: (vector.expect, vector.comment) for vector in CATALOGUE}
    said = {
        name: (value["expect"], value["comment"])
        for name, value in there.items()
        if isinstance(value, dict)
    }
    return sorted(
        name for name in wanted.keys() | said.keys() if wanted.get(name) != said.get(name)
    )


def write_missing() -> None:
    """Write the vectors that are not there yet."""
    for vector in CATALOGUE:
        path = HERE / f"{vector.name}.json"
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            said = {"comment": vector.comment, "expect": vector.expect}
            path.write_bytes(encode({**said, **vector.make()}) + b"\n")


if __name__ == "__main__":
    if "--check" not in sys.argv:
        write_missing()
    sys.exit("\n".join(differences()) or 0)
