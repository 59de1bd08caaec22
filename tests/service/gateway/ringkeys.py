"""The keys of a gateway's rings as they lie in its database: what a thief of both would hold."""

from collections.abc import Iterator
from contextlib import contextmanager

from services.gateway.tokenkeys import WRAP, Rings, TokenKeys
from shared.protocol import canonical, jose
from shared.runtime.clock import Clock, utc_now
from shared.runtime.database import open_database
from shared.runtime.keystore import Keystore
from tests.forging import parts
from tests.service.gateway.federation import Node


@contextmanager
def rings(node: Node, clock: Clock = utc_now) -> Iterator[Rings]:
    database = open_database(f"sqlite:///{node.folder}/gateway.sqlite")
    keystore = Keystore.open(node.folder / "keystore", node.folder / "passphrase")
    yield Rings.having(database, keystore.get(WRAP), clock)
    database.close()


def token_key(node: Node, token: str | None = None) -> jose.Jwk:
    """The private key that signed this token, or without one that signs now."""
    with rings(node) as held, held.database.begin() as db:
        if token is None:
            return TokenKeys(held).signer(db)
        kid = parts(token)[0]["kid"]
        (content,) = (key.content for key in held.tokens.keys(db) if key.kid == kid)
        key = canonical.parse(content)
        assert isinstance(key, dict)
        return key
