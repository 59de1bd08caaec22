"""Rows 18 to 29: how a token is asked for, and the proof that comes with it."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from shared.protocol import canonical, jose
from tests.attacks.stage import TOKEN, Stage, ahead, said
from tests.attacks.table import Attack, rows
from tests.forging import parts, reforge
from tests.service.gateway.sockets import now

BAD_PROOF = "400 invalid_dpop_proof"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _form(**changes: str | None) -> Callable[[Stage], str]:
    return lambda stage: stage.ask(**changes)


def _post(stage: Stage, path: str = TOKEN, **given: Any) -> str:  # noqa: ANN401 - passed on
    caller = stage.caller()
    headers = {"DPoP": caller.proof("POST", path), **given.pop("headers", {})}
    return said(caller.http.post(path, headers=headers, **given))


def _basic(stage: Stage) -> str:
    return _post(stage, data=stage.caller().form(), headers={"Authorization": "Basic YTpi"})


def _two_proofs(stage: Stage) -> str:
    caller = stage.caller()
    proof = caller.proof("POST", TOKEN)
    headers = [("DPoP", proof), ("DPoP", proof)]
    return said(caller.http.post(TOKEN, data=caller.form(), headers=headers))


def _header(**changes: Any) -> Callable[[Stage], str]:  # noqa: ANN401 - any JSON
    return lambda stage: stage.prove(header=changes)


def _claims(**changes: Any) -> Callable[[Stage], str]:  # noqa: ANN401 - any JSON
    return lambda stage: stage.prove(claims=changes)


def _url(of: Callable[[str], str]) -> Callable[[Stage], str]:
    return lambda stage: stage.prove(claims={"htu": of(stage.node.url)})


def _private(stage: Stage) -> str:
    return stage.prove(header={"jwk": dict(stage.caller().proof_key)})


def _rs256(stage: Stage) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    numbers = key.public_key().public_numbers()
    own: canonical.Json = {
        "kty": "RSA",
        "e": "AQAB",
        "n": canonical.b64u(numbers.n.to_bytes(256, "big")),
    }
    header, claims = parts(stage.caller().proof("POST", TOKEN))
    made = ({**header, "alg": "RS256", "jwk": own}, claims)
    text = ".".join(canonical.b64u(canonical.encode(part)) for part in made)
    signature = key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return said(stage.caller().ask(proof=f"{text}.{canonical.b64u(signature)}"))


def _none(stage: Stage) -> str:
    header, claims = parts(stage.caller().proof("POST", TOKEN))
    made = ({**header, "alg": "none"}, claims)
    text = ".".join(canonical.b64u(canonical.encode(part)) for part in made)
    return said(stage.caller().ask(proof=text + "."))


def _needs_nonce(given: Callable[[], dict[str, Any]]) -> Callable[[Stage], str]:
    def act(stage: Stage) -> str:
        caller = stage.caller()
        answer = caller.ask(caller.form(), caller.proof("POST", TOKEN, **given()))
        assert answer.headers["dpop-nonce"]
        return said(answer)

    return act


def _retry(stage: Stage) -> str:
    """The same assertion again, with the nonce: the challenge has not used it up."""
    caller, form = stage.caller(), stage.caller().form()
    old = {"now": now() - timedelta(hours=1)}
    answer = caller.ask(form, caller.proof("POST", TOKEN, **old))
    assert said(answer) == "400 use_dpop_nonce"
    nonce = answer.headers["dpop-nonce"]
    return said(caller.ask(form, caller.proof("POST", TOKEN, nonce=nonce, **old)))


def _replay(stage: Stage) -> str:
    proof = stage.caller().proof("POST", TOKEN)
    assert said(stage.caller().ask(proof=proof)) == "200"
    return said(stage.caller().ask(proof=proof))


def _moved(seconds: int) -> Callable[[Stage], str]:
    def act(stage: Stage) -> str:
        caller = stage.caller()
        came = ""
        for _ in range(2):
            at = now() + timedelta(seconds=seconds)
            came = said(caller.ask(proof=caller.proof("POST", TOKEN, now=at)))
            if came == "200":
                break
            time.sleep(1.1)  # a gateway of this very second takes no proof from before it was there
        return came

    return act


def _unlike_case(stage: Stage) -> str:
    caller = stage.caller()
    scheme, _, host = stage.node.url.partition("://")
    changed = {"htu": f"{scheme.upper()}://{host.upper()}{TOKEN}"}
    return said(
        caller.ask(proof=reforge(caller.proof_key, caller.proof("POST", TOKEN), claims=changed))
    )


ROWS: list[Attack[Stage]] = [
    *rows(18, "401 invalid_client", {"no assertion": _form(client_assertion=None)}),
    *rows(18, "400 invalid_request", {"a secret": _form(client_secret="s3cret"), "Basic": _basic}),
    *rows(
        19,
        "400 unsupported_grant_type",
        {
            grant: _form(grant_type=grant)
            for grant in ("password", "authorization_code", "refresh_token")
        },
    ),
    *rows(
        20,
        "400 invalid_scope",
        {
            "not granted": _form(scope="packages:approve"),
            "doubled": _form(scope="requests:read requests:read"),
            "empty": _form(scope=""),
        },
    ),
    *rows(20, "400 invalid_target", {"other resource": _form(resource="https://other.example")}),
    *rows(
        21,
        "400 invalid_request",
        {
            "JSON": lambda stage: _post(stage, json=stage.caller().form()),
            "repeated": lambda stage: _post(stage, content=b"a=b&a=b", headers=FORM),
            "not a form": lambda stage: _post(stage, content=b"a=%ff", headers=FORM),
            "in the query": lambda s: _post(s, TOKEN + "?scope=x", content=b"a=b", headers=FORM),
        },
    ),
    *rows(21, "405 method_not_allowed", {"GET": lambda s: said(s.caller().http.get(TOKEN))}),
    *rows(21, "413 too_large", {"20 KB": lambda s: _post(s, data={"a": "b" * 20_000})}),
    *rows(
        22,
        BAD_PROOF,
        {"no proof": lambda s: said(s.caller().http.post(TOKEN, data=s.caller().form()))},
    ),
    *rows(22, "400 invalid_request", {"two proofs": _two_proofs}),
    *rows(
        23,
        BAD_PROOF,
        {
            "no typ": _header(typ=None),
            "typ JWT": _header(typ="JWT"),
            "no jwk": _header(jwk=None),
            "private jwk": _private,
            "symmetric jwk": _header(jwk={"kty": "oct", "k": "AAAA"}),
            "jwk of another": lambda s: s.prove(header={"jwk": jose.public_part(jose.generate())}),
            "none": _none,
            "RS256": _rs256,
        },
    ),
    *rows(
        24,
        BAD_PROOF,
        {f"no {name}": _claims(**{name: None}) for name in ("jti", "htm", "htu", "iat")},
    ),
    *rows(24, BAD_PROOF, {f"htm {verb}": _claims(htm=verb) for verb in ("PUT", "post")}),
    *rows(
        24,
        BAD_PROOF,
        {
            "htu elsewhere": _url(lambda _: "https://other.example/oauth/token"),
            "htu http": _url(lambda url: url.replace("https", "http") + TOKEN),
            "htu path": _url(lambda url: url + "/oauth/revoke"),
            "htu userinfo": _url(lambda url: url.replace("//", "//user@") + TOKEN),
            "kid": _header(kid="k"),
            "x5c": _header(x5c=["MIIB"]),
        },
    ),
    *rows(25, BAD_PROOF, {"an hour ahead": lambda s: s.prove(claims={"iat": ahead(3600)})}),
    *rows(
        26,
        "400 use_dpop_nonce",
        {
            "an hour old": _needs_nonce(lambda: {"now": now() - timedelta(hours=1)}),
            "wrong nonce": _needs_nonce(lambda: {"nonce": "wrong"}),
        },
    ),
    *rows(27, "200", {"the same assertion with the nonce": _retry}),
    *rows(28, BAD_PROOF, {"again": _replay}),
    *rows(29, "200", {f"{by:+} s": _moved(by) for by in (-10, 10)}),
    *rows(
        29,
        "200",
        {
            "query and fragment": _url(lambda url: url + TOKEN + "?a=b#c"),
            "upper case": _unlike_case,
            "more claims": _claims(exp=1, nbf=1, x="y"),
        },
    ),
]
