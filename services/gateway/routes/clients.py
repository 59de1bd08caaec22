"""The registry of clients: propose, approve, reject, look."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal, TypeVar

from anyio import to_thread
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from services.gateway import clients, enrolment, persons
from services.gateway.addresses import Route
from services.gateway.clients import Office
from services.gateway.entrance import Admitted
from services.gateway.records import Act, Decision, Draft, Enrolled, Key, Person, Proposal, Repeat
from services.gateway.routes.calls import blocks
from shared.protocol import canonical
from shared.protocol.canonical import Json
from shared.protocol.digests import sha256
from shared.protocol.errors import FormatError
from shared.runtime import problems
from shared.runtime.clock import milliseconds
from shared.runtime.refusals import NotAllowed, Unauthenticated, Unprocessable

CREATED = 201
_Jwk = dict[str, str | int]


def _printable(text: str) -> str:
    """What is proposed is read in a terminal by who decides: nothing in it may move the cursor."""
    if not text.isprintable():
        raise ValueError("a character that cannot be printed")
    return text


_Name = Annotated[str, Field(max_length=100), AfterValidator(_printable)]
_Reason = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_printable)]


class _Body(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class ProposalBody(_Body):
    """What is to be done about a client."""

    act: Literal["add", "rotate", "scopes", "suspend", "resume", "retire"]
    client_id: _Name
    role: _Name | None = None
    scopes: Annotated[tuple[_Name, ...], Field(max_length=20)] = ()
    keys: Annotated[tuple[_Jwk, ...], Field(max_length=2)] = ()
    overlap: int | None = None  # seconds that the keys before still count; default 7 days
    reason: _Reason


class KeysBody(_Body):
    """A client's own new keys."""

    keys: Annotated[tuple[_Jwk, ...], Field(min_length=1, max_length=2)]
    overlap: int | None = None
    reason: _Reason


class RejectionBody(_Body):
    """Why a proposal is rejected."""

    reason: _Reason


class EmptyBody(_Body):
    """Nothing: what is approved is the proposal as it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """A call that was let in, with its body and the office that serves it."""

    admitted: Admitted
    body: bytes
    key: str | None  # Idempotency-Key
    office: Office

    @property
    def person(self) -> Person:
        if self.admitted.caller is None:  # pragma: no cover - no address here is open
            raise Unauthenticated("unauthenticated", "A token is needed here.")
        return persons.officer(self.admitted.officer, self.admitted.caller.client_id)

    @property
    def repeat(self) -> Repeat | None:
        """Return by what this call is known when it is sent again.

        Raises:
            Unprocessable: its key is none.
        """
        if self.key is None:
            return None
        if not re.fullmatch(r"[\x21-\x7e]{8,200}", self.key):
            raise Unprocessable(
                "invalid_fields", "Idempotency-Key: 8 to 200 printable characters, no space."
            )
        owner = canonical.encode([self.person.client_id, self.key])
        return Repeat(name=sha256(owner), asked=sha256(self.body))

    @property
    def name(self) -> str:
        """Return the proposal or client that the address names."""
        return next(iter(self.admitted.match.values.values()))


def serves(route: Route) -> bool:
    """Say whether an address is one of the registry's."""
    return f"{route.method} {route.template}" in SERVED


async def serve(request: Request, admitted: Admitted) -> Response:
    """Serve an address of `SERVED`."""
    body = b"".join([block async for block in blocks(request, admitted.match.route.body_limit)])
    call = _Call(
        admitted=admitted,
        body=body,
        key=request.headers.get("idempotency-key"),
        office=request.app.state.office,
    )
    route = admitted.match.route
    return await to_thread.run_sync(SERVED[f"{route.method} {route.template}"], call)


def _propose(call: _Call) -> Response:
    asked = _read(call.body, ProposalBody)
    person, now = call.person, int(call.office.clock().timestamp())
    draft = Draft(
        act=Act(asked.act),
        client_id=asked.client_id,
        role=asked.role,
        scopes=tuple(sorted(asked.scopes)),
        keys=_keys(asked.keys, now),
        overlap=_overlap(asked.overlap, Act(asked.act)),
        reason=asked.reason,
    )
    _check_proposer(draft.act, call.admitted)
    return _shown(call, call.office.propose(draft, person, call.repeat), CREATED)


def _propose_own_keys(call: _Call) -> Response:
    asked = _read(call.body, KeysBody)
    person, now = call.person, int(call.office.clock().timestamp())
    draft = Draft(
        act=Act.ROTATE,
        client_id=person.client_id,
        keys=_keys(asked.keys, now),
        overlap=_overlap(asked.overlap, Act.ROTATE),
        reason=asked.reason,
    )
    return _shown(call, call.office.propose(draft, person, call.repeat), CREATED)


def _approve(call: _Call) -> Response:
    _read(call.body or b"{}", EmptyBody)
    return _shown(call, call.office.approve(call.name, call.person))


def _reject(call: _Call) -> Response:
    reason = _read(call.body, RejectionBody).reason
    return _shown(call, call.office.reject(call.name, call.person, reason))


def _proposals(call: _Call) -> Response:
    told: list[Json] = [_told(call, each) for each in call.office.proposals()]
    return JSONResponse({"proposals": told})


def _proposal(call: _Call) -> Response:
    return _shown(call, call.office.proposal(call.name))


def _clients(call: _Call) -> Response:
    return JSONResponse({"clients": [_client(each) for each in call.office.everyone()]})


def _self(call: _Call) -> Response:
    """What the registry has of whoever calls; no officer needs to ask."""
    assert call.admitted.caller is not None
    return JSONResponse(_client(call.office.client(call.admitted.caller.client_id)))


def _one_client(call: _Call) -> Response:
    client = call.office.client(call.name)
    history: list[Json] = [_told(call, each) for each in call.office.proposals(client_id=call.name)]
    return JSONResponse({**_client(client), "history": history})


SERVED: Mapping[str, Callable[[_Call], Response]] = {
    "GET /v1/clients": _clients,
    "GET /v1/clients/self": _self,
    "GET /v1/clients/{client}": _one_client,
    "POST /v1/clients/self/keys": _propose_own_keys,
    "POST /v1/clients/proposals": _propose,
    "GET /v1/clients/proposals": _proposals,
    "GET /v1/clients/proposals/{id}": _proposal,
    "POST /v1/clients/proposals/{id}/approve": _approve,
    "POST /v1/clients/proposals/{id}/reject": _reject,
}

Body = TypeVar("Body", bound=_Body)


def _read(content: bytes, kind: type[Body]) -> Body:
    """Read a body strictly; a wrong one is told by its fields, never by its values."""
    try:
        canonical.read(content)
        return kind.model_validate_json(content)
    except FormatError as error:
        raise problems.from_protocol(error) from error
    except ValidationError as error:
        flaws = (
            ".".join(str(part) for part in flaw["loc"]) + ": " + flaw["msg"]
            for flaw in error.errors(include_input=False, include_url=False)
        )
        raise Unprocessable("invalid_fields", "; ".join(sorted(flaws))[:1000]) from error


def _check_proposer(act: Act, admitted: Admitted) -> None:
    scopes = admitted.caller.scopes if admitted.caller else frozenset[str]()
    wanted = enrolment.RULES[act].proposers
    if not wanted & scopes:
        raise NotAllowed(
            "insufficient_scope",
            f"To {act} a client is proposed by who has {' or '.join(sorted(wanted))}.",
            next_step="The operators propose; the authority's registrar approves.",
        )


def _keys(keys: tuple[_Jwk, ...], now: int) -> tuple[Key, ...]:
    return tuple(enrolment.read_key(dict(key), now=now) for key in keys)


def _overlap(seconds: int | None, act: Act) -> timedelta | None:
    if seconds is None:
        return enrolment.OVERLAP if act is Act.ROTATE else None
    # More than a year of seconds is refused by the rules as well; a timedelta takes no more than so many.
    return timedelta(seconds=max(-1, min(seconds, 2**31)))


def _shown(call: _Call, proposal: Proposal, status: int = 200) -> Response:
    return JSONResponse(_told(call, proposal), status)


def _told(call: _Call, proposal: Proposal) -> dict[str, Json]:
    draft = proposal.draft
    return {
        "proposal_id": proposal.proposal_id,
        "act": draft.act,
        "client_id": draft.client_id,
        "role": draft.role,
        "scopes": list(draft.scopes),
        "keys": [_key(key) for key in draft.keys],
        "overlap": None if draft.overlap is None else int(draft.overlap.total_seconds()),
        "reason": draft.reason,
        "status": clients.status_of(proposal, call.office.clock()),
        "proposed_by": _person(proposal.by),
        "proposed_at": milliseconds(proposal.at),
        "expires_at": milliseconds(proposal.expires),
        "decision": None if proposal.decision is None else _decision(proposal.decision),
    }


def _decision(decision: Decision) -> dict[str, Json]:
    return {
        "verdict": decision.verdict,
        "by": _person(decision.by),
        "at": milliseconds(decision.at),
        "reason": decision.reason or None,
    }


def _client(client: Enrolled) -> dict[str, Json]:
    return {
        "client_id": client.client_id,
        "role": client.role,
        "scopes": list(client.scopes),
        "status": client.status,
        "tokens_not_before": client.tokens_not_before,
        "keys": [_key(key) for key in client.keys],
    }


def _key(key: Key) -> dict[str, Json]:
    return {"kid": key.kid, "jwk": dict(key.jwk), "nbf": key.nbf, "exp": key.exp}


def _person(person: Person) -> dict[str, Json]:
    return {"client_id": person.client_id, "officer": person.officer}
