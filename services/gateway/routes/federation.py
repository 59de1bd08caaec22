"""What the gateway says of the federation itself: a mirror for anybody, a refresh for operators."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from services.gateway.directory import Directory
from services.gateway.refreshing import FAILURES, REFUSALS
from services.gateway.troubles import reason_of
from shared.runtime import logs
from shared.runtime.refusals import BadUpstream, Unavailable

MIRROR = "/federation/"
JSON, TOML = "application/json", "application/toml"


def mirrored(request: Request) -> Response:
    """Serve a file of the trust repository as we verified it last; it proves itself."""
    directory: Directory = request.app.state.directory
    path = request.scope["path"].removeprefix(MIRROR)
    return Response(directory.file(path), media_type=TOML if path.endswith(".toml") else JSON)


def bundle(request: Request) -> Response:
    """Give the trust bundle."""
    directory: Directory = request.app.state.directory
    return Response(directory.bundle(), media_type=JSON)


def refresh(request: Request) -> Response:
    """Refresh the view now, and say how it stands.

    Raises:
        BadUpstream: what the directory answers does not hold; the view of before stays.
        Unavailable: nobody answers, or another refresh goes on.
    """
    directory: Directory = request.app.state.directory
    try:
        directory.refresh()
    except REFUSALS as error:
        raise BadUpstream(
            "directory_refused",
            f"What the directory answers does not hold ({reason_of(error)}); the view before stays.",
            next_step="Call the operators of the directory; look for an attacker between.",
            reason=reason_of(error),
        ) from error
    except FAILURES as error:
        logs.log().warning("directory_not_reached", error=str(error))
        raise Unavailable(
            "directory_unreachable",
            "Neither the directory nor a mirror of it answers.",
            next_step="Check the connection; the view before stays until it expires.",
        ) from error
    return JSONResponse(directory.health())
