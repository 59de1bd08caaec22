"""What the gateway says of itself is what it does: every address called, and shown as a page."""

import base64
import hashlib
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from schemathesis import GenerationMode

from client.clock import utc_now
from client.profiles import read_json
from client.sdk.session import Session
from client.sdk.wire import open_wire, pinned_context
from deploy.lab import Lab
from services.gateway.addresses import ROUTES
from shared.protocol import canonical
from shared.protocol.digests import content_digest, sha256
from tests.schemas import Asked, Findings, Said, probe

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]
Clients = dict[frozenset[str], Session]


def described(lab: Lab, country: str) -> dict[str, canonical.Json]:
    content = canonical.read(lab.description.read_bytes())
    for name in ("nodes", country):
        assert isinstance(content, dict)
        content = content[name]
    assert isinstance(content, dict)
    return content


@pytest.fixture(scope="module")
def clients(lab: Lab) -> Clients:
    """A session for each role, by its scopes."""
    node = described(lab, "QM")
    wire = open_wire(str(node["gateway"]), pinned_context(Path(str(node["ca"]))))
    assert isinstance(node["clients"], dict)
    sessions = {}
    for client in node["clients"].values():
        assert isinstance(client, dict)
        assert isinstance(client["scopes"], list)
        sessions[frozenset(map(str, client["scopes"]))] = Session(
            wire=wire,
            client_id=str(client["client_id"]),
            key=read_json(Path(str(client["key"]))),
            dpop_key=read_json(Path(str(client["dpop_key"]))),
            clock=utc_now,
            officer=str(client["officer"]),
            purpose="to see what the document says",
        )
    return sessions


def call(clients: Clients, asked: Asked) -> Said:
    """Make a call once, as a client that may make it."""
    able = [each for held, each in clients.items() if held & asked.scopes]
    session = (able or list(clients.values()))[0]
    headers = dict(asked.headers)
    if asked.body is not None:
        headers.setdefault("Content-Digest", content_digest(sha256(asked.body)))
    if able:
        token = session.token().text
        proof = session._proof(asked.method, asked.path.partition("?")[0], token)
        headers |= {"Authorization": f"DPoP {token}", "DPoP": proof}
    answer = session.wire._attempt(asked.method, asked.path, headers, asked.body)
    return Said(
        status=answer.status,
        headers=dict(answer.headers),
        content=answer.read(decode_content=False),
    )


def probed(clients: Clients, examples: int, *modes: GenerationMode, every: int = 1) -> Findings:
    """Call every address or a part of them, not those of peers and of tokens (failures slow all down)."""
    session = next(iter(clients.values()))
    document = session.wire.send("GET", "/openapi.json", headers=dict).json()
    return probe(
        document,
        lambda asked: call(clients, asked),
        examples=examples,
        modes=modes,
        wanted=lambda line: (
            " /peer/" not in line and " /oauth/" not in line and not sum(line.encode()) % every
        ),
    )


def test_every_second_address_answers_as_the_document_says(clients: Clients) -> None:
    found = probed(clients, 2, GenerationMode.POSITIVE, every=2)
    assert found.flaws == {}
    assert {200, 400, 404} <= found.statuses.keys()


@pytest.mark.soak
def test_every_address_answers_as_the_document_says_for_long(clients: Clients) -> None:
    assert probed(clients, 50, *GenerationMode).flaws == {}


CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--enable-logging=stderr",
    "--virtual-time-budget=15000",
    "--dump-dom",
)
BEGUN = re.compile(r'"initiator":"([^"]+)".{1,800}?"url":"([^"]+)"')


@pytest.mark.skipif(
    CHROMIUM is None, reason="NO CHROMIUM: the page was shown in no browser (.ci/run)"
)
def test_the_page_shows_every_address_and_asks_nobody_else(lab: Lab, tmp_path: Path) -> None:
    url, log = str(described(lab, "QM")["gateway"]), tmp_path / "net.json"
    certificate = x509.load_pem_x509_certificate(
        (lab.folder / "QM/gateway/etc/tls.pem").read_bytes()
    )
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pin = base64.b64encode(hashlib.sha256(key).digest()).decode()
    own = (
        f"--user-data-dir={tmp_path}",
        f"--ignore-certificate-errors-spki-list={pin}",
        f"--log-net-log={log}",
    )
    shown = subprocess.run(  # noqa: S603 - the browser that is installed
        [str(CHROMIUM), *FLAGS, *own, f"{url}/docs"], capture_output=True, text=True, check=False
    )
    missing = [each.template for each in ROUTES if f'"{each.template}"' not in shown.stdout]
    assert missing == [], shown.stderr[-2000:]
    assert (
        "Content Security Policy" not in shown.stderr
    )  # nothing was tried that the policy refuses
    # What the page itself began went to the gateway alone; the browser's own calls have no origin.
    begun = [target for origin, target in BEGUN.findall(log.read_text()) if origin == url]
    assert {urlsplit(target).path for target in begun} >= {"/docs/start.js", "/openapi.json"}
    assert {urlsplit(target)._replace(path="").geturl() for target in begun} == {url}
