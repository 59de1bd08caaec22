"""Rows 1 to 17: who asks for a token."""

import hmac
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from shared.protocol import canonical, jose
from tests.attacks.stage import QUOTA, Stage, ahead, said
from tests.attacks.table import Attack, rows
from tests.forging import forge, parts

REFUSED = "401 invalid_client"
MANY = 20


def _claims(**changes: Any) -> Callable[[Stage], str]:  # noqa: ANN401 - any JSON
    return lambda stage: stage.assertion(claims=changes)


def _header(**changes: Any) -> Callable[[Stage], str]:  # noqa: ANN401 - any JSON
    return lambda stage: stage.assertion(header=changes)


def _audience(of: Callable[[str], canonical.Json]) -> Callable[[Stage], str]:
    return lambda stage: stage.assertion(claims={"aud": of(stage.node.url)})


def _ahead(**seconds: int) -> Callable[[Stage], str]:
    return lambda stage: stage.assertion(claims={name: ahead(by) for name, by in seconds.items()})


def _signed_input(stage: Stage, **header: canonical.Json) -> str:
    old, claims = parts(stage.caller().assertion())
    return ".".join(canonical.b64u(canonical.encode(part)) for part in ({**old, **header}, claims))


def _rs256(stage: Stage) -> str:
    """An RSA key of the attacker's under the kid of the client's."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    text = _signed_input(stage, alg="RS256")
    signature = key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return stage.ask(client_assertion=f"{text}.{canonical.b64u(signature)}")


def _unsigned(alg: str) -> Callable[[Stage], str]:
    return lambda stage: stage.ask(client_assertion=_signed_input(stage, alg=alg) + ".")


def _hs256(stage: Stage) -> str:
    """The public key, which everybody knows, as the secret of an HMAC."""
    key = canonical.encode(jose.public_part(stage.node.clients["preparer"]))
    text = _signed_input(stage, alg="HS256")
    signature = hmac.digest(key, text.encode(), "sha256")
    return stage.ask(client_assertion=f"{text}.{canonical.b64u(signature)}")


def _with_own_key(stage: Stage, **header: canonical.Json) -> str:
    return stage.assertion(header=header, key=jose.generate())


def _jwk(stage: Stage) -> str:
    key = jose.generate()
    own: dict[str, canonical.Json] = {"jwk": jose.public_part(key), "kid": jose.thumbprint(key)}
    return stage.assertion(header=own, key=key)


def _fetched(member: str) -> Callable[[Stage], str]:
    def act(stage: Stage) -> str:
        came = _with_own_key(stage, **{member: f"{stage.trap.url}/keys"})
        assert stage.trap.visits == 0, "the gateway fetched from an address in a token"
        return came

    return act


def _payload(change: Callable[[bytes], bytes]) -> Callable[[Stage], str]:
    def act(stage: Stage) -> str:
        text = stage.caller().assertion()
        header, _ = parts(text)
        claims = change(canonical.unb64u(text.split(".")[1]))
        forged = forge(stage.node.clients["preparer"], header, claims)
        return stage.ask(client_assertion=forged)

    return act


def _text(change: Callable[[str], str]) -> Callable[[Stage], str]:
    return lambda stage: stage.ask(client_assertion=change(stage.caller().assertion()))


def _as_json(text: str) -> str:
    header, claims, signature = text.split(".")
    return canonical.encode(
        {"protected": header, "payload": claims, "signature": signature}
    ).decode()


def _other_kind(stage: Stage) -> str:
    caller = stage.caller()
    token = stage.ask(client_assertion=caller.token())
    proof = stage.ask(client_assertion=caller.proof("POST", "/oauth/token"))
    assert token == proof
    return token


def _replay(stage: Stage) -> str:
    form = stage.caller().form()
    assert said(stage.caller().ask(form)) == "200"
    return said(stage.caller().ask(form))


def _replays(stage: Stage) -> str:
    """Twenty at once, half of them at another worker."""
    caller, form = stage.caller(), stage.caller().form()
    clients = stage.workers()

    def ask(number: int) -> str:
        headers = {"DPoP": caller.proof("POST", "/oauth/token"), "Host": stage.host}
        return said(clients[number % 2].post("/oauth/token", data=form, headers=headers))

    with ThreadPoolExecutor(MANY) as pool:
        came = list(pool.map(ask, range(MANY)))
    assert set(came) <= {"200", REFUSED, QUOTA}
    return f"{came.count('200')} of {len(came)}"


ROWS: list[Attack[Stage]] = [
    *rows(1, REFUSED, {"aud is the endpoint": _audience(lambda url: url + "/oauth/token")}),
    *rows(
        2,
        REFUSED,
        {
            "aud is a list of one": _audience(lambda url: [url]),
            "aud is a list of two": _audience(lambda url: [url, "https://other.example"]),
        },
    ),
    *rows(
        3,
        REFUSED,
        {
            "aud is another node": _audience(lambda _: "https://other.example"),
            "aud ends in a slash": _audience(lambda url: url + "/"),
            "aud in upper case": _audience(str.upper),
        },
    ),
    *rows(
        4, REFUSED, {f"no {name}": _claims(**{name: None}) for name in ("sub", "iss", "exp", "jti")}
    ),
    *rows(
        5,
        REFUSED,
        {
            "iss is not sub": _claims(iss="urn:rogatory:QM:approver"),
            "two clients are named": lambda stage: stage.ask(client_id="urn:rogatory:QM:approver"),
        },
    ),
    *rows(
        6,
        REFUSED,
        {
            "expired": _ahead(exp=-300),
            "lives an hour": _ahead(exp=3600),
            "exp is a text": _claims(exp="1999999999"),
            "exp is true": _claims(exp=True),
        },
    ),
    *rows(7, REFUSED, {f"{name} a minute ahead": _ahead(**{name: 61}) for name in ("iat", "nbf")}),
    *rows(7, "200", {f"{name} a little ahead": _ahead(**{name: 8}) for name in ("iat", "nbf")}),
    *rows(8, REFUSED, {"RS256": _rs256, "says RS256": _header(alg="RS256")}),
    *rows(9, REFUSED, {alg: _unsigned(alg) for alg in ("none", "noNE")}),
    *rows(10, REFUSED, {"HS256 with the public key": _hs256}),
    *rows(
        11,
        REFUSED,
        {
            "another client's key": lambda s: s.assertion(key=s.node.clients["approver"]),
            "unknown kid": _header(kid="unknown"),
            "kid with SQL": _header(kid="k1' or 1=1--"),
        },
    ),
    *rows(12, REFUSED, {"jwk in the header": _jwk, "jku": _fetched("jku"), "x5u": _fetched("x5u")}),
    *rows(
        13,
        REFUSED,
        {"crit unknown": _header(crit=["x"]), "crit b64": _header(crit=["b64"], b64=True)},
    ),
    *rows(
        14,
        REFUSED,
        {
            "sub twice": _payload(
                lambda claims: claims.replace(b'"sub":', b'"sub":"urn:x","sub":')
            ),
            "NaN": _payload(lambda claims: claims.replace(b'"exp":', b'"x":NaN,"exp":')),
        },
    ),
    *rows(
        15,
        REFUSED,
        {
            "padded": _text(lambda text: text + "=="),
            "a line more": _text(lambda text: text + "\n"),
            "JSON serialization": _text(_as_json),
            "9 KB": lambda stage: stage.assertion(claims={"x": "y" * 6600}),
        },
    ),
    *rows(
        16,
        REFUSED,
        {
            "a token or a proof as assertion": _other_kind,
            "typed as a token": _header(typ="at+jwt"),
            "typed as a proof": _header(typ="dpop+jwt"),
        },
    ),
    *rows(17, REFUSED, {"again": _replay}),
    *rows(17, f"1 of {MANY}", {"twenty at once": _replays}),
]
