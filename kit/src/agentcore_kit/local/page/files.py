"""The files of the page, with what a browser must not do with them."""

from __future__ import annotations

import hmac
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from agentcore_kit.local.page.about import last_report, report_key

_FOLDER = Path(__file__).parent
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; frame-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_POLICY_OF_A_REPORT = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; frame-ancestors 'self'"
)
_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-cache"}


async def answer_file(request: Request) -> Response:
    """Return the file that a request asks for: the page at `/`, or one of its parts below `/page/`."""
    name = "page.html" if request.url.path == "/" else request.url.path.removeprefix("/page/")
    path = _FOLDER / name
    if "/" in name or path.suffix not in _TYPES or not path.is_file():
        return JSONResponse({"error": "there is no such part of the page"}, 404)
    if request.method not in ("GET", "HEAD"):
        return JSONResponse({"error": "only GET"}, 405, {"Allow": "GET, HEAD"})
    return FileResponse(path, media_type=_TYPES[path.suffix], headers={"Content-Security-Policy": _POLICY, **_HEADERS})


async def answer_report(request: Request) -> Response:
    """Return the report of the last evaluation, to who has its address: it has styles of its own, and runs nothing."""
    path = last_report()
    key = request.path_params["key"]
    if path is None or not hmac.compare_digest(key.encode(), report_key().encode()):
        return JSONResponse({"error": "there is no such report"}, 404)
    return FileResponse(
        path, media_type="text/html", headers={"Content-Security-Policy": _POLICY_OF_A_REPORT, **_HEADERS}
    )
