"""The pages of the web channel: files, read once at start. No build step, nothing from outside."""

from pathlib import Path

import msgspec

from channels.web.icon import draw_icon
from channels.web.shell import service_worker

STATIC = Path(__file__).parent / "static"
# Served at these paths; everything else of the folder stands under /static/.
PAGES = {
    "/": "start.html",
    "/wallet": "wallet.html",
    "/till": "till.html",
    "/pay": "pay.html",
    "/counter": "counter.html",
    "/docs": "docs.html",
    "/agents": "agent.html",
    "/agents/docs": "agents_docs.html",
    "/agencies": "agencies.html",
    "/terminals": "terminals.html",
    "/business": "business.html",
    "/flight": "flight.html",
    "/flights": "flights.html",
}
# At the root, because a service worker answers only for what stands below it.
SERVICE_WORKER = "/service_worker.js"
# What Android and iOS ask for.
ICON_SIDES_PX = (180, 192, 512)
CONTENT_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
# Pages run our own files only; a code that is drawn comes as a data URI.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none';"
    " frame-ancestors 'none'; form-action 'self'"
)


class Page(msgspec.Struct, frozen=True):
    path: str
    content_type: str
    body: bytes


def load_pages(folder: Path = STATIC) -> list[Page]:
    pages = [_page(path, folder / name) for path, name in PAGES.items()]
    assets = (path for path in sorted(folder.rglob("*")) if path.suffix in CONTENT_TYPES)
    pages += [
        _page(f"/static/{path.relative_to(folder).as_posix()}", path)
        for path in assets
        if path.suffix != ".html"
    ]
    pages += [_icon(side_px) for side_px in ICON_SIDES_PX]
    script = next(page for page in pages if page.path == "/static/js/service_worker.js")
    worker = service_worker(script.body, {page.path: page.body for page in pages})
    return [*pages, Page(SERVICE_WORKER, CONTENT_TYPES[".js"], worker)]


def _icon(side_px: int) -> Page:
    return Page(f"/static/icon-{side_px}.png", "image/png", draw_icon(side_px))


def _page(path: str, file: Path) -> Page:
    return Page(path, CONTENT_TYPES[file.suffix], file.read_bytes())
