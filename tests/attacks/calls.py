"""Rows 30 to 44: calls to the API, with whatever an attacker has got hold of."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from shared.protocol import canonical, jose
from tests.attacks.stage import PATH, QUOTA, REVOKE, Stage, ahead, said
from tests.attacks.table import Attack, rows
from tests.forging import reforge
from tests.service.gateway.ringkeys import token_key
from tests.service.gateway.sockets import now

BAD_TOKEN, BAD_PROOF = "401 invalid_token", "401 invalid_dpop_proof"
MANY = 20


def _with(**given: Any) -> Callable[[Stage], str]:  # noqa: ANN401 - passed on to the proof
    """A good token and a proof that is made otherwise."""

    def act(stage: Stage) -> str:
        caller = stage.caller()
        made = {"access_token": caller.token(), **given}
        path, method = made.pop("path", PATH), made.pop("method", "GET")
        return stage.send(caller.token(), caller.proof(method, path, **made))

    return act


def _an_hour_old(stage: Stage) -> str:
    return _with(now=now() - timedelta(hours=1))(stage)


def _bare(scheme: str, *, proven: bool) -> Callable[[Stage], str]:
    def act(stage: Stage) -> str:
        caller = stage.caller()
        token = caller.token()
        return stage.send(
            token, caller.proof("GET", PATH, access_token=token) if proven else None, scheme
        )

    return act


def _twice(name: str) -> Callable[[Stage], str]:
    def act(stage: Stage) -> str:
        headers = stage.caller().headers("GET", PATH)
        return said(
            stage.caller().http.get(PATH, headers=[*headers.items(), (name, headers[name])])
        )

    return act


def _in_query(stage: Stage) -> str:
    return said(stage.caller().http.get(f"{PATH}?access_token={stage.caller().token()}"))


def _stolen(stage: Stage) -> str:
    thief, token = stage.fresh(), stage.caller().token()
    return stage.send(token, thief.proof("GET", PATH, access_token=token))


def _replay(stage: Stage) -> str:
    caller = stage.caller()
    token = caller.token()
    proof = caller.proof("GET", PATH, access_token=token)
    assert stage.send(token, proof) == "200"
    again = reforge(caller.proof_key, proof, claims={"htu": f"{stage.node.url}{PATH}?x=1"})
    assert stage.send(token, again) in {BAD_PROOF, QUOTA}
    return stage.send(token, proof)


def _replays(stage: Stage) -> str:
    """Twenty at once, half of them at another worker."""
    caller = stage.caller()
    clients = stage.workers()
    headers = {**caller.headers("GET", PATH), "Host": stage.host}
    with ThreadPoolExecutor(MANY) as pool:
        came = list(
            pool.map(lambda n: said(clients[n % 2].get(PATH, headers=headers)), range(MANY))
        )
    assert set(came) <= {"200", BAD_PROOF, QUOTA}
    return f"{came.count('200')} of {len(came)}"


def _forged(
    header: dict[str, Any] | None = None,
    claims: dict[str, Any] | None = None,
    key: Callable[[Stage], jose.Jwk] = lambda stage: token_key(stage.node),
) -> Callable[[Stage], str]:
    def act(stage: Stage) -> str:
        caller = stage.caller()
        moved = {
            name: ahead(value) if type(value) is int else value
            for name, value in (claims or {}).items()
        }
        return _present(stage, reforge(key(stage), caller.token(), header=header, claims=moved))

    return act


def _present(stage: Stage, token: str) -> str:
    return stage.send(token, stage.caller().proof("GET", PATH, access_token=token))


def _tampered(stage: Stage) -> str:
    header, claims, signature = stage.caller().token().split(".")
    read = canonical.read(canonical.unb64u(claims))
    assert isinstance(read, dict)
    more = canonical.b64u(canonical.encode({**read, "scope": "packages:approve"}))
    return _present(stage, f"{header}.{more}.{signature}")


def _large(chunked: Callable[[bytes], Any]) -> Callable[[Stage], str]:
    body = b"x" * (2 * 2**20)
    return lambda stage: said(stage.caller().call("POST", PATH, content=chunked(body)))


def _revoke_of_another(stage: Stage) -> str:
    other = stage.fresh("approver")
    form = other.form(token=stage.caller().token())
    assert said(other.http.post(REVOKE, data=form)) == "200"
    return said(stage.caller().call("GET", PATH))


def _revoked(stage: Stage) -> str:
    caller = stage.fresh("receiver")
    form = caller.form(token=caller.token())
    assert said(caller.http.post(REVOKE, data=form)) == "200"
    return said(caller.call("GET", "/v1/inbox"))


def _revoke_unproven(stage: Stage) -> str:
    return said(stage.caller().http.post(REVOKE, data={"token": stage.caller().token()}))


def _revoke_unknown(stage: Stage) -> str:
    caller = stage.caller()
    return said(caller.http.post(REVOKE, data=caller.form(token="unknown")))


SPOOFED = {
    "X-Forwarded-For": "6.6.6.6",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Host": "evil.example",
    "Forwarded": "for=6.6.6.6;proto=http;host=evil.example",
    "X-Real-Ip": "6.6.6.6",
    "Client-Cert": ":MIIB:",
    "Client-Cert-Chain": ":MIIB:",
}


def _spoofed(stage: Stage) -> str:
    """Nothing of it is believed: the call goes on as it is, and nothing of it goes in."""
    came = said(stage.caller().call("GET", PATH, headers=SPOOFED))
    inside = {name.lower() for name in stage.echo.calls[-1]["headers"]}
    assert not inside & {name.lower() for name in SPOOFED}
    return came


def _revoked_scheme(path: str, role: str) -> Callable[[Stage], str]:
    return lambda stage: said(stage.caller(role).call("GET", path))


ROWS: list[Attack[Stage]] = [
    *rows(30, "401 unauthenticated", {"no token": lambda s: s.send(None, None)}),
    *rows(30, BAD_TOKEN, {"Bearer": _bare("Bearer", proven=True)}),
    *rows(30, BAD_PROOF, {"no proof": _bare("DPoP", proven=False)}),
    *rows(30, "400 invalid_request", {f"two of {n}": _twice(n) for n in ("DPoP", "Authorization")}),
    *rows(31, "400 invalid_request", {"token in the query": _in_query}),
    *rows(
        32,
        BAD_PROOF,
        {"no ath": _with(access_token=None), "wrong ath": _with(access_token="other")},
    ),
    *rows(33, BAD_TOKEN, {"a stolen token": _stolen}),
    *rows(34, BAD_PROOF, {"again, also with another htu": _replay}),
    *rows(34, f"1 of {MANY}", {"twenty at once": _replays}),
    *rows(
        35, BAD_PROOF, {"other method": _with(method="POST"), "other path": _with(path="/v1/inbox")}
    ),
    *rows(
        35,
        "401 use_dpop_nonce",
        {"an hour old": _an_hour_old},
    ),
    *rows(36, BAD_TOKEN, {"tampered": _tampered}),
    *rows(
        36, BAD_TOKEN, {"by a client": _forged(key=lambda stage: stage.node.clients["preparer"])}
    ),
    *rows(36, BAD_TOKEN, {"padded": lambda s: _present(s, s.caller().token() + "=")}),
    *rows(
        36,
        BAD_TOKEN,
        {"alg none": _forged({"alg": "none"}), "other kid": _forged({"kid": "x"})},
        keys=True,
    ),
    *rows(
        37,
        BAD_TOKEN,
        {
            "expired": _forged(claims={"exp": -11}),
            "other aud": _forged(claims={"aud": "https://other.example/api"}),
            "other iss": _forged(claims={"iss": "https://other.example"}),
            "typ JWT": _forged({"typ": "JWT"}),
            "no cnf": _forged(claims={"cnf": None}),
        },
        keys=True,
    ),
    *rows(38, BAD_TOKEN, {"an assertion as token": lambda s: _present(s, s.caller().assertion())}),
    *rows(
        39,
        "403 insufficient_scope",
        {"a scope that is missing": _revoked_scheme("/v1/inbox", "preparer")},
    ),
    *rows(
        40,
        "413 too_large",
        {"announced": _large(bytes), "chunked": _large(lambda body: iter([body]))},
    ),
    *rows(41, "200", {"revoke another's": _revoke_of_another}),
    *rows(42, BAD_TOKEN, {"a revoked token": _revoked}),
    *rows(42, "401 invalid_client", {"revoke without proof": _revoke_unproven}),
    *rows(42, "200", {"revoke what nobody knows": _revoke_unknown}),
    *rows(44, "200", {"spoofed headers": _spoofed}),
]
