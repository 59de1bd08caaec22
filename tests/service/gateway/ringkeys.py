"""The keys of a gateway's rings as they lie in its database: what a thief of both would hold."""

from collections.abc import Iterator
from contextlib import contextmanager

from services.gateway.tokenkeys import WRAP, Rings, TokenKeys
from shared.protocol import jose
from shared.runtime.clock import Clock, utc_now
from shared.runtime.database import open_database
from shared.runtime.keystore import Keystore
from tests.service.gateway.federation import Node


@contextmanager
def rings(node: Node, clock: Clock = utc_now) -> Iterator[Rings]:
    database = open_database(f"sqlite:///{node.folder}/gateway.sqlite")
    keystore = Keystore.open(node.folder / "keystore", node.folder / "passphrase")
    yield Rings.having(database, keystore.get(WRAP), clock)
    database.close()


def token_key(node: Node) -> jose.Jwk:
    """The private key that signs access tokens now."""
    with rings(node) as held, held.database.begin() as db:
        return TokenKeys(held).signer(db)
