"""The pages of the web channel: files, read once at start. No build step, nothing from outside."""

from pathlib import Path

import msgspec

STATIC = Path(__file__).parent / "static"
# Served at these paths; everything else of the folder stands under /static/.
PAGES = {
    "/": "start.html",
    "/wallet": "wallet.html",
    "/till": "till.html",
    "/pay": "pay.html",
    "/docs": "docs.html",
    "/agents": "agent.html",
    "/agents/docs": "agents_docs.html",
    "/agencies": "agencies.html",
    "/terminals": "terminals.html",
    "/business": "business.html",
    "/flight": "flight.html",
    "/flights": "flights.html",
}
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
    return pages


def _page(path: str, file: Path) -> Page:
    return Page(path, CONTENT_TYPES[file.suffix], file.read_bytes())
