"""The way out: what a document names is reached, and never this machine's or the cloud's insides."""

import http.server
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from typing_extensions import override
from urllib3.exceptions import HTTPError, NameResolutionError, NewConnectionError

from shared.runtime import outward
from shared.runtime.http import pinned_context
from shared.runtime.outward import Reach
from shared.runtime.refusals import BadUpstream
from tests.service.gateway.sockets import make_certificates

INSIDES = {
    "loopback": "127.0.0.1",
    "loopback, otherwise written": "2130706433",
    "loopback by name": "localhost",
    "loopback of IPv6": "[::1]",
    "loopback in IPv6": "[::ffff:127.0.0.1]",
    "loopback in 6to4": "[2002:7f00:1::]",
}
NEVER = {
    "metadata": "169.254.169.254",
    "metadata in IPv6": "[::ffff:169.254.169.254]",
    "metadata by NAT64": "[64:ff9b::a9fe:a9fe]",
    "metadata of IPv6": "[fd00:ec2::254]",
    "metadata of another cloud": "100.100.100.200",
    "link": "[fe80::1]",
    "any": "0.0.0.0",  # noqa: S104
    "multicast": "224.0.0.1",
}


@pytest.mark.parametrize("name", INSIDES | NEVER)
def test_59_nothing_is_sent_inside(name: str) -> None:
    host = (INSIDES | NEVER)[name]
    with pytest.raises(BadUpstream) as refused:
        outward.pool(f"http://{host}:80/latest", reach=Reach.ABROAD).request("GET", "/")
    assert refused.value.code == "forbidden_address"


@pytest.mark.parametrize("name", NEVER)
def test_59_also_not_from_a_node_on_a_laptop(name: str) -> None:
    with pytest.raises(BadUpstream, match="nothing is sent"):
        outward.addresses(NEVER[name], 80, Reach.NEARBY)


@pytest.mark.parametrize(
    "host", ["10.1.2.3", "192.168.7.7", "172.20.0.3", "203.0.113.9", "[fd12::1]"]
)
def test_networks_of_states_are_reached(host: str) -> None:
    assert outward.addresses(host, 443, Reach.ABROAD) == [host.strip("[]")]


@pytest.mark.parametrize(
    ("own", "reach"),
    [
        ("https://gw.example", Reach.ABROAD),
        ("https://10.0.0.1:8443", Reach.ABROAD),
        ("https://localhost.example", Reach.ABROAD),
        ("", Reach.ABROAD),
        ("https://127.0.0.1:8443", Reach.NEARBY),
        ("https://[::1]:8443", Reach.NEARBY),
        ("https://LOCALHOST.", Reach.NEARBY),
        ("https://qm.localhost:8443", Reach.NEARBY),
    ],
)
def test_a_node_on_this_machine_reaches_this_machine(own: str, reach: Reach) -> None:
    assert outward.reach_of(own) is reach


@pytest.mark.parametrize(
    "url",
    ["ftp://gw.example", "gw.example", "https://user@gw.example", "https://a:b@gw.example",
     "https://gw.example/#x", "file:///etc/passwd", "https://"],
)  # fmt: skip
def test_59_an_address_is_a_host_a_port_and_a_path(url: str) -> None:
    with pytest.raises(BadUpstream) as refused:
        outward.pool(url, reach=Reach.NEARBY)
    assert refused.value.code == "bad_address"


class Site(http.server.ThreadingHTTPServer):
    """A server on this machine, and how often it was asked."""

    asked = 0


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Site)
        self.server.asked += 1
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Be quiet."""


@pytest.fixture
def site() -> Iterator[Site]:
    with Site(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.02])
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def port(site: Site) -> int:
    return int(site.server_address[1])


@pytest.mark.parametrize("reach", Reach)
def test_59_a_name_that_turns_out_to_be_this_machine_is_not_reached(
    site: Site, reach: Reach
) -> None:
    """Whoever keeps the name's zone says where it leads; the signed document only says the name."""
    pool = outward.pool(
        f"http://gw.example:{port(site)}", reach=reach, resolver=lambda *_: ["127.0.0.1"]
    )
    with pytest.raises(BadUpstream, match="address that nothing is sent to"):
        pool.request("GET", "/")
    assert site.asked == 0


def test_59_one_forbidden_address_among_good_ones_is_enough(site: Site) -> None:
    answers = ["127.0.0.1", "169.254.169.254"]
    pool = outward.pool(
        f"http://localhost:{port(site)}", reach=Reach.NEARBY, resolver=lambda *_: answers
    )
    with pytest.raises(BadUpstream):
        pool.request("GET", "/")
    assert site.asked == 0


def test_59_what_was_judged_is_what_is_connected_to(site: Site) -> None:
    """A resolver that answers otherwise the second time is not asked a second time."""
    answers = [["127.0.0.1"], ["169.254.169.254"]]
    pool = outward.pool(
        f"http://localhost:{port(site)}", reach=Reach.NEARBY, resolver=lambda *_: answers.pop(0)
    )
    assert pool.request("GET", "/").status == 200
    assert (site.asked, len(answers)) == (1, 1)


@pytest.mark.parametrize(
    ("found", "answered"),
    [(["127.0.0.2", "127.0.0.1"], True), (["127.0.0.2"], False), ([], False)],
    ids=["second", "none", "no address"],
)
def test_the_next_address_is_tried_when_one_is_silent(
    site: Site,
    found: list[str],
    answered: bool,  # noqa: FBT001
) -> None:
    pool = outward.pool(
        f"http://localhost:{port(site)}", reach=Reach.NEARBY, resolver=lambda *_: found
    )
    with nullcontext() if answered else pytest.raises(NewConnectionError):
        pool.request("GET", "/")
    assert site.asked == answered


def test_a_name_without_addresses_says_so() -> None:
    def unknown(*_: object) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    pool = outward.pool("http://gw.example", reach=Reach.ABROAD, resolver=unknown)
    with pytest.raises(NameResolutionError):
        pool.request("GET", "/")


def test_the_certificate_is_of_the_name_and_not_of_the_address(site: Site, tmp_path: Path) -> None:
    made = make_certificates(tmp_path / "site")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    site.socket = context.wrap_socket(site.socket, server_side=True)
    trusting = pinned_context(made.ca.read_text())

    def ask(host: str) -> int:
        url = f"https://{host}:{port(site)}"
        pool = outward.pool(
            url, reach=Reach.NEARBY, context=trusting, resolver=lambda *_: ["127.0.0.1"]
        )
        return pool.request("GET", "/").status

    assert ask("localhost") == 200
    with pytest.raises(HTTPError):
        ask("other.localhost")
    assert site.asked == 1


def test_no_proxy_of_the_environment_is_asked(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    pool = outward.pool(f"http://127.0.0.1:{port(site)}", reach=Reach.NEARBY)
    assert pool.request("GET", "/").status == 200
