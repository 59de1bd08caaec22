"""The same case against the Compose pair on PostgreSQL; the border is cut in the middle of a fetch."""

import json
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import pytest

from deploy.case import ANSWERS, Case
from deploy.case_draft import DRAFT
from deploy.desk import Desk
from shared.protocol import canonical

ROOT = Path(__file__).resolve().parents[2]
PROJECT = "rogatory-test"
DOCKER = shutil.which("docker") or "docker"
COMPOSE = (DOCKER, "compose", "--project-name", PROJECT, "--project-directory", str(ROOT))
IMAGE = 512 * 2**20  # bytes: long enough to be cut in its middle
SEGMENTS = IMAGE // (16 * 2**20)
PREPARE = f"""
from pathlib import Path
from deploy import evidence, provenance
desk = Path("/desk")
exhibits = [desk / "report.pdf", desk / "chat.sqlite"]
evidence.examiner_report(exhibits[0])
evidence.chat_database(exhibits[1])
stream, image = evidence.Stream("compose"), desk / "disk.dd"
with image.open("wb") as out:
    for _ in range({IMAGE} // 2**20):
        out.write(stream.read(2**20))
graph = provenance.case_graph([*exhibits, image], seized=evidence.SEIZED)
(desk / "case.jsonld").write_bytes(graph)
"""
CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)"

pytestmark = [pytest.mark.compose, pytest.mark.timeout(900)]


def run(*command: str, stdin: bytes = b"") -> str:
    done = subprocess.run(command, input=stdin, capture_output=True, check=False)  # noqa: S603
    assert done.returncode == 0, f"{command}: {done.stdout.decode()}{done.stderr.decode()}"
    return done.stdout.decode()


def container(service: str) -> str:
    return f"{PROJECT}-{service}-1"


@dataclass(frozen=True)
class Pair:
    """Both countries, with a desk in each."""

    desks: dict[str, Desk]

    def cut(self) -> None:
        for service in ("qn-gateway", "qn-proxy"):
            run(DOCKER, "network", "disconnect", f"{PROJECT}_between", container(service))

    def mend(self) -> None:
        alias = ("--alias", "qn.localhost")
        run(DOCKER, "network", "connect", f"{PROJECT}_between", container("qn-gateway"))
        run(DOCKER, "network", "connect", *alias, f"{PROJECT}_between", container("qn-proxy"))

    def segments_in_qm(self) -> int:
        """How many segments of the package QM's exchange has."""
        query = "SELECT count(*) FROM segment WHERE stored"
        psql = ("psql", "--username=postgres", "--dbname=exchange", "--tuples-only", "--no-align")
        return int(run(DOCKER, "exec", container("qm-postgres"), *psql, f"--command={query}"))


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    run(*COMPOSE, "down", "--volumes", "--remove-orphans")
    try:
        run(*COMPOSE, "up", "--build", "--wait")
        yield Pair(open_desks())
    finally:
        desks = [f"{PROJECT}-desk-{country}" for country in ("qm", "qn")]
        run(DOCKER, "rm", "--force", *desks)
        run(*COMPOSE, "--profile", "authority", "down", "--volumes", "--remove-orphans")


def open_desks() -> dict[str, Desk]:
    desks = {}
    for country in ("QM", "QN"):
        name = f"{PROJECT}-desk-{country.lower()}"
        service = f"{country.lower()}-authority"
        sleeping = ("--entrypoint", "sleep", service, "infinity")
        run(
            *COMPOSE, "--profile", "authority", "run", "--detach", "--rm", "--name", name, *sleeping
        )
        for client in ("preparer", "approver", "privilege", "receiver", "oversight"):
            desk = Desk(
                command=(DOCKER, "exec", "--interactive", name, "python", "-m", "client"),
                environment={},
                config="/desk/config.toml",
                profile=f"{country}-{client}",
            )
            described = ("--from-lab", "/var/lib/rogatory/node.json")
            desk.ask("login", *described, "--node", country, "--client", client)
            desks[desk.profile] = desk
    return desks


def in_desk(country: str, *command: str, stdin: bytes = b"") -> str:
    return run(DOCKER, "exec", "--interactive", f"{PROJECT}-desk-{country}", *command, stdin=stdin)


def test_case_survives_a_cut_between_the_countries(pair: Pair) -> None:
    case = Case(desks=pair.desks, patience=30)
    in_desk("qm", "tee", "/desk/request.json", stdin=canonical.encode(DRAFT))
    case.draft("/desk/request.json")
    case.send_request()
    case.accept()
    in_desk("qn", "python", "-c", PREPARE)
    files = ["/desk/report.pdf", "/desk/chat.sqlite", "/desk/disk.dd"]
    in_desk("qn", "tee", "/desk/answers.toml", stdin=ANSWERS.encode())
    case.collect(files, "/desk/case.jsonld", "/desk/answers.toml")
    case.close()
    case.release()
    cut_in_the_middle(pair)
    case.arrive()
    case.fetch("/desk/bag")
    verified = pair.desks["QM-receiver"].run(
        "verify", "/desk/bag", "--root", "/var/lib/rogatory/root.json"
    )
    assert verified["verified"] is True
    assert digests("qm", "/desk/bag/data") == digests("qn", *files)


def cut_in_the_middle(pair: Pair) -> None:
    """Cut the border once some segments are in QM and some are not; mend it after a while."""
    deadline = monotonic() + 60
    while (before := pair.segments_in_qm()) < 2:
        assert monotonic() < deadline, "no segment came"
    pair.cut()
    try:
        sleep(5)
        during = pair.segments_in_qm()
        assert before <= during < SEGMENTS, "the cut came too late to prove anything"
        sleep(2)
        assert pair.segments_in_qm() == during, "segments came although the border was cut"
    finally:
        pair.mend()


def digests(country: str, *paths: str) -> list[str]:
    script = (
        "import hashlib, sys; from pathlib import Path\n"
        "given = [Path(path) for path in sys.argv[1:]]\n"
        "files = [f for p in given for f in (p.rglob('*') if p.is_dir() else [p]) if f.is_file()]\n"
        "for f in files: print(hashlib.file_digest(f.open('rb'), 'sha256').hexdigest())\n"
    )
    return sorted(in_desk(country, "python", "-c", script, *paths).split())


def test_both_logs_agree(pair: Pair) -> None:
    root = ("--root", "/var/lib/rogatory/root.json")
    for country in ("QM", "QN"):
        desk = pair.desks[f"{country}-oversight"]
        desk.run("audit", "pull", "--purpose", "test on compose", "-o", "/desk/mirror")
        assert desk.run("audit", "verify", "/desk/mirror", *root)["verified"] is True


@pytest.mark.usefixtures("pair")
def test_only_proxies_answer_on_the_host() -> None:
    listed = run(*COMPOSE, "ps", "--format", "json")
    published = {
        (row["Service"], port["PublishedPort"])
        for row in map(json.loads, listed.splitlines())  # noqa: TID251 - Docker's own JSON
        for port in row["Publishers"] or ()
        if port["PublishedPort"]
    }
    assert published == {("qm-proxy", 8443), ("qn-proxy", 9443)}
    for name, port in (("qm", 8443), ("qn", 9443)):
        authority = in_desk(name, "cat", "/var/lib/rogatory/ca.pem")
        context = ssl.create_default_context(cadata=authority)
        with (
            socket.create_connection(("127.0.0.1", port), 5) as plain,
            context.wrap_socket(plain, server_hostname=f"{name}.localhost") as secure,
        ):
            assert secure.version() == "TLSv1.3"


@pytest.mark.usefixtures("pair")
@pytest.mark.parametrize("service", ["qm-exchange", "qm-audit", "qm-postgres"])
def test_inner_services_have_no_route_out(service: str) -> None:
    target = address("qn-proxy", "between"), "9443"
    attempt = ("python", "-c", CONNECT) if service != "qm-postgres" else ("bash", "-c", TCP, "-")
    reached = (DOCKER, "exec", container("qm-gateway"), "python", "-c", CONNECT, *target)
    run(*reached)
    tried = (DOCKER, "exec", container(service), *attempt, *target)
    done = subprocess.run(tried, capture_output=True, check=False)  # noqa: S603
    assert done.returncode != 0


@pytest.mark.usefixtures("pair")
def test_the_inner_port_of_a_gateway_is_its_own_countrys() -> None:
    def open_to(service: str, network: str) -> bool:
        target = address("qm-gateway", network), "8001"
        line = (DOCKER, "exec", container(service), "python", "-c", CONNECT, *target)
        return subprocess.run(line, capture_output=True, check=False).returncode == 0  # noqa: S603

    assert open_to("qm-exchange", "qm-core")
    assert not open_to("qn-gateway", "between")


TCP = 'timeout 3 bash -c "exec 3<>/dev/tcp/$1/$2"'


def address(service: str, network: str) -> str:
    shown = run(DOCKER, "inspect", container(service))
    networks = json.loads(shown)[0]["NetworkSettings"]["Networks"]  # noqa: TID251 - Docker's own
    return str(networks[f"{PROJECT}_{network}"]["IPAddress"])
