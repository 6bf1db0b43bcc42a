"""schemathesis, which draws requests from the document and looks at the answers: its command line,
in a process of its own. (https://schemathesis.readthedocs.io)
"""

import sys

# Checked is what the document promises: no 5xx but 503 is in it. Not checked: that whatever breaks
# a schema is refused, for a schema cannot say all that a route knows; and that Allow names what the
# document has under a path alone: /v1/payments/lookup is also what /v1/payments/{id} matches.
CHECKS = (
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
)


def command(port: int, api_key: str, *, seed: int, examples: int, phases: str) -> list[str]:
    """examples: for each operation. A stream and a conversation are left out: they have no end."""
    return [
        *(sys.executable, "-m", "schemathesis.cli"),
        "run",
        f"http://127.0.0.1:{port}/openapi.json",
        *("--header", f"Authorization: Bearer {api_key}"),
        *("--checks", ",".join(CHECKS)),
        *("--phases", phases),
        *("--max-examples", str(examples)),
        *("--seed", str(seed)),
        *("--exclude-path", "/v1/events"),
        *("--exclude-path", "/v1/terminal"),
        *("--suppress-health-check", "all"),
        *("--warnings", "off"),
        "--continue-on-failure",
        "--no-shrink",
    ]
