"""Certificates and anchors that change while they are used."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest

from shared.runtime import http
from shared.runtime.tls import LiveCertificate
from tests.service.gateway.sockets import Certificates, make_certificates


@pytest.fixture
def files(tmp_path: Path) -> tuple[Certificates, Certificates]:
    """What is in use, and what is to come."""
    return make_certificates(tmp_path / "old"), make_certificates(tmp_path / "new")


@pytest.fixture
def live(files: tuple[Certificates, Certificates]) -> Iterator[LiveCertificate]:
    made = LiveCertificate(files[0].certificate, files[0].key)
    made.start()
    yield made
    made.stop()


def shown(live: LiveCertificate, *, name: str | None = None) -> str:
    """Make a handshake, and return whose certificate was shown."""
    ours, theirs = socket.socketpair()
    server = threading.Thread(
        target=lambda: live.context.wrap_socket(theirs, server_side=True).close()
    )
    server.start()
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with context.wrap_socket(ours, server_hostname=name) as wire:
        der = wire.getpeercert(binary_form=True)
    server.join()
    assert der is not None
    return "old" if b"CA old" in der else "new"


def until(true: Callable[[], bool]) -> None:
    deadline = monotonic() + 5
    while not true():
        assert monotonic() < deadline
        sleep(0.01)


def test_a_new_pair_is_shown_from_the_next_handshake_on(
    live: LiveCertificate, files: tuple[Certificates, Certificates]
) -> None:
    old, new = files
    assert shown(live) == "old"
    new.certificate.replace(old.certificate)
    new.key.replace(old.key)
    live.look_again()
    until(lambda: shown(live) == "new")
    assert shown(live, name="localhost") == "new"
    assert live.error is None


def test_half_a_pair_changes_nothing_and_is_told(
    live: LiveCertificate, files: tuple[Certificates, Certificates]
) -> None:
    old, new = files
    new.certificate.replace(old.certificate)
    live.look_again()
    until(lambda: live.error is not None)
    assert shown(live) == "old"
    old.key.write_bytes(new.key.read_bytes())
    live.look_again()
    until(lambda: shown(live) == "new")
    assert live.error is None


@pytest.mark.parametrize("broken", [b"", b"no certificate"], ids=["empty", "nonsense"])
def test_a_broken_file_changes_nothing(
    live: LiveCertificate, files: tuple[Certificates, Certificates], broken: bytes
) -> None:
    files[0].certificate.write_bytes(broken)
    live.refresh()
    assert live.error is not None
    files[0].certificate.unlink()
    live.refresh()
    assert live.error is not None
    assert shown(live) == "old"


def test_anchors_follow_their_file(files: tuple[Certificates, Certificates]) -> None:
    old, new = files
    trust = http.pinned_file(old.ca)
    before = trust().get_ca_certs(binary_form=True)
    old.ca.write_bytes(b"no certificate")
    assert trust().get_ca_certs(binary_form=True) == before
    old.ca.write_bytes(new.ca.read_bytes())
    assert trust().get_ca_certs(binary_form=True) != before
    with pytest.raises(OSError, match="No such file"):
        http.pinned_file(old.ca.with_name("missing.pem"))
