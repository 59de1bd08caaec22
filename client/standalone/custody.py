"""`python3 verify_custody.py CUSTODY [BAG]`: the chains of custody of a package, and its files."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from client.standalone.forms import demand, read_json
from client.standalone.reporting import Folder, Report

BLOCK = 2**20  # bytes a read
Row = dict[str, Any]


def verify_custody(account: bytes, bag: Folder | None) -> int:
    """Make all checks; give the exit code: 0 if what was checked holds, 3 if anything does not."""
    report = Report()
    chains: dict[str, list[Row]] = {}
    with report.check("this is an account of custody") as said:
        told = read_json(account)
        told = told.get("custody", told)
        for row in told["records"]:
            chains.setdefault(row["item_id"], []).append(row)
        said.append(f"{len(chains)} items, {len(told['records'])} records")
    if report.failed:
        return report.verdict()
    sealed: dict[str, Row] = {}
    with report.check("every chain is unbroken, and every change explained") as said:
        for item, rows in chains.items():
            with report.object(f"item {item}"):
                sealed[item] = follow_chain(rows)
                said.append(f"{item}: {' '.join(row['act'] for row in rows)}")
    if bag is None:
        report.leave("that the files are these items", "no bag was named")
    else:
        _check_bag(report, bag, chains, sealed)
    report.leave("who signed", "openssl cms -verify does (package.md, 6)")
    return report.verdict()


def follow_chain(rows: list[Row]) -> Row:
    """Follow the records of an item; give the one by which it was sealed, its digests made whole."""
    last: dict[str, Row] = {}
    known: dict[str, dict[str, str]] = {}
    sealed: Row | None = None
    for row in rows:
        place, country = f"record {row['n']} of {row['country']}", row["country"]
        before = last.get(country, sealed)
        demand(before is not None or not last, f"{place} comes before the item was sealed")
        expected = (0, "0" * 64) if before is None else (before["n"] + 1, hash_of(before))
        demand((row["n"], row["prev"]) == expected, f"{place} does not follow from the one before")
        for name in ("package_id", "item_id", "root_item_id"):
            demand(before is None or before[name] == row[name], f"{place} has another {name}")
        held = known.get(country, known[sealed["country"]] if sealed else {})
        known[country] = content_after(held, row, place)
        last[country] = row
        if row["act"] == "SEALED":
            demand(sealed is None, f"{place} seals the item again")
            sealed = row
    demand(sealed is not None, "it was never sealed")
    assert sealed is not None
    return {**sealed, "digests": known[sealed["country"]]}


def content_after(held: dict[str, str], row: Row, place: str) -> dict[str, str]:
    """Give the digests that the item has after a record."""
    before, after = row.get("inputs", {}), row.get("outputs", {})
    if "change" in row:
        return dict(after or before)
    for name, digest in before.items():
        demand(held.get(name, digest) == digest, f"{place}: the item is another ({name})")
    for name, digest in after.items():
        demand({**held, **before}.get(name, digest) == digest, f"{place}: a silent change ({name})")
    return {**held, **before, **after}


def hash_of(row: Row) -> str:
    """Give the hash of a record: SHA-256 of its canonical JSON (RFC 8785, of integers and ASCII names)."""
    written = json.dumps(row, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()


def _check_bag(
    report: Report, bag: Folder, chains: dict[str, list[Row]], sealed: dict[str, Row]
) -> None:
    with report.check("the bag holds the same records up to the seal") as said:
        there = read_json(bag.read("metadata/custody.json"))["records"]
        mine = [
            row
            for rows in chains.values()
            for row in rows
            if row["country"] == rows[0]["country"] and row["n"] <= sealed[row["item_id"]]["n"]
        ]
        first, second = (sorted(map(hash_of, rows)) for rows in (there, mine))
        demand(first == second, "metadata/custody.json has other records")
        said.append(f"{len(there)} records")
    with report.check("every file has the digests under which an item was sealed") as said:
        left = [row["digests"] for row in sealed.values()]
        for name in bag.names("data"):
            with report.object(name):
                found = _digests(bag.path / name, {each for digests in left for each in digests})
                match = next((d for d in left if d.items() <= found.items()), None)
                demand(match is not None, "no item was sealed under its digests")
                left.remove(match or {})
        demand(not left, f"{len(left)} items have no file")
        said.append(f"{len(sealed)} files")


def _digests(path: Path, names: set[str]) -> dict[str, str]:
    hashes = {
        name: hashlib.new(name.replace("sha3-", "sha3_"), usedforsecurity=False) for name in names
    }
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            for each in hashes.values():
                each.update(block)
    return {name: each.hexdigest() for name, each in hashes.items()}


def run_custody_verifier(words: list[str]) -> int:
    """Read the command line and make the checks."""
    parser = argparse.ArgumentParser(description="Verify an account of custody with Python alone.")
    parser.add_argument("account", type=Path, help="custody.json, as it was shown")
    parser.add_argument("bag", nargs="?", type=Path, help="the folder of the bag, if you have it")
    asked = parser.parse_args(words)
    try:
        account = asked.account.read_bytes()
    except OSError as error:
        parser.error(f"{asked.account}: {error.strerror}")
    return verify_custody(account, Folder(asked.bag) if asked.bag else None)


if __name__ == "__main__":
    sys.exit(run_custody_verifier(sys.argv[1:]))
