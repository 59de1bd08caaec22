"""The Compose file keeps what the architecture promises, before any container starts."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy import layout

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
NODES = layout.in_containers(("QM", "QN"))
HOME = Path("/var/lib/rogatory")
TEMPORARY = "/tmp:size="  # noqa: S108 - a container's own
INNER = [
    name
    for name in SERVICES
    if name.endswith(("-exchange", "-audit", "-audit-schema", "-postgres"))
]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_container_is_hardened(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert any(mount.startswith(TEMPORARY) for mount in service["tmpfs"])
    if name.endswith("-proxy"):
        assert service["user"] == "65531:65532"
        assert service["cap_add"] == ["NET_BIND_SERVICE"]
    elif not name.endswith("-postgres"):
        assert service["user"] == "65532:65532"
        assert "cap_add" not in service
    assert "privileged" not in service
    assert not any("docker.sock" in str(volume) for volume in service.get("volumes", ()))


def test_only_proxies_publish_and_only_on_loopback() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(published) == {"qm-proxy", "qn-proxy"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


@pytest.mark.parametrize("name", sorted(INNER))
def test_inner_services_have_no_way_out(name: str) -> None:
    (network,) = SERVICES[name]["networks"]
    assert COMPOSE["networks"][network]["internal"] is True


def test_countries_meet_between_their_gateways_alone() -> None:
    meeting = {
        name for name, service in SERVICES.items() if "between" in service.get("networks", ())
    }
    assert meeting == {"qm-gateway", "qn-gateway", "qm-proxy", "qn-proxy", "directory"}
    assert COMPOSE["networks"]["between"]["internal"] is True


@pytest.mark.parametrize("node", NODES.nodes, ids=lambda node: node.country)
@pytest.mark.parametrize("service", layout.SERVICES)
def test_services_are_told_what_bootstrap_laid_out(service: str, node: layout.Addresses) -> None:
    name = f"{node.country.lower()}-{service}"
    told = dict(SERVICES[name]["environment"])
    database = told.pop("ROGATORY_DATABASE")
    assert told == layout.environment(service, HOME, node, NODES.directory_url)
    assert database == (
        f"postgresql://{service}@{node.country.lower()}-postgres:5432/{service}"
        "?passfile=/var/lib/rogatory/etc/pgpass"
    )


@pytest.mark.parametrize("node", NODES.nodes, ids=lambda node: node.country)
def test_a_proxy_reaches_the_socket_of_its_gateway_alone(node: layout.Addresses) -> None:
    country = node.country.lower()
    proxy = SERVICES[f"{country}-proxy"]
    assert proxy["environment"] == {
        "ROGATORY_GATEWAYS": f"unix/{layout.SOCKET}",
        "ROGATORY_PROXY_PORT": node.url.rpartition(":")[2],
        "ROGATORY_TLS_CERT": str(HOME / "tls.pem"),
        "ROGATORY_TLS_KEY": str(HOME / "tls.key"),
        "XDG_CONFIG_HOME": "/tmp",  # noqa: S108 - a container's own
        "XDG_DATA_HOME": "/tmp",  # noqa: S108
    }
    assert set(proxy["networks"]) == {f"{country}-edge", "between"}
    assert f"{country}-socket:/run/rogatory" in SERVICES[f"{country}-gateway"]["volumes"]
    assert node.gateway == f"unix:{layout.SOCKET}"


@pytest.mark.parametrize("node", NODES.nodes, ids=lambda node: node.country)
def test_the_log_starts_when_its_tables_are_made(node: layout.Addresses) -> None:
    name = f"{node.country.lower()}-audit"
    schema = SERVICES[f"{name}-schema"]
    host = f"{node.country.lower()}-postgres:5432"
    assert schema["environment"] == {
        "ROGATORY_DATABASE": f"postgresql://audit_owner@{host}/audit?passfile={HOME}/etc/pgpass",
        "ROGATORY_DATABASE_ROLE": "audit",
    }
    assert "restart" not in schema
    needed = SERVICES[name]["depends_on"][f"{name}-schema"]
    assert needed == {"condition": "service_completed_successfully"}


def test_directory_is_told_what_bootstrap_laid_out() -> None:
    told = SERVICES["directory"]["environment"]
    assert told == layout.directory_environment(HOME, NODES.directory)


def test_no_container_sees_another_services_keys() -> None:
    mounted: dict[str, str] = {}
    for name, service in SERVICES.items():
        if name == "bootstrap":
            continue
        for volume in service["volumes"]:
            source = volume["source"] if isinstance(volume, dict) else volume.partition(":")[0]
            if source.startswith("./deploy/") or source.endswith("-socket"):
                continue  # no key is there
            assert mounted.setdefault(source, name) == name, f"{source} is shared"
    assert "ceremony" not in mounted
