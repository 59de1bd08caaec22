"""The repository as files: anyone may read, anyone may mirror, every file is signed."""

import re
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response

from shared.runtime.refusals import NotFound

router = APIRouter()
JSON = "application/json"

# Names without a path: what a TUF client asks for and nothing else.
_METADATA = re.compile(r"(timestamp|[0-9]{1,9}\.(root|snapshot|targets|country-[A-Z]{2}))\.json")
_PROFILE = re.compile(r"[0-9a-f]{64}\.[A-Z]{2}-[A-Z]{2}\.toml")
_TARGET = re.compile(r"[0-9a-f]{64}\.[A-Z]{2}\.json")


@router.get("/metadata/{name}")
def metadata(name: str, request: Request) -> Response:
    """Serve a metadata file."""
    return _file(request, "metadata", name, _METADATA)


@router.get("/targets/members/{name}")
def target(name: str, request: Request) -> Response:
    """Serve a member document by its digest."""
    return _file(request, "targets/members", name, _TARGET)


@router.get("/targets/pairs/{name}")
def profile(name: str, request: Request) -> Response:
    """Serve the profile of a pair of countries by its digest."""
    return _file(request, "targets/pairs", name, _PROFILE, "application/toml")


def _file(
    request: Request, part: str, name: str, names: re.Pattern[str], media: str = JSON
) -> Response:
    folder: Path = request.app.state.repository
    path = folder / part / name
    if not names.fullmatch(name) or not path.is_file():
        raise NotFound("no_such_file", "The repository has no such file.")
    return Response(path.read_bytes(), media_type=media)
