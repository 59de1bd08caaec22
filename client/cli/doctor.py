"""`rogatory doctor`: the one command that says what is wrong, and what to do."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from typing import Final

import typer
from urllib3.util import parse_url

from client.cli.terminal import Terminal, terminal_of
from client.errors import AccessError, ClientError, UnavailableError, UsageError, unreadable
from client.profiles import OTHERS, Profile
from client.sdk.approving import load_officer
from client.sdk.session import METADATA, Session, connect
from client.sdk.wire import pinned_context
from shared.protocol.canonical import Json, encode
from shared.protocol.errors import ProtocolError
from shared.protocol.trust import read_bundle

SKEW_LIMIT: Final = 10  # seconds; the gateway refuses proofs from further ahead than 30
OPS: Final = "ops:health"
TIMEOUT: Final = 5.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one look at one thing came to."""

    name: str
    result: str
    detail: str
    next_step: str | None = None
    exit_code: int = 0


def doctor(context: typer.Context) -> None:
    """Check profile, keys, clock, TLS, token, directory and, if you may, the node's own health."""
    terminal = terminal_of(context)
    findings = _examine(terminal)
    rows: list[Json] = [
        {"name": each.name, "result": each.result, "detail": each.detail, "next": each.next_step}
        for each in findings
    ]
    worst = next((each.exit_code for each in findings if each.exit_code), 0)
    terminal.answer({"healthy": not worst, "findings": rows}, _lines(findings))
    if worst:
        raise typer.Exit(worst)


def _lines(findings: list[Finding]) -> list[str]:
    lines = []
    for each in findings:
        lines.append(f"{each.result:7} {each.name}: {each.detail}")
        lines += [f"        next: {each.next_step}"] if each.next_step else []
    return lines


def _examine(terminal: Terminal) -> list[Finding]:
    findings = [_look("versions", _versions)]
    try:
        profile = terminal.profile()
    except ClientError as error:
        return [*findings, _failed("profile", error)]
    findings.append(_look("profile", lambda: f"{profile.name}, {profile.client_id}"))
    findings.append(_look("keys", lambda: _keys(profile)))
    try:
        session = connect(profile, clock=terminal.clock)
    except ClientError as error:
        return [*findings, _failed("keys", error)]
    findings.append(_look("tls", lambda: _tls(profile)))
    if findings[-1].exit_code:
        return findings
    findings += [
        _look("clock", lambda: _clock(session)),
        _look("gateway", lambda: f"{session.metadata()['issuer']}, as the profile has it"),
        _look("token", lambda: f"scopes: {' '.join(session.token().scopes)}"),
    ]
    if any(each.exit_code for each in findings):
        return findings
    return [*findings, _look("directory", lambda: _directory(profile, session)), *_ops(session)]


def _look(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name=name, result="ok", detail=look())
    except ClientError as error:
        return _failed(name, error)
    except ProtocolError as error:
        return Finding(name=name, result="FAILED", detail=error.detail, exit_code=8)


def _failed(name: str, error: ClientError) -> Finding:
    return Finding(
        name=name,
        result="FAILED",
        detail=error.detail,
        next_step=error.next_step,
        exit_code=error.exit_code,
    )


def _versions() -> str:
    try:
        own = version("rogatory")
    except PackageNotFoundError:
        own = "from a checkout"
    return f"rogatory {own}, Python {python_version()}, {ssl.OPENSSL_VERSION}"


def _keys(profile: Profile) -> str:
    """Private keys are for their owner's eyes; an officer's key must load."""
    private = [
        profile.key,
        profile.dpop_key,
        *([profile.officer_key] if profile.officer_key else []),
    ]
    for path in private:
        _check_private(path)
    officer = load_officer(profile).name if profile.officer_key else None
    return f"{len(private)} private keys" + (f", officer {officer}" if officer else "")


def _check_private(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise unreadable(path, error) from error
    if mode & OTHERS:
        raise UsageError(
            f"{path} may be read or changed by others",
            code="key_open",
            next_step=f"chmod 600 {path}",
        )


def _tls(profile: Profile) -> str:
    """Say what a connection agrees on; the hybrid group only where Python can tell it."""
    parts = parse_url(profile.gateway)
    host, port = (parts.host or "").strip("[]"), parts.port or 443
    try:
        with (
            socket.create_connection((host, port), TIMEOUT) as plain,
            pinned_context(profile.ca).wrap_socket(plain, server_hostname=host) as secured,
        ):
            cipher = secured.cipher()
            group = getattr(secured, "group", lambda: None)()
            return (
                f"{secured.version()}, {cipher[0] if cipher else '?'}, group {group or 'unknown'}"
            )
    except ssl.SSLError as error:
        raise AccessError(
            f"no TLS 1.3 with a certificate that the profile's CA file vouches for: {error}",
            code="gateway_not_trusted",
            next_step="ask the operators of the gateway for its CA file",
        ) from error
    except OSError as error:
        raise UnavailableError(
            f"{profile.gateway} cannot be reached: {error}",
            code="unanswered",
            next_step="is the address right, and does the gateway run?",
        ) from error


def _clock(session: Session) -> str:
    """Compare with the gateway's Date header, which has whole seconds."""
    answer = session.wire.send("GET", METADATA, headers=dict)
    session.content(answer)
    told = answer.headers.get("Date", "")
    try:
        skew = (session.clock() - parsedate_to_datetime(told)).total_seconds()
    except (TypeError, ValueError):
        return f"not checked: the gateway tells no time ({told or 'no Date'})"
    if abs(skew) > SKEW_LIMIT:
        raise AccessError(
            f"this clock is {skew:+.0f} s off the gateway's; tokens will be refused",
            code="clock",
            next_step="set this computer's clock by NTP",
        )
    return f"within {SKEW_LIMIT} s of the gateway's"


def _directory(profile: Profile, session: Session) -> str:
    """Check the directory from the pinned root, and that it knows this gateway."""
    if profile.root is None:
        return "not checked: the profile has no pinned root"
    content = session.content(session.call("GET", "/v1/directory"))
    members = read_bundle(content, profile.root.read_bytes())
    known = [each for each in members.values() if each.gateway == profile.gateway]
    if not known:
        raise AccessError(
            "the directory does not know this gateway",
            code="unknown_gateway",
            next_step="is the pinned root the right one? Ask the operators of the gateway",
        )
    peers = ", ".join(f"{each.country} ({each.status})" for each in members.values())
    return f"this is {known[0].country}; members: {peers}"


def _ops(session: Session) -> list[Finding]:
    """Ask the node itself, if this client may."""
    if OPS not in session.token().scopes:
        told = f"not asked: this client has not the scope {OPS}"
        return [Finding(name="node", result="-", detail=told)]
    return [
        _look("node", lambda: encode(session.get("/v1/ops/health")).decode()),
        _look("log", lambda: _log(session.get("/v1/ops/log"))),
        _look("channels", lambda: encode(session.get("/v1/ops/channels")).decode()),
    ]


def _log(found: Mapping[str, Json]) -> str:
    """Say how far the log has come and what its witnesses say; all of it stands at /v1/ops/log."""
    stages, witnesses = found.get("stages"), found.get("witnesses")
    assert isinstance(stages, dict)
    assert isinstance(witnesses, list)
    sizes = ", ".join(f"{name} {_size(stage)}" for name, stage in stages.items())
    said = [f"{each['name']} {each['outcome']}" for each in witnesses if isinstance(each, dict)]
    alarm = [f"ALARM {encode(found['alarm']).decode()}"] if found.get("alarm") else []
    return "; ".join([*alarm, sizes, *said])


def _size(stage: Json) -> Json:
    return stage["size"] if isinstance(stage, dict) else None


COMMANDS = {"doctor": doctor}
