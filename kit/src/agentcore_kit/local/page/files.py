"""The files of the page, with what a browser must not do with them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response

_SHARED = Path(__file__).parent / "browser"
_TYPES = {".css": "text/css", ".js": "text/javascript"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; frame-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-cache"}


def answers_files(folder: Path, also: Sequence[Path] = ()) -> Callable[[Request], Awaitable[Response]]:
    """Return what answers with the page at `/`, and with its parts below `/page/`.

    Args:
        folder: What is one kind's own. What is not there is looked for in what all pages share.
        also: Files of another kind's page that this one uses.
    """
    loader = FileSystemLoader([folder, _SHARED])
    page = Environment(loader=loader, autoescape=True).get_template("page.html.jinja").render()
    files = [*also, *_SHARED.iterdir(), *folder.iterdir()]
    parts = {path.name: path for path in files if path.suffix in _TYPES}
    headers = {"Content-Security-Policy": _POLICY, **HEADERS}

    async def answer(request: Request) -> Response:
        name = request.scope["path"].removeprefix("/page/")
        if name != "/" and name not in parts:
            return JSONResponse({"error": "there is no such part of the page"}, 404)
        if request.method not in ("GET", "HEAD"):
            return JSONResponse({"error": "only GET"}, 405, {"Allow": "GET, HEAD"})
        if name == "/":
            return HTMLResponse(page, headers=headers)
        return FileResponse(parts[name], media_type=_TYPES[parts[name].suffix], headers=headers)

    return answer
