"""The one way in: route → caller → scope → purpose; whoever is refused is recorded."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.gateway import admission
from services.gateway.authentication import Authenticator, Caller
from services.gateway.denials import Denials, Refused
from shared.runtime.refusals import Malformed, NotAllowed, Refusal

MAX_OFFICER = 100  # characters
MAX_PURPOSE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request as it came: raw path, headers by lower-case name."""

    method: str
    path: str
    headers: Mapping[str, str]
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A call that may go on: where to, and on whose behalf (None: an open address)."""

    match: admission.Match
    caller: Caller | None
    officer: str | None
    purpose: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """Decides on every call to the API."""

    authenticator: Authenticator
    denials: Denials

    def admit(self, call: Call) -> Admitted:
        """Let a call in.

        Raises:
            Refusal: and the refusal is recorded.
        """
        caller: Caller | None = None
        try:
            match = admission.find(call.method, call.path)
            admission.check_length(call.headers, match.route.body_limit)
            if match.route.scope is not None:
                caller = self.authenticator.authenticate(
                    call.method,
                    call.path,
                    authorization=call.headers.get("authorization"),
                    proof=call.headers.get("dpop"),
                )
            return _authorise(match, caller, call)
        except Refusal as refusal:
            self.refuse(refusal, call, caller)
            raise

    def refuse(self, refusal: Refusal, call: Call, caller: Caller | None = None) -> int:
        """Record that a call was refused; return how often that was in this minute."""
        claimed = refusal.facts.get("claimed")
        return self.denials.note(
            refusal,
            Refused(
                address=call.address,
                call=f"{call.method} {call.path}",
                client_id=caller.client_id if caller else None,
                claimed=str(claimed) if claimed else None,
            ),
        )


def _authorise(match: admission.Match, caller: Caller | None, call: Call) -> Admitted:
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
    )


def _text(call: Call, name: str, limit: int) -> str | None:
    value = call.headers.get(name)
    if value is None:
        return None
    if not 0 < len(value) <= limit or not value.isprintable():
        raise Malformed(
            "invalid_request", f"The header {name} holds 1 to {limit} printable characters."
        )
    return value
