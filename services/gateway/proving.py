"""Whose request is this: one DPoP proof a request, fresh or with a nonce, used once.

A proof up to 60 s old is taken as it is; an older one (a client's clock is off) is answered with a
nonce of ours, with which any clock will do. Nonces are an HMAC of the minute: nothing is stored.

Where a power cut can cost the newest marks of use, no proof from before it is taken again: what is
older than this process (less the least time that a machine takes to start) needs a nonce, and
nonces from before are no longer ours.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.gateway import store
from shared.protocol import canonical, dpop, jose
from shared.protocol.jose import TokenError
from shared.runtime.clock import Clock
from shared.runtime.database import Database
from shared.runtime.refusals import Refusal, Unauthenticated

FRESH = 60  # seconds; RFC 9449, 11.1
RESTART = 10  # seconds; no machine is up again sooner, and clocks may differ by as much
NONCE_MINUTES = 3  # the current minute's nonce and the two before
REPLAY_MARGIN = 185  # seconds: nonce life and skew, so no proof outlives its mark
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
        challenge = f'DPoP algs="{jose.MINTED}", error="{code}"'
        super().__init__(
            code,
            detail,
            headers={"WWW-Authenticate": challenge, **(headers or {})},
            next_step="Get a token at the token endpoint and prove each request with your key.",
            reason=reason,
        )


@dataclass(frozen=True, slots=True)
class Nonces:
    """Challenges that every worker with the same secret makes and knows."""

    secret: bytes

    @classmethod
    def derive(cls, token_key: jose.Jwk, since: int) -> "Nonces":
        """Derive the secret from the gateway's token key, so that workers share it."""
        label = b"rogatory/1 dpop nonce" + since.to_bytes(8, "big")
        return cls(hmac.digest(str(token_key["d"]).encode(), label, "sha256"))

    def current(self, now: datetime) -> str:
        """Return the nonce of this minute."""
        return self._of(int(now.timestamp()) // 60)

    def accepts(self, nonce: str, now: datetime) -> bool:
        """Say whether the nonce is of this minute or the two before."""
        minute = int(now.timestamp()) // 60
        return any(
            hmac.compare_digest(self._of(minute - back).encode(), nonce.encode())
            for back in range(NONCE_MINUTES)
        )

    def _of(self, minute: int) -> str:
        digest = hmac.digest(self.secret, minute.to_bytes(8, "big"), hashlib.sha256)
        return canonical.b64u(digest[:16])


@dataclass(frozen=True, slots=True)
class Provers:
    """Checks proofs and marks what may be used only once.

    `database` waits for the disk, `marks` (the same tables) need not. `since` is when this process
    began (seconds since 1970), or 0 where marks are never lost.
    """

    nonces: Nonces
    database: Database
    marks: Database
    since: int
    clock: Clock

    @classmethod
    def open(cls, url: str, database: Database, token_key: jose.Jwk, clock: Clock) -> "Provers":
        """Open the marks beside the database of the same URL."""
        since = int(clock().timestamp()) if store.is_relaxed(url) else 0
        return cls(Nonces.derive(token_key, since), database, store.open_marks(url), since, clock)

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
        fresh = proof.issued >= max(now.timestamp() - FRESH, self.since - RESTART)
        known = fresh if proof.nonce is None else self.nonces.accepts(proof.nonce, now)
        if not known:
            raise refusal(
                "use_dpop_nonce",
                "The proof is not fresh; repeat it with the nonce given.",
                headers={NONCE_HEADER: self.nonces.current(now)},
                reason="nonce",
            )

    def use(self, db: store.Session, proof: dpop.Proof, refusal: type[Refusal]) -> None:
        """Use a proof up, within the caller's transaction.

        Raises:
            Refusal: it was used before.
        """
        expires = max(proof.issued + FRESH, int(self.clock().timestamp())) + REPLAY_MARGIN
        if not store.use_once(db, "proof", proof.jkt, proof.jti, expires):
            raise refusal("invalid_dpop_proof", "This proof was used before.", reason="replay")
