"""Compose and run the gateway: a public listener and one for the node's own services."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import anyio
from fastapi import FastAPI
from starlette.types import ASGIApp

from services.gateway import admission, founding, keywatch, rates
from services.gateway.authentication import Authenticator
from services.gateway.clients import Office
from services.gateway.delivery import Delivery, Identity
from services.gateway.denials import Denials
from services.gateway.describing import Describer
from services.gateway.directory import Directory
from services.gateway.entrance import Entrance
from services.gateway.external import read_issuers
from services.gateway.founding import FoundingError
from services.gateway.issuing import Issuer
from services.gateway.lanes import Lanes
from services.gateway.listening import Listening
from services.gateway.proving import Provers
from services.gateway.registry import Registry, RegistryError
from services.gateway.reporting import reporter
from services.gateway.routes import api, egress, oauth, operations, pages
from services.gateway.routes.form import FormRules
from services.gateway.routes.recording import Recording
from services.gateway.settings import GatewaySettings
from services.gateway.standing import LogStanding
from services.gateway.timekeeping import Timekeepers
from services.gateway.tokenkeys import Rings, TokenKeys
from services.gateway.turns import Turns
from services.gateway.upstream import Upstream
from services.gateway.views import State
from services.gateway.witnesses import Witnesses
from shared.protocol import canonical, jose
from shared.runtime import guard, http, logs, server
from shared.runtime.app import OK, create_app
from shared.runtime.authorities import read_authorities
from shared.runtime.clock import Clock, utc_now
from shared.runtime.database import Database, migrate, open_database
from shared.runtime.edge import Edge
from shared.runtime.keystore import Keystore, KeystoreError
from shared.runtime.principals import Assertions
from shared.runtime.settings import EXIT_CONFIGURATION, load

# What an operator has to mend: the registry, its first file, or a setting that names a role.
UNUSABLE = (FoundingError, RegistryError, admission.UnknownRoleError)
THREADS = 128  # calls that may wait for a service or the database at once; for peers: `lanes`


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """The two apps of the process; the threads live as long as the public one."""

    public: ASGIApp
    internal: ASGIApp
    listening: Listening


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    database: Database
    directory: Directory
    denials: Denials
    listening: Listening
    upstream: Upstream
    entrance: Entrance
    issuer: Issuer
    delivery: Delivery


def create(settings: GatewaySettings, *, clock: Clock = utc_now) -> Gateway:
    """Compose both apps."""
    keystore = Keystore.open(settings.keystore, settings.passphrase_file)
    parts = _compose(settings, keystore, clock)
    internal = create_app(
        "Rogatory gateway, inside", routers=[egress.router], readiness=lambda: _ready(parts)
    )
    keys = settings.internal_keys
    guard.place(internal, "gateway", routers=[egress.router], keys=keys, clock=clock)
    internal.state.directory, internal.state.delivery = parts.directory, parts.delivery
    internal.state.timekeepers = Timekeepers(read_authorities(settings.time_authorities))
    internal.state.lanes = Lanes()
    internal.state.witnesses = Witnesses(
        parts.directory,
        country=settings.country,
        own=settings.gateway_url,
        anchors=settings.witness_anchors,
    )
    public = Recording(_public(settings, parts), parts.entrance)
    return Gateway(public=Edge(public), internal=Edge(internal), listening=parts.listening)


def _compose(settings: GatewaySettings, keystore: Keystore, clock: Clock) -> _Parts:
    database = open_database(settings.database_url("gateway"))
    migrate(database, "services.gateway.migrations")
    directory = Directory(
        url=settings.directory_url,
        context=http.pinned_file(settings.directory_ca),
        root=settings.root.read_bytes(),
        folder=settings.data / "trust",
        clock=clock,
        country=settings.country,
        report=reporter(database, clock),
    )
    assertions = Assertions.load("gateway", keystore, clock)
    issuer = _issuer(settings, keystore, directory, database=database, clock=clock)
    upstream = Upstream(
        {"exchange": settings.exchange_url, "audit": settings.audit_url}, assertions
    )
    edge = Listening(settings)
    denials = Denials(database, deliver=upstream.record, clock=clock, closures=edge.refused)
    return _Parts(
        database=database,
        directory=directory,
        denials=denials,
        listening=edge,
        upstream=upstream,
        entrance=Entrance(
            authenticator=_authenticator(issuer, settings),
            denials=denials,
            rates=issuer.rates,
            officer_roles=admission.read_roles(settings.officer_required),
        ),
        issuer=issuer,
        delivery=Delivery(_identity(settings, keystore), directory=directory, clock=clock),
    )


def _issuer(
    settings: GatewaySettings,
    keystore: Keystore,
    directory: Directory,
    *,
    database: Database,
    clock: Clock,
) -> Issuer:
    rings = Rings.open(database, keystore, clock)
    return Issuer(
        url=settings.gateway_url,
        keys=TokenKeys(rings),
        binds_certificates=settings.gateway_listen.startswith("unix:"),
        registry=Registry(
            founding.found(settings.clients, database, country=settings.country, clock=clock),
            country=settings.country,
            directory=directory,
            clock=clock,
        ),
        provers=Provers.open(settings.database_url("gateway"), database, rings.nonces, clock),
        rates=rates.configured(settings),
        clock=clock,
    )


def _authenticator(issuer: Issuer, settings: GatewaySettings) -> Authenticator:
    return Authenticator(
        issuer=issuer.url,
        keys=issuer.keys,
        registry=issuer.registry,
        provers=issuer.provers,
        clock=issuer.clock,
        externals=read_issuers(settings.external_issuers, own=issuer.url),
    )


def _identity(settings: GatewaySettings, keystore: Keystore) -> Identity:
    return Identity(
        client_id=settings.gateway_url,
        assertion_key=_jwk(keystore, "peer-client"),
        proof_key=_jwk(keystore, "peer-dpop"),
    )


def _public(settings: GatewaySettings, parts: _Parts) -> FastAPI:
    clock = parts.issuer.clock
    office = Office(database=parts.database, country=settings.country, clock=clock)
    app = create_app(
        "Rogatory gateway",
        routers=[oauth.router, pages.router, api.router],
        readiness=lambda: _ready(parts),
        lifespan=lambda _app: _living(parts, office),
    )
    host = urlsplit(settings.gateway_url).netloc.lower()
    app.add_middleware(FormRules, host=host, entrance=parts.entrance)
    app.state.entrance, app.state.issuer = parts.entrance, parts.issuer
    app.state.describer = Describer(
        ask=parts.upstream.offered, url=settings.gateway_url, clock=parts.issuer.clock
    )
    app.state.listening = parts.listening
    app.state.upstream, app.state.directory = parts.upstream, parts.directory
    app.state.denials, app.state.turns = parts.denials, Turns()
    app.state.office = office
    operations.install(
        app,
        settings,
        database=parts.database,
        directory=parts.directory,
        delivery=parts.delivery,
        clock=parts.issuer.clock,
    )
    app.state.log_standing = LogStanding(parts.upstream.log_stands)
    return app


@asynccontextmanager
async def _living(parts: _Parts, office: Office) -> AsyncIterator[None]:
    """Run the threads of the gateway as long as its public app lives."""
    keepers = (parts.issuer.keys.rings.crew(), keywatch.crew(office))
    for keeper in keepers:
        keeper.start()
    anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
    parts.directory.start()
    parts.denials.start()
    yield
    await asyncio.to_thread(parts.directory.stop)
    await asyncio.to_thread(parts.listening.stop)
    await asyncio.to_thread(parts.denials.stop)
    for keeper in keepers:
        await asyncio.to_thread(keeper.stop)
    await parts.upstream.close()
    parts.database.close()
    parts.issuer.provers.marks.close()


def _ready(parts: _Parts) -> Mapping[str, str]:
    """An expired directory stops peers, not the node; none at all, or a wrong clock, means not ready."""
    state = parts.directory.state
    return {"directory": state.value if state in {State.EMPTY, State.CLOCK_BEHIND} else OK}


def _jwk(keystore: Keystore, name: str) -> jose.Jwk:
    value = canonical.read(keystore.get(name))
    if not isinstance(value, dict):
        raise KeystoreError(f"key {name}: this is not a JWK")
    return value


def main() -> None:
    """Serve until told to stop."""
    settings = load(GatewaySettings)
    logs.configure("gateway", settings.log_level)
    try:
        gateway = create(settings)
    except UNUSABLE as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(EXIT_CONFIGURATION)
    server.run(
        gateway.listening.serve(gateway.public),
        server.make_server(gateway.internal, settings.gateway_internal_listen),
    )
