"""The OpenAPI document, and the page that shows it: Swagger UI from our own disk, no request elsewhere."""

from importlib import resources

from anyio import to_thread
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from services.gateway.describing import Describer

router = APIRouter()

HELD = "max-age=300"  # seconds; what the page is made of changes with a release
# The page takes scripts, shapes and data from this gateway alone. It draws its icons from `data:`.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {"Content-Security-Policy": POLICY, "Cache-Control": HELD}
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Rogatory gateway</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" type="image/png" href="/docs/favicon.png">
<div id="page"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</html>
"""
# Calls need a proof for each, which no page can make: it shows and does not call.
START = """SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#page",
  deepLinking: true,
  docExpansion: "list",
  supportedSubmitMethods: [],
  validatorUrl: null,
});
"""
PARTS = ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png")


@router.get("/openapi.json")
async def document(request: Request) -> Response:
    """All that the gateway offers."""
    describer: Describer = request.app.state.describer
    content = await to_thread.run_sync(describer.document)
    return Response(content, headers={"Cache-Control": HELD}, media_type="application/json")


@router.get("/docs")
def page() -> Response:
    """The same, for people."""
    return Response(PAGE, headers=HEADERS, media_type="text/html")


@router.get("/docs/start.js")
def start() -> Response:
    """What the page begins with; nothing is written into the page itself."""
    return Response(START, headers=HEADERS, media_type="text/javascript")


def part(request: Request) -> Response:
    """A file of Swagger UI, as the package fastapi-offline has it."""
    name = request.scope["path"].rpartition("/")[2]
    with resources.as_file(resources.files("fastapi_offline") / "static" / name) as path:
        return FileResponse(path, headers=HEADERS)


for each in PARTS:
    router.add_route(f"/docs/{each}", part, methods=["GET"])
