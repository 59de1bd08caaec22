"""The directory of the countries, from its root (spec/trust.md): TUF metadata with Ed25519 keys."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from client.standalone.curve import check_ed25519
from client.standalone.forms import demand, read_canonical, read_json, unb64u


def read_directory(data: bytes, pinned: bytes) -> dict[str, Any]:
    """Check a trust bundle from the pinned root; give the member documents by country."""
    bundle = read_canonical(data)
    root = _follow([unb64u(each) for each in bundle["roots"]], pinned)
    targets = _read_role(unb64u(bundle["targets"]), "targets")
    _check_role("targets", targets, [_keys_of_root(root, "targets")])
    members = {
        country: _member(country, unb64u(text), bundle["roles"], targets["signed"])
        for country, text in bundle["members"].items()
    }
    _check_pairs(bundle, members)
    return members


def _check_pairs(bundle: dict[str, Any], members: dict[str, Any]) -> None:
    """Demand of each profile of a pair that both countries name it, by its digest."""
    demand(bundle.get("pairs", True) != {}, "the bundle has an empty list of profiles")
    for path, text in bundle.get("pairs", {}).items():
        digest, _, pair = path.removeprefix("pairs/").partition(".")
        demand(hashlib.sha256(unb64u(text)).hexdigest() == digest, f"{path} is another profile")
        two = pair.removesuffix(".toml").split("-")
        named = [
            [each for each in members[country].get("pairs", []) if _names(each, digest, two)]
            for country in two
            if country in members
        ]
        both = len(named) == len(two) and any(each in named[1] for each in named[0])
        demand(both, f"{path} is not what two countries have agreed on")


def _names(name: dict[str, Any], digest: str, two: list[str]) -> bool:
    digests = [name["sha256"], *name.get("instruments", [])]
    return digest in digests and [name["requesting"], name["requested"]] == two


def _follow(history: list[bytes], pinned: bytes) -> dict[str, Any]:
    """Walk from the pinned root to the newest: each is signed by the one before and by itself."""
    current = _read_role(pinned, "root")
    _check_role("root", current, [_keys_of_root(current, "root")], others=True)
    version = current["signed"]["version"]
    for data in history:
        root = _read_role(data, "root")
        number = root["signed"]["version"]
        if number == version:
            demand(data == pinned, "the history of roots does not lead to the pinned root")
        elif number > version:
            demand(number == current["signed"]["version"] + 1, "a root is missing in the history")
            keys = [_keys_of_root(current, "root"), _keys_of_root(root, "root")]
            _check_role("root", root, keys)
            current = root
    return current


def _read_role(data: bytes, kind: str) -> dict[str, Any]:
    value = read_json(data)
    demand(isinstance(value, dict) and value["signed"]["_type"] == kind, f"this is not TUF {kind}")
    written = json.dumps(value, sort_keys=True, separators=(",", ":"))
    demand(written.encode() == data, "this TUF metadata is not written in the one way")
    return dict(value)


def _keys_of_root(root: dict[str, Any], role: str) -> tuple[dict[str, Any], int]:
    signed = root["signed"]
    wanted = signed["roles"][role]
    return {key_id: signed["keys"][key_id] for key_id in wanted["keyids"]}, wanted["threshold"]


def _check_role(
    role: str,
    metadata: dict[str, Any],
    delegators: list[tuple[dict[str, Any], int]],
    *,
    others: bool = False,
) -> None:
    """Demand as many signatures as each delegator does; each that is given must hold."""
    message = _written(metadata["signed"]).encode()
    given = {each["keyid"]: bytes.fromhex(each["sig"]) for each in metadata["signatures"]}
    known: set[str] = set()
    for keys, threshold in delegators:
        holding = set()
        for key_id in keys.keys() & given.keys():
            demand(
                keys[key_id]["scheme"] == "ed25519", f"{role}: a key of this type is not read here"
            )
            check_ed25519(bytes.fromhex(keys[key_id]["keyval"]["public"]), message, given[key_id])
            holding.add(key_id)
        demand(0 < threshold <= len(holding), f"{role}: too few signatures")
        known |= holding
    demand(others or known == given.keys(), f"{role}: a signature by nobody")


def _member(country: str, document: bytes, roles: dict[str, str], targets: dict[str, Any]) -> Any:  # noqa: ANN401
    name, path = f"country-{country}", f"members/{country}.json"
    signed = _read_role(unb64u(roles[name]), "targets")
    (row,) = [each for each in targets["delegations"]["roles"] if each["name"] == name]
    keys = {key_id: targets["delegations"]["keys"][key_id] for key_id in row["keyids"]}
    _check_role(name, signed, [(keys, row["threshold"])])
    demand(row["paths"] == [path], f"{name} may sign something else")
    told = signed["signed"]["targets"][path]
    demand(told["length"] == len(document), f"{path} is not the document that was signed")
    digest = hashlib.sha256(document).hexdigest()
    demand(told["hashes"]["sha256"] == digest, f"{path} is not the document that was signed")
    member = read_canonical(document)
    demand(member["country"] == country, f"{path} speaks for another country")
    return member


def _written(value: Any) -> str:  # noqa: ANN401 - JSON
    """Write what TUF signs: canonical JSON in which only quote and backslash are escaped."""
    if isinstance(value, dict):
        pairs = (f"{_written(name)}:{_written(value[name])}" for name in sorted(value))
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return str(value)
