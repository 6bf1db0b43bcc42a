"""What the app keeps on a phone, so that it opens without a network: its pages and all they import.

The list is found by following the files themselves, so none is forgotten; its version is a digest
of their content, so a phone takes new files together, never some of today and some of yesterday.
"""

import hashlib
import json
import posixpath
import re
from collections.abc import Mapping

SHELL_PAGES = ("/wallet", "/pay")
# What the pages fetch without an import.
_ALSO = ("/static/app.webmanifest",)

_IN_HTML = re.compile(r'(?:src|href)="(/static/[^"]+)"')
_IN_JS = re.compile(
    r'^(?:import|export)[^"]*"(\.{1,2}/[^"]+)"|^\} from "(\.{1,2}/[^"]+)"', re.MULTILINE
)


def shell_files(files: Mapping[str, bytes]) -> list[str]:
    """files: the body of each by its path. The paths of those that the app needs, in order."""
    needed: set[str] = set()
    waiting = [*SHELL_PAGES, *_ALSO]
    while waiting:
        path = waiting.pop()
        if path in needed:
            continue
        needed.add(path)
        waiting += _needs(path, files[path])
    return sorted(needed)


def service_worker(script: bytes, files: Mapping[str, bytes]) -> bytes:
    """The script, with the files that it keeps and their version before it."""
    paths = shell_files(files)
    digest = hashlib.sha256(b"".join(files[path] for path in paths)).hexdigest()
    shell = json.dumps({"version": digest[:16], "paths": paths})
    return f"const SHELL = {shell};\n".encode() + script


def _needs(path: str, body: bytes) -> list[str]:
    if path.startswith("/static/") and not path.endswith(".js"):
        return []
    text = body.decode()
    if not path.endswith(".js"):
        return _IN_HTML.findall(text)
    folder = posixpath.dirname(path)
    return [
        posixpath.normpath(posixpath.join(folder, one or other))
        for one, other in _IN_JS.findall(text)
    ]
