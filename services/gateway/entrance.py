"""The one way in: route → caller → rate → scope → purpose; whoever is refused is recorded."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.gateway import admission
from services.gateway.addresses import Route
from services.gateway.authentication import Authenticator, Caller
from services.gateway.denials import Denials, Refused
from services.gateway.rates import Policy, Quota, Rates
from shared.runtime.networks import network
from shared.runtime.refusals import Malformed, NotAllowed, Refusal, TooMany, Unauthenticated

MAX_OFFICER = 100  # characters
MAX_PURPOSE = 500
LOG_PATHS = ("/federation/", "/log/", "/logs/", "/witness/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request as it came: raw path, headers by lower-case name."""

    method: str
    path: str
    headers: Mapping[str, str]
    address: str
    certificate: bytes | None = None  # the client's own (DER), where our proxy has seen one


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A call that may go on: where to, and on whose behalf (None: an open address)."""

    match: admission.Match
    caller: Caller | None
    officer: str | None
    purpose: str | None
    quota: Quota | None = None
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """Decides on every call to the API."""

    authenticator: Authenticator
    denials: Denials
    rates: Rates
    officer_roles: frozenset[str]  # their calls say which officer makes them

    def admit(self, call: Call) -> Admitted:
        """Let a call in.

        Raises:
            Refusal: and the refusal is recorded.
        """
        caller: Caller | None = None
        try:
            match = admission.find(call.method, call.path)
            admission.check_length(call.headers, match.route.body_limit)
            if match.route.scope is None:
                quota = self.open(call)
            else:
                caller = self.authenticator.authenticate(
                    call.method,
                    call.path,
                    authorization=call.headers.get("authorization"),
                    proof=call.headers.get("dpop"),
                    certificate=call.certificate,
                )
                quota = self.rates.take(_policy(match.route, caller), caller.client_id)
            admitted = _authorise(match, caller, call, quota)
            self._check_officer(admitted)
        except Refusal as refusal:
            raise self.refuse(refusal, call, caller) from None
        return admitted

    def _check_officer(self, admitted: Admitted) -> None:
        caller = admitted.caller
        if caller is not None and caller.role in self.officer_roles and admitted.officer is None:
            raise Malformed(
                "officer_required",
                "State in the header X-Officer which officer makes this call (1 to 100 characters).",
                next_step="The national system names its officer; a profile's `officer` is sent so.",
            )

    def open(self, call: Call) -> Quota:
        """Count a call to an address that takes no token.

        Raises:
            TooMany: too many from this address; it is not recorded yet.
        """
        policy = Policy.LOG if call.path.startswith(LOG_PATHS) else Policy.OPEN
        return self.rates.take(policy, network(call.address))

    def refuse(self, refusal: Refusal, call: Call, caller: Caller | None = None) -> Refusal:
        """Record that a call was refused; return what to answer.

        Who fails too often to authenticate is told to wait, by address. Nobody is locked out: whoever
        proves itself is served, since anyone could claim another's id or share its address.
        """
        claimed = refusal.facts.get("claimed")
        self.denials.note(
            refusal,
            Refused(
                address=call.address,
                call=f"{call.method} {call.path}",
                client_id=caller.client_id if caller else None,
                claimed=str(claimed) if claimed else None,
                officer=_asserted(call) if caller else None,
            ),
        )
        if refusal.status != Unauthenticated.status or refusal.code == "use_dpop_nonce":
            return refusal
        try:
            self.rates.take(Policy.FAILURES, network(call.address))
        except TooMany as slower:
            return slower
        return refusal


def _asserted(call: Call) -> str | None:
    try:
        return _text(call, "x-officer", MAX_OFFICER)
    except Malformed:
        return None


def _policy(route: Route, caller: Caller) -> Policy:
    if caller.role == admission.PEER_ROLE:
        return Policy.PEER
    return Policy.CONTENT if "/items/" in route.template else Policy.CALLS


def _authorise(match: admission.Match, caller: Caller | None, call: Call, quota: Quota) -> Admitted:
    route = match.route
    purpose = _text(call, "x-purpose", MAX_PURPOSE)
    if caller is not None and not route.scopes & caller.scopes:
        raise NotAllowed(
            "insufficient_scope",
            f"This takes the scope {route.scope}.",
            next_step="Use the client of the role that may do this.",
        )
    if route.purpose and purpose is None:
        raise Malformed(
            "purpose_required",
            "State in the header X-Purpose what the access is for (1 to 500 characters).",
        )
    return Admitted(
        match=match,
        caller=caller,
        officer=_text(call, "x-officer", MAX_OFFICER),
        purpose=purpose,
        quota=quota,
        address=call.address,
    )


def _text(call: Call, name: str, limit: int) -> str | None:
    """Read what is said in words: UTF-8, in a header that came as ISO 8859-1."""
    given = call.headers.get(name)
    if given is None:
        return None
    try:
        value = given.encode("latin-1").decode()
    except UnicodeError:
        value = ""
    if not 0 < len(value) <= limit or not value.isprintable():
        raise Malformed(
            "invalid_request", f"The header {name} holds 1 to {limit} printable characters (UTF-8)."
        )
    return value
