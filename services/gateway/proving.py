"""Whose request is this: one DPoP proof a request, fresh or with a nonce, used once.

A proof up to 60 s old is taken as it is; an older one (a client's clock is off) is answered with a
nonce of ours, with which any clock will do. A nonce is the second it was given and an HMAC of it, under
a secret that every process of the gateway reads from the database: none is stored.

Where a power cut can cost the newest marks of use, no proof from before it is taken again: what is
older than this process (less the least time that a machine takes to start) needs a nonce, nonces
from before do not count, and the mark of a proof whose clock is ahead of ours waits for the disk.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from services.gateway import store
from services.gateway.tokenkeys import Key, Ring
from shared.protocol import canonical, dpop, jose
from shared.protocol.errors import FormatError
from shared.protocol.jose import TokenError
from shared.runtime.clock import Clock
from shared.runtime.database import Database
from shared.runtime.refusals import Refusal, Unauthenticated

FRESH = 60  # seconds; RFC 9449, 11.1
RESTART = 10  # seconds; no machine is up again sooner, and clocks may differ by as much
NONCE_LIFE = 180  # seconds
REPLAY_MARGIN = 185  # seconds: nonce life and skew, so no proof outlives its mark
_TIME = 8  # bytes
NONCE_HEADER = "DPoP-Nonce"


class Challenged(Unauthenticated):
    """A 401 that says how to authenticate (RFC 9449, 7.1)."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        reason: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        challenge = f'DPoP algs="{" ".join(jose.ALGORITHMS)}", error="{code}"'
        super().__init__(
            code,
            detail,
            headers={"WWW-Authenticate": challenge, **(headers or {})},
            next_step="Get a token at the token endpoint and prove each request with your key.",
            reason=reason,
        )


@dataclass(frozen=True, slots=True)
class Nonces:
    """Challenges that every process of the gateway makes and knows."""

    ring: Ring
    since: int  # seconds since 1970; nonces given before do not count

    def current(self, db: store.Session, now: datetime) -> str:
        """Return a nonce of this second."""
        at = int(now.timestamp()).to_bytes(_TIME, "big")
        return canonical.b64u(at + _mac(self.ring.current(db), at))

    def accepts(self, db: store.Session, nonce: str, now: datetime) -> bool:
        """Say whether the nonce is ours and at most three minutes old."""
        try:
            given = canonical.unb64u(nonce)
        except FormatError:
            return False
        at, mac = given[:_TIME], given[_TIME:]
        age = int(now.timestamp()) - int.from_bytes(at, "big")
        young = 0 <= age <= NONCE_LIFE and int.from_bytes(at, "big") > self.since
        return young and any(hmac.compare_digest(_mac(key, at), mac) for key in self.ring.keys(db))


def _mac(key: Key, at: bytes) -> bytes:
    return hmac.digest(key.content, b"rogatory/1 dpop nonce" + at, "sha256")[:16]


@dataclass(frozen=True, slots=True)
class Provers:
    """Checks proofs and marks what may be used only once.

    `database` waits for the disk, `marks` (the same tables) need not. `since` is the last moment at which
    marks can have been lost (seconds since 1970), or 0 where they never are.
    """

    nonces: Nonces
    database: Database
    marks: Database
    since: int
    clock: Clock

    @classmethod
    def open(cls, url: str, database: Database, ring: Ring, clock: Clock) -> "Provers":
        """Open the marks beside the database of the same URL."""
        since = int(clock().timestamp()) - RESTART if store.is_relaxed(url) else 0
        # SQLite has one writer: who finds it busy sleeps up to 0.1 s. Both queue for it in one line.
        marks = replace(store.open_marks(url), turn=database.turn)
        return cls(Nonces(ring, since), database, marks, since, clock)

    def check(
        self,
        text: str | None,
        *,
        method: str,
        url: str,
        refusal: type[Refusal],
        access_token: str | None = None,
    ) -> dpop.Proof:
        """Check a proof without using it up.

        Args:
            text: the header DPoP, if there is one.
            method: the request's method.
            url: the request's URL as configured.
            refusal: 400 at the token endpoint, 401 elsewhere (RFC 9449, 5 and 7.1).
            access_token: the token it comes with.

        Raises:
            Refusal: none, one that does not hold, or `use_dpop_nonce`.
        """
        if text is None:
            raise refusal("invalid_dpop_proof", "The DPoP proof is missing.", reason="missing")
        now = self.clock()
        try:
            proof = dpop.verify_proof(
                text, method=method, url=url, now=now, access_token=access_token
            )
        except TokenError as error:
            reason = error.facts["reason"]
            raise refusal("invalid_dpop_proof", error.detail, reason=reason) from error
        self._check_fresh(proof, now, refusal)
        return proof

    def _check_fresh(self, proof: dpop.Proof, now: datetime, refusal: type[Refusal]) -> None:
        young = proof.issued >= now.timestamp() - FRESH and proof.issued > self.since
        if proof.nonce is None and young:
            return
        with self.marks.read() as db:
            if proof.nonce is not None and self.nonces.accepts(db, proof.nonce, now):
                return
            nonce = self.nonces.current(db, now)
        raise refusal(
            "use_dpop_nonce",
            "The proof is not fresh; repeat it with the nonce given.",
            headers={NONCE_HEADER: nonce},
            reason="nonce",
        )

    def place(self, proof: dpop.Proof) -> Database:
        """Return where the use of this proof is marked."""
        return self.database if proof.issued > self.clock().timestamp() else self.marks

    def use(self, db: store.Session, proof: dpop.Proof, refusal: type[Refusal]) -> None:
        """Use a proof up, within the caller's transaction.

        Raises:
            Refusal: it was used before.
        """
        expires = max(proof.issued + FRESH, int(self.clock().timestamp())) + REPLAY_MARGIN
        if not store.use_once(db, "proof", proof.jkt, proof.jti, expires):
            raise refusal("invalid_dpop_proof", "This proof was used before.", reason="replay")
