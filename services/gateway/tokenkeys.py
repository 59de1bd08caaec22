"""Keys that come and go by the clock: those that sign access tokens, and the secrets of nonces.

    announced ──ahead──▶ in force ──life──▶ followed by the next ──kept──▶ deleted

All processes of a gateway read them from its database, where they lie sealed under the keystore's
`token-wrap`. Nothing of them is remembered beyond one transaction but what is inside: a key that was
dropped signs nothing more, and what it signed counts for nothing at the next call.

`python -m services.gateway.tokenkeys list | rotate | emergency`, with the gateway's environment:
`rotate` lets the announced key begin now; `emergency` drops every key, and with them every token.
"""

import secrets
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from services.gateway import store
from services.gateway.settings import GatewaySettings
from services.gateway.store import rings
from services.gateway.tables import RingKeyRow
from shared.protocol import canonical, jose
from shared.protocol.encryption import open_small, seal_small
from shared.protocol.errors import SealError
from shared.protocol.identifiers import new_id
from shared.runtime import logs
from shared.runtime.clock import Clock, milliseconds, utc_now
from shared.runtime.crew import Crew
from shared.runtime.database import Database, Pulse, migrate, open_database
from shared.runtime.keystore import Keystore, KeystoreError
from shared.runtime.settings import load

WRAP = "token-wrap"  # name in the keystore: 32 bytes
LOOK = 30.0  # seconds between two looks at what is due
MOMENT = timedelta(
    hours=23
)  # before a key ends the next one must be there, an hour after it is due
USAGE = "usage: python -m services.gateway.tokenkeys list|rotate|emergency\n"
EXIT_USAGE = 2
FOREIGN = (
    f"key {WRAP}: it does not open the token keys in the database. Put the keystore back that belongs to"
    " it, or draw new ones: python -m services.gateway.tokenkeys emergency"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """How long a key of one purpose stays in each of its states."""

    purpose: str
    life: timedelta
    ahead: timedelta
    kept: timedelta
    draw: Callable[[], tuple[str, bytes]]  # a fresh key's name and content


def _token_key() -> tuple[str, bytes]:
    key = jose.generate()
    return jose.thumbprint(key), canonical.encode(key)


def _nonce_secret() -> tuple[str, bytes]:
    return canonical.b64u(secrets.token_bytes(16)), secrets.token_bytes(32)


TOKENS = Cycle(
    purpose="token",
    life=timedelta(days=30),
    ahead=timedelta(hours=24),
    kept=timedelta(minutes=10),  # twice the life of a token
    draw=_token_key,
)
NONCES = Cycle(
    purpose="nonce",
    life=timedelta(hours=24),
    ahead=timedelta(hours=1),
    kept=timedelta(minutes=3),  # the life of a nonce
    draw=_nonce_secret,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of a ring, opened."""

    kid: str
    announced: int  # seconds since 1970
    begins: int
    content: bytes


class Ring:
    """The keys of one purpose. Every method works within the caller's transaction."""

    def __init__(self, cycle: Cycle, wrap: bytes, clock: Clock) -> None:
        self._cycle, self._wrap, self._clock = cycle, wrap, clock
        self._opened: dict[str, bytes] = {}

    def keys(self, db: store.Session) -> Sequence[Key]:
        """Return all keys, in the order in which they begin."""
        keys = [self._open(row) for row in rings.ring(db, self._cycle.purpose)]
        self._opened = {key.kid: key.content for key in keys}
        return keys

    def current(self, db: store.Session) -> Key:
        """Return the key in force; by a clock that went back it is the first one."""
        keys, now = self.keys(db), self._now()
        return [*keys[:1], *(key for key in keys if key.begins <= now)][-1]

    def keep(self, db: store.Session) -> bool:
        """Do what is due: draw the first key, announce the next one, delete what is over.

        Returns:
            Whether there is a new key.
        """
        now, before = self._now(), {row.kid for row in rings.ring(db, self._cycle.purpose)}
        if not before:
            self._add(db, now)
        keys, cycle = self.keys(db), self._cycle
        newest = keys[-1].begins
        life, ahead = int(cycle.life.total_seconds()), int(cycle.ahead.total_seconds())
        if newest <= now and now >= newest + life - ahead:
            self._add(db, max(newest + life, now + ahead))
        for key, successor in pairwise(keys):
            if now >= successor.begins + cycle.kept.total_seconds():
                rings.drop_key(db, key.kid)
        return not before >= {row.kid for row in rings.ring(db, cycle.purpose)}

    def advance(self, db: store.Session) -> None:
        """Let the announced key begin now; where none is announced, one is drawn."""
        now = self._now()
        coming = [key for key in self.keys(db) if key.begins > now]
        if self.current(db).begins == now:
            return
        if coming:
            rings.begin_key(db, coming[0].kid, now)
        else:
            self._add(db, now)

    def drop(self, db: store.Session) -> None:
        """Drop every key and draw a new one. Needs none of them to be readable."""
        for row in rings.ring(db, self._cycle.purpose):
            rings.drop_key(db, row.kid)
        self._add(db, self._now())

    def _add(self, db: store.Session, begins: int) -> None:
        kid, content = self._cycle.draw()
        row: dict[str, str | int | bytes] = {
            "purpose": self._cycle.purpose,
            "begins": begins,
            "kid": kid,
            "announced": self._now(),
            "sealed": seal_small(self._wrap, content, self._context(kid)),
        }
        rings.add_key(db, row)

    def _open(self, row: RingKeyRow) -> Key:
        content = self._opened.get(row.kid)
        if content is None:
            content = open_small(self._wrap, row.sealed, self._context(row.kid))
        return Key(kid=row.kid, announced=row.announced, begins=row.begins, content=content)

    def _context(self, kid: str) -> bytes:
        return canonical.encode(["rogatory/1 ring key", self._cycle.purpose, kid])

    def _now(self) -> int:
        return int(self._clock().timestamp())


@dataclass(frozen=True, slots=True)
class Rings:
    """All rings of a gateway and the database they lie in."""

    tokens: Ring
    nonces: Ring
    database: Database
    clock: Clock

    @classmethod
    def open(cls, database: Database, keystore: Keystore, clock: Clock) -> "Rings":
        """Open both rings and do what is due; a KeystoreError if it is another database's keystore."""
        opened = cls.having(database, keystore.get(WRAP), clock)
        try:
            opened.work()
        except SealError as error:
            raise KeystoreError(FOREIGN) from error
        return opened

    @classmethod
    def having(cls, database: Database, wrap: bytes, clock: Clock) -> "Rings":
        """Take both rings as they are."""
        return cls(Ring(TOKENS, wrap, clock), Ring(NONCES, wrap, clock), database, clock)

    def begin(self) -> None:
        """There is nothing to take over."""

    def work(self) -> bool:
        """Do what is due in both."""
        with self.database.begin() as db:
            if self.tokens.keep(db):
                self._record(db, "token_key.announced")
            self.nonces.keep(db)
            # Commit point: a key is there for every process or for none, and with it its event.
        return False

    def rotate(self) -> None:
        """Let the announced token key begin now; tokens of the one before stay good."""
        with self.database.begin() as db:
            self.tokens.advance(db)
            self._record(db, "token_key.rotated")

    def renew(self) -> None:
        """Drop every key of both rings: no token and no nonce given before counts any more."""
        with self.database.begin() as db:
            self.tokens.drop(db)
            self.nonces.drop(db)
            self._record(db, "token_key.dropped")

    def _record(self, db: store.Session, kind: str) -> None:
        now = self.clock()
        event = {"event_id": new_id(now), "type": kind, "event_time": milliseconds(now)}
        store.keep_denial(db, canonical.encode(event))

    def told(self) -> dict[str, canonical.Json]:
        """Say how far the token keys are; `overdue`: the next one should have been announced."""
        now = int(self.clock().timestamp())
        with self.database.read() as db:
            keys, current = self.tokens.keys(db), self.tokens.current(db)
        coming = [key.begins for key in keys if key.begins > now]
        late = not coming and now > current.begins + (TOKENS.life - MOMENT).total_seconds()
        return {"began": current.begins, "next": min(coming, default=None), "overdue": late}

    def crew(self) -> Crew:
        """Return the thread that does what is due until it is stopped."""
        # A pulse of its own: other commits do not wake it.
        return Crew({"token-keys": self}, threading.Event(), Pulse(), idle=LOOK)


@dataclass(frozen=True, slots=True)
class TokenKeys:
    """The keys that sign access tokens, as JWKs."""

    rings: Rings

    def signer(self, db: store.Session) -> jose.Jwk:
        """Return the private key that signs now."""
        return _jwk(self.rings.tokens.current(db).content)

    def public(self, db: store.Session) -> Sequence[jose.Jwk]:
        """Return every public key: those that signed, the one that does, the one that will."""
        return [jose.public_part(_jwk(key.content)) for key in self.rings.tokens.keys(db)]


def main(arguments: Sequence[str]) -> int:
    """Show or change the token keys of this gateway; the running processes follow at once."""
    acts: dict[str, Callable[[Rings], None]] = {
        "list": lambda _: None,
        "rotate": Rings.rotate,
        "emergency": Rings.renew,
    }
    if len(arguments) != 1 or arguments[0] not in acts:
        sys.stderr.write(USAGE)
        return EXIT_USAGE
    settings = load(GatewaySettings)
    logs.configure("gateway", settings.log_level)
    database = open_database(settings.database_url("gateway"))
    migrate(database, "services.gateway.migrations")
    keystore = Keystore.open(settings.keystore, settings.passphrase_file)
    opened = Rings.having(database, keystore.get(WRAP), utc_now)
    acts[arguments[0]](opened)
    with database.begin() as db:
        keys = opened.tokens.keys(db)
    sys.stdout.write("".join(_line(key, keys, utc_now()) for key in keys))
    database.close()
    return 0


def _line(key: Key, keys: Sequence[Key], now: datetime) -> str:
    begun = [each.kid for each in keys if each.begins <= now.timestamp()]
    state = "next" if key.kid not in begun else "current" if key.kid == begun[-1] else "retired"
    announced, begins = (
        datetime.fromtimestamp(each, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        for each in (key.announced, key.begins)
    )
    return f"{key.kid} {state} announced {announced} begins {begins}\n"


def _jwk(content: bytes) -> jose.Jwk:
    key = canonical.parse(content)
    assert isinstance(key, dict)
    return key


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
