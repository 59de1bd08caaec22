"""`rogatory doctor`: the one command that says what is wrong, and what to do."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from typing import Annotated, Final

import typer

from client.cli import ground, handshake, registration, treaties
from client.cli.findings import UNASKED, Finding, failed, look, looks
from client.cli.terminal import Terminal, terminal_of
from client.cli.ways import Ways
from client.errors import AccessError, ClientError, UsageError, unreadable
from client.profiles import OTHERS, Profile
from client.sdk.approving import load_officer
from client.sdk.session import METADATA, Session, connect
from shared.protocol.canonical import Json
from shared.protocol.identifiers import Country
from shared.protocol.trust import Member, read_bundle

SKEW_LIMIT: Final = 10  # seconds; the gateway refuses proofs from further ahead than 30
OPS: Final = "ops:health"


def doctor(
    context: typer.Context,
    *,
    wait: Annotated[
        float, typer.Option(help="Seconds for each peer's receipt of a self-test; 0: send none.")
    ] = 30.0,
) -> None:
    """Check profile, keys, clock, TLS, token, directory; for operators, all of the node and its peers.

    Whatever is not well says what to do next. The exit code is that of the first failure, as in
    `rogatory --help`; a warning (WARN) leaves it 0.
    """
    terminal = terminal_of(context)
    findings = list(_examine(terminal, wait))
    rows: list[Json] = [each.to_json() for each in findings]
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


def _examine(terminal: Terminal, wait: float) -> Iterator[Finding]:
    """Go from near to far; what stands on something that failed is not looked at."""
    yield look("versions", _versions)
    try:
        profile = terminal.profile()
    except ClientError as error:
        yield failed("profile", error)
        return
    yield look("profile", lambda: f"{profile.name}, {profile.client_id}")
    yield look("keys", lambda: _keys(profile))
    try:
        session = connect(profile, clock=terminal.clock)
    except ClientError as error:
        yield failed("keys", error)
        return
    yield from _connected(profile, session, terminal, wait)


def _connected(
    profile: Profile, session: Session, terminal: Terminal, wait: float
) -> Iterator[Finding]:
    """Look at what can be reached."""
    secured = handshake.examine(profile, terminal.clock)
    yield from secured
    if secured[0].exit_code:
        return
    known = [
        look("clock", lambda: _clock(session)),
        look("gateway", lambda: f"{session.metadata()['issuer']}, as the profile has it"),
        look("token", lambda: f"scopes: {' '.join(session.token().scopes)}"),
    ]
    yield from known
    if not any(each.exit_code for each in known):
        yield from looks(registration.NAME, lambda: [registration.examine(session)])
        yield look("directory", lambda: _directory(profile, session))
        yield from looks("treaties", lambda: _treaties(profile, session, terminal))
        yield from _node(profile, session, wait)


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


def _bundle(session: Session) -> bytes:
    return session.content(session.call("GET", "/v1/directory"))


def _members(profile: Profile, session: Session) -> Mapping[Country, Member]:
    """Read the directory's bundle from the pinned root; nothing without a root."""
    if profile.root is None:
        return {}
    return read_bundle(_bundle(session), profile.root.read_bytes())


def _treaties(profile: Profile, session: Session, terminal: Terminal) -> Iterator[Finding]:
    """Say what is in force with each peer, where the directory can be believed and knows us."""
    if profile.root is None:
        return
    content = _bundle(session)
    members = read_bundle(content, profile.root.read_bytes())
    for own in (each for each in members.values() if each.gateway == profile.gateway):
        yield from treaties.examine(content, members, own.country, terminal.clock().date())


def _directory(profile: Profile, session: Session) -> str:
    """Check the directory from the pinned root, and that it knows this gateway."""
    if profile.root is None:
        return "not checked: the profile has no pinned root"
    members = _members(profile, session)
    known = [each for each in members.values() if each.gateway == profile.gateway]
    if not known:
        raise AccessError(
            "the directory does not know this gateway",
            code="unknown_gateway",
            next_step="is the pinned root the right one? Ask the operators of the gateway",
        )
    peers = ", ".join(f"{each.country} ({each.status})" for each in members.values())
    return f"this is {known[0].country}; members: {peers}"


def _node(profile: Profile, session: Session, wait: float) -> Iterator[Finding]:
    """Ask the node itself, if this client may."""
    if OPS not in session.token().scopes:
        told = f"not asked: this client has not the scope {OPS}"
        yield Finding(name="node", result=UNASKED, detail=told)
        return
    yield from looks("node", lambda: ground.services(session))
    for service in ground.SERVICES:
        yield from looks(f"ground {service}", _of(ground.condition, session, service))
    yield from looks("log", lambda: ground.log(session))
    yield from looks("channels", lambda: ground.channels(session))
    yield from looks("peers", lambda: _peers(profile, session, wait))


def _of(
    act: Callable[[Session, str], Iterator[Finding]], session: Session, name: str
) -> Callable[[], Iterator[Finding]]:
    return lambda: act(session, name)


def _peers(profile: Profile, session: Session, wait: float) -> Iterator[Finding]:
    """Take the way to every other active member of the directory."""
    ways = Ways(session=session, patience=wait)
    for each in _members(profile, session).values():
        if each.gateway != profile.gateway and each.status == "active":
            yield from looks(f"peer {each.country}", _to(ways, each.country))


def _to(ways: Ways, country: str) -> Callable[[], Iterator[Finding]]:
    return lambda: ways.examine(country)


COMMANDS = {"doctor": doctor}
