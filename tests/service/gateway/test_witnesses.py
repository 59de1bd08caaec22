"""The way to witnesses: for the log alone, to those of our policy alone, within bounds."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from typing_extensions import override

from services.gateway import witnesses
from services.gateway.directory import Directory
from services.gateway.witnesses import Witnesses
from shared.protocol import trust
from shared.protocol.cosignatures import WitnessKey
from shared.protocol.identifiers import Country
from shared.runtime.refusals import BadUpstream, NotFound, PeerUnanswered, Refusal
from tests.federated import document
from tests.service.gateway.calling import inside
from tests.service.gateway.conftest import World
from tests.service.gateway.sockets import listening

ORIGIN = "a" * 64
OWN = "https://localhost:1"


@dataclass
class Site:
    """A witness on a plain socket, and what it was asked."""

    url: str = ""
    asked: list[tuple[str, str, bytes]] = field(default_factory=list)
    answer: tuple[int, dict[str, str], bytes] = (200, {}, b"a line\n")
    pause: float = 0.0  # seconds between two bytes


class Server(ThreadingHTTPServer):
    @override
    def handle_error(self, request: object, client_address: object) -> None:
        """The gateway hangs up on some of these answers; that is what is tried."""


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            made.asked.append((self.command, self.path, body))
            status, headers, content = made.answer
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            try:
                for at in range(0, len(content), 1 if made.pause else len(content) or 1):
                    self.wfile.write(content[at : at + (1 if made.pause else len(content))])
                    time.sleep(made.pause)
            except OSError:
                pass  # the gateway has had enough

        def do_GET(self) -> None:
            self.do_POST()

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Be quiet."""

    with Server(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        yield made
        server.shutdown()
        thread.join()


def policy(**urls: str | None) -> str:
    lines = [
        f"witness {name} {WitnessKey.generate(f'{name}.example').vkeys()[0]} {url or ''}".strip()
        for name, url in urls.items()
    ]
    return "\n".join([*lines, "quorum none"]) + "\n"


def member(country: str, text: str, **changes: object) -> trust.Member:
    log = {
        "origin": f"log.{country}",
        "url": "https://log.example",
        "vkeys": ["v"],
        "policy": text,
        "unwitnessed_limit": 60,
    }
    return trust.Member.from_bytes(document(country, log=log, **changes))


class Known(Directory):
    """A directory that knows these members, and never looks."""

    def __init__(self, *members: trust.Member) -> None:
        self.known = {Country(each.country): each for each in members}

    @override
    def members(self) -> dict[Country, trust.Member]:
        return self.known


def asking(text: str, *others: trust.Member) -> Witnesses:
    return Witnesses(Known(member("QM", text), *others), country="QM", own=OWN)


def test_a_checkpoint_is_brought_and_the_answer_comes_back_as_it_was(site: Site) -> None:
    known = asking(policy(W=f"{site.url}/prefix/"))
    reply = known.ask("W", "POST", "add-checkpoint", b"old 0\n\nnote")
    assert (reply.status, reply.body, reply.media_type) == (200, b"a line\n", "text/plain")
    site.answer = (409, {"content-type": "text/x.tlog.size"}, b"7\n")
    reply = known.ask("W", "GET", f"{ORIGIN}/checkpoint")
    assert (reply.status, reply.body, reply.media_type) == (409, b"7\n", "text/x.tlog.size")
    assert site.asked == [
        ("POST", "/prefix/add-checkpoint", b"old 0\n\nnote"),
        ("GET", f"/prefix/{ORIGIN}/checkpoint", b""),
    ]


@pytest.mark.parametrize("name", ["V", "w", "W ", "W/../x", "Q"])
def test_only_those_that_our_policy_names_and_places(site: Site, name: str) -> None:
    known = asking(policy(W=site.url, Q=None), member("QN", policy(V=site.url)))
    with pytest.raises(NotFound, match="no address"):
        known.ask(name, "POST", "add-checkpoint", b"x")
    assert site.asked == []


def test_a_country_that_is_not_in_the_directory_has_none() -> None:
    known = Witnesses(Known(member("QN", policy(W="http://127.0.0.1:9"))), country="QM", own=OWN)
    with pytest.raises(NotFound):
        known.ask("W", "POST", "add-checkpoint", b"x")


def test_a_closed_log_s_witnesses_are_reached(site: Site) -> None:
    closed = {
        "origin": "log.QM/old",
        "url": "https://log.example",
        "vkeys": ["v"],
        "policy": policy(W=site.url),
        "size": 3,
        "root": "",
    }
    own = member("QM", policy(), closed_logs=[closed])
    assert Witnesses(Known(own), country="QM", own=OWN).ask("W", "GET", "x").status == 200


@dataclass(frozen=True)
class Bad:
    answer: tuple[int, dict[str, str], bytes]
    code: str
    kind: type[Refusal]


BAD = {
    "redirect": Bad(
        (302, {"location": "http://127.0.0.1:9/"}, b""), "witness_redirects", BadUpstream
    ),
    "huge": Bad((200, {}, b"x" * 2**18), "witness_answer_too_large", BadUpstream),
}


@pytest.mark.parametrize("name", BAD)
def test_what_no_witness_may_answer(site: Site, name: str) -> None:
    bad = BAD[name]
    site.answer = bad.answer
    with pytest.raises(bad.kind) as refused:
        asking(policy(W=site.url)).ask("W", "POST", "add-checkpoint", b"x")
    assert refused.value.code == bad.code


def test_one_that_drips_is_given_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witnesses, "DEADLINE", 0.3)
    site.answer, site.pause = (200, {}, b"x" * 100), 0.05
    began = time.monotonic()
    with pytest.raises(PeerUnanswered, match="OverdueError"):
        asking(policy(W=site.url)).ask("W", "POST", "add-checkpoint", b"x")
    assert time.monotonic() - began < 3


def test_one_that_is_away_is_told_as_unanswered() -> None:
    bound, port = listening()
    bound.close()
    with pytest.raises(PeerUnanswered, match="W does not answer"):
        asking(policy(W=f"http://127.0.0.1:{port}")).ask("W", "POST", "add-checkpoint", b"x")


# --- through the gateways ----------------------------------------------------------------------------


def test_only_the_log_of_the_node_may_ask(world: World) -> None:
    for method, path in (
        ("POST", "/egress/witness/W/add-checkpoint"),
        ("GET", f"/egress/witness/W/{ORIGIN}/checkpoint"),
    ):
        refused = inside(world.qm, method, path, caller="exchange")
        assert (refused.status_code, refused.json()["code"]) == (403, "wrong_service")
        unknown = inside(world.qm, method, path, caller="audit")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_witness")


def test_an_address_is_a_digest_or_it_is_none(world: World) -> None:
    answer = inside(world.qm, "GET", "/egress/witness/W/../checkpoint", caller="audit")
    assert answer.status_code == 404
    answer = inside(world.qm, "GET", "/egress/witness/W/abc/checkpoint", caller="audit")
    assert answer.status_code == 422


def test_a_member_s_gateway_is_trusted_by_its_own_anchor_alone(world: World) -> None:
    anchor = world.qn.certificates.ca.read_text()
    text = policy(QN=f"{world.qn.url}/witness")
    gateway = {"gateway": world.qn.url, "tls_anchors": [anchor]}
    known = asking(text, member("QN", policy(), **gateway))
    assert known.ask("QN", "GET", f"{ORIGIN}/checkpoint").status in {200, 404}
    own_anchor = world.qm.certificates.ca.read_text()
    other = asking(text, member("QN", policy(), **{**gateway, "tls_anchors": [own_anchor]}))
    with pytest.raises(PeerUnanswered):
        other.ask("QN", "GET", f"{ORIGIN}/checkpoint")
    # An address that merely begins alike is nobody's, and nothing vouches for it.
    alike = member("QN", policy(), **{**gateway, "gateway": world.qn.url[:-1]})
    with pytest.raises(BadUpstream) as refused:
        asking(text, alike).ask("QN", "GET", f"{ORIGIN}/checkpoint")
    assert refused.value.code == "witness_unpinned"


def test_a_witness_outside_the_federation_is_trusted_by_the_operators_file(world: World) -> None:
    own, text = member("QM", policy(W=f"{world.qn.url}/witness")), f"{ORIGIN}/checkpoint"
    anchored = Witnesses(Known(own), country="QM", own=OWN, anchors=world.qn.certificates.ca)
    assert anchored.ask("W", "GET", text).status in {200, 404}
    other = Witnesses(Known(own), country="QM", own=OWN, anchors=world.qm.certificates.ca)
    with pytest.raises(PeerUnanswered):
        other.ask("W", "GET", text)


def test_other_anchors_are_another_connection(world: World) -> None:
    text = policy(QN=f"{world.qn.url}/witness")
    right, wrong = (node.certificates.ca.read_text() for node in (world.qn, world.qm))
    known = asking(text, member("QN", policy(), gateway=world.qn.url, tls_anchors=[right]))
    assert known.ask("QN", "GET", f"{ORIGIN}/checkpoint").status in {200, 404}
    directory = known._directory
    assert isinstance(directory, Known)
    directory.known[Country("QN")] = member(
        "QN", policy(), gateway=world.qn.url, tls_anchors=[wrong]
    )
    with pytest.raises(PeerUnanswered):
        known.ask("QN", "GET", f"{ORIGIN}/checkpoint")
