"""Requests on a disk, and nodes that know how two countries agree, for tests of the command line."""

from pathlib import Path
from typing import Any

from services.exchange.routes.told_request import DRAFT
from shared.protocol.canonical import Json, encode
from tests import pacts
from tests.federated import Repository, document
from tests.scripted_gateway import Answer, Gateway
from tests.simulated_case import standard_case
from tests.simulated_node import START


def put(path: Path, told: Json) -> Path:
    """Write a draft."""
    path.write_bytes(encode(told))
    return path


def without(*names: str) -> dict[str, Json]:
    """Give a whole request without some of its fields."""
    return {name: value for name, value in DRAFT.items() if name not in names}


def alone(gateway: Gateway) -> None:
    """Give the node a directory that has no profile of two countries."""
    gateway.routes["GET /v1/directory"] = lambda _: Answer(body=standard_case().directory[0])


def agreed(gateway: Gateway, root: Path, folder: Path) -> None:
    """Give QM's node a directory that has a profile: QN reads French, and asks for E06."""
    made = Repository.make(folder / "federation", START)
    french = ('languages = ["en", "fr"]', 'languages = ["fr"]')
    text = pacts.text("QM-QN", french, ("extra_fields = []", 'extra_fields = ["E06"]'))
    names: list[Any] = pacts.told([pacts.named(text)])
    made.publish(document("QM", gateway=gateway.url, pairs=names))
    made.publish(document("QN", pairs=names))
    root.write_bytes(made.root)
    bundle = made.bundle(pairs={pacts.named(text).path: text})
    gateway.routes["GET /v1/directory"] = lambda _: Answer(body=bundle)
