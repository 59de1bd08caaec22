"""The token endpoint: a client proves who it is and is given a token bound to its proof key.

Grant `client_credentials` with `private_key_jwt` (RFC 7523) and DPoP (RFC 9449), as in FAPI 2.0.
Order: form → proof → assertion → scope → use both up → issue. A nonce challenge comes before
anything is used up, so that the same assertion can be sent again with the nonce.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from services.gateway import store
from services.gateway.proving import Provers
from services.gateway.rates import Policy, Rates
from services.gateway.registry import Client, Registry
from services.gateway.tokenkeys import TokenKeys
from shared.protocol import jose, tokens
from shared.protocol.jose import TokenError
from shared.runtime.clock import Clock
from shared.runtime.refusals import Malformed, Unauthenticated

TOKEN_PATH: Final = "/oauth/token"  # noqa: S105 - an address
REVOKE_PATH: Final = "/oauth/revoke"
GRANT: Final = "client_credentials"
ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
FORM: Final = "application/x-www-form-urlencoded"
MAX_FIELDS: Final = 32

Form = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Gives tokens and takes them back."""

    url: str  # the issuer identifier, also the prefix of its addresses
    keys: TokenKeys
    binds_certificates: bool = False  # whether we see those that clients show (RFC 8705, 3)
    registry: Registry
    provers: Provers
    rates: Rates
    clock: Clock

    def issue(
        self, form: Form, proof: str | None, certificate: bytes | None = None
    ) -> dict[str, str | int]:
        """Answer a token request (RFC 6749, 4.4) with the members of the response.

        Args:
            form: the request's parameters.
            proof: the header DPoP, if there is one.
            certificate: the client's own (DER), where it showed one; the token is then bound to it, too.

        Raises:
            Malformed: `invalid_request`, `unsupported_grant_type`, `invalid_scope`, ...
            Unauthenticated: `invalid_client`.
            TooMany: this client asks too often; nothing is used up.
        """
        _check_grant(form)
        proven = self.provers.check(
            proof, method="POST", url=self.url + TOKEN_PATH, refusal=Malformed
        )
        client, assertion = self.authenticate(form)
        scopes = _scopes(form, client)
        _check_target(form, self.url)
        token = tokens.AccessToken(
            issuer=self.url,
            client_id=client.client_id,
            country=client.country,
            role=client.role,
            scopes=scopes,
            jkt=proven.jkt,
            x5t=tokens.certificate_thumbprint(certificate),
            issued=int(self.clock().timestamp()),
            expires=int((self.clock() + tokens.TOKEN_LIFE).timestamp()),
            jti=jose.new_jti(),
        )
        with self.provers.database.begin() as db:
            self.provers.use(db, proven, Malformed)
            _use_assertion(db, assertion)
            # Counted once the assertion is known to be new: who replays one counts against nobody. Too
            # many, and the transaction takes both uses back.
            self.rates.take(Policy.TOKENS, client.client_id)
            signer = self.keys.signer(db)
        # Both are used up now. If we die here the client asks again, with new ones.
        return {
            "access_token": tokens.sign_access_token(signer, token),
            "token_type": "DPoP",
            "expires_in": int(tokens.TOKEN_LIFE.total_seconds()),
            "scope": " ".join(scopes),
        }

    def public_keys(self) -> Sequence[jose.Jwk]:
        """Return the keys that verify our tokens."""
        with self.provers.marks.read() as db:
            return self.keys.public(db)

    def revoke(self, form: Form) -> None:
        """Take back a client's own token (RFC 7009); any other is left as it is, without a word.

        Raises:
            Malformed: no token.
            Unauthenticated: `invalid_client`.
            TooMany: this client asks too often; nothing is used up.
        """
        client, assertion = self.authenticate(form)
        if "token" not in form:
            raise Malformed("invalid_request", "The parameter token is missing.")
        with self.provers.database.begin() as db:
            _use_assertion(db, assertion)
            self.rates.take(Policy.TOKENS, client.client_id)  # as for a token, and with those
            try:
                token = tokens.verify_access_token(
                    form["token"], self.keys.public(db), issuer=self.url, now=self.clock()
                )
            except TokenError:
                return
            if token.client_id == client.client_id:
                store.revoke(db, token.jti, token.expires)

    def authenticate(self, form: Form) -> tuple[Client, tokens.ClientAssertion]:
        """Find out which client asks; its assertion is not used up yet.

        Raises:
            Malformed: another way to authenticate was tried.
            Unauthenticated: `invalid_client`.
            Unavailable: it may be a peer, and the directory has expired.
        """
        if "client_secret" in form:
            raise Malformed("invalid_request", "Clients have keys here, not secrets.")
        text = form.get("client_assertion")
        if text is None or form.get("client_assertion_type") != ASSERTION_TYPE:
            raise _invalid_client("The client assertion is missing.", "missing")
        try:
            claimed = tokens.claimed_client(text)
            client = self.registry.find(claimed)
            if client is None:
                raise _invalid_client("There is no such client.", "client", claimed)
            if form.get("client_id", claimed) != claimed:
                raise _invalid_client("Two clients are named.", "client", claimed)
            return client, tokens.verify_assertion(
                text, client.keys, client_id=claimed, issuer=self.url, now=self.clock()
            )
        except TokenError as error:
            reason = str(error.facts["reason"])
            raise _invalid_client(error.detail, reason) from error


def read_form(content_type: str, query: bytes, body: bytes) -> Form:
    """Read the form of a request to the authorization server (RFC 6749, 3.2).

    Raises:
        Malformed: not a form, parameters in the query, or one given twice.
    """
    if content_type.partition(";")[0].strip().lower() != FORM or query:
        raise Malformed("invalid_request", f"Send the parameters as {FORM} in the body.")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            max_num_fields=MAX_FIELDS,
            errors="strict",
        )
    except ValueError as error:
        raise Malformed("invalid_request", "The form cannot be read.") from error
    form = dict(pairs)
    if len(form) != len(pairs):
        raise Malformed("invalid_request", "A parameter is given twice.")
    return form


def _check_grant(form: Form) -> None:
    if "grant_type" not in form:
        raise Malformed("invalid_request", "The parameter grant_type is missing.")
    if form["grant_type"] != GRANT:
        raise Malformed("unsupported_grant_type", f"The only grant here is {GRANT}.")


def _check_target(form: Form, issuer: str) -> None:
    """Take a `resource` (RFC 8707) only if it is this gateway's API."""
    api = tokens.api_audience(issuer)
    if form.get("resource", api) != api or "audience" in form:
        raise Malformed("invalid_target", "Tokens are for this gateway's own API only.")


def _scopes(form: Form, client: Client) -> tuple[str, ...]:
    if "scope" not in form:
        return client.scopes
    asked = form["scope"].split(" ")
    if len(set(asked)) != len(asked) or not set(asked) <= set(client.scopes):
        raise Malformed("invalid_scope", "A scope is doubled, or not among the client's.")
    return tuple(asked)


def _use_assertion(db: store.Session, assertion: tokens.ClientAssertion) -> None:
    margin = jose.EXPIRY_SKEW + 5
    expires = assertion.expires + margin
    if not store.use_once(db, "assertion", assertion.client_id, assertion.jti, expires):
        raise _invalid_client("This assertion was used before.", "replay", assertion.client_id)


def _invalid_client(detail: str, reason: str, claimed: str | None = None) -> Unauthenticated:
    return Unauthenticated("invalid_client", detail, reason=reason, claimed=claimed)
