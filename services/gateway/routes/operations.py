"""For the operators: the ground the gateway stands on, and the way to each peer."""

from dataclasses import asdict

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from services.gateway.delivery import Delivery
from services.gateway.directory import Directory
from services.gateway.reaching import Reaching
from services.gateway.settings import GatewaySettings
from shared.runtime.clock import Clock
from shared.runtime.condition import Ground
from shared.runtime.database import Database


def install(
    app: FastAPI,
    settings: GatewaySettings,
    *,
    database: Database,
    directory: Directory,
    delivery: Delivery,
    clock: Clock,
) -> None:
    """Hang on the app what its operators look at; behind a proxy the certificate is the proxy's."""
    shown = {} if settings.tls_cert is None else {"tls": settings.tls_cert}
    app.state.ground = Ground(
        folder=settings.data, database=database, clock=clock, certificates=shown
    )
    app.state.reaching = Reaching(directory=directory, delivery=delivery)


def condition(request: Request) -> Response:
    """Tell of disk, database and certificates."""
    ground: Ground = request.app.state.ground
    return JSONResponse(asdict(ground.look()))


def reach(request: Request) -> Response:
    """Take every step to a peer and say how it went."""
    reaching: Reaching = request.app.state.reaching
    country = str(request.scope["path"]).rpartition("/")[2]
    steps = [asdict(step) for step in reaching.walk(country)]
    return JSONResponse({"country": country, "steps": steps})


OWN = {"/v1/ops/condition": condition, "/v1/ops/peers/{peer}": reach}
