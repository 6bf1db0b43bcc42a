"""OpenAPI 3.1, made from the routes and their structs: it cannot drift from what is served."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec.structs import fields

from channels.route import EVERYONE, PUBLIC, Document, Route
from channels.wire import ProblemView

REFERENCE = "#/components/schemas/{name}"
# Every problem has the same form: see channels/outcome.py for which says what.
PROBLEMS = {
    400: "The request is malformed; the problem names the field",
    401: "No valid API key",
    402: "Not sufficient funds",
    403: "The key may not do this",
    404: "Not there, or not yours",
    409: "The wrong state for this, or declined",
    408: "The body did not come in time",
    413: "The body is too large",
    422: "Understood, and cannot be done",
    429: "Too often; wait for as long as Retry-After says",
    503: "Try again, with the same key",
}


def document(routes: Sequence[Route], version: str) -> dict[str, Any]:
    bodies = [route.body for route in routes if route.body]
    answers = [kind for route in routes for kind in route.answers.values()]
    named = [kind for kind in [*bodies, *answers] if kind is not Document]
    kinds = list(dict.fromkeys([*named, ProblemView]))
    schemas, components = msgspec.json.schema_components(kinds, ref_template=REFERENCE)
    by_kind = dict(zip(kinds, schemas, strict=True))
    by_kind[Document] = {"type": "string"}
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        operation = _operation(route, by_kind)
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    paths["/v1/events"] = {"get": _events(by_kind[ProblemView])}
    paths["/v1/terminal"] = {"get": _terminal(by_kind[ProblemView])}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Airside", "version": version, "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route, schemas: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": route.summary,
        "operationId": _operation_id(route),
        "tags": [route.path.split("/")[2]],
        "parameters": _parameters(route),
        "responses": _responses(route, schemas),
    }
    if PUBLIC not in route.scopes:
        operation["security"] = [{"key": sorted(route.scopes)}]
    if route.body:
        operation["requestBody"] = {
            "required": any(field.required for field in fields(route.body)),
            "content": {route.takes: {"schema": schemas[route.body]}},
        }
    return operation


def _operation_id(route: Route) -> str:
    words = route.path.removeprefix("/v1/").replace("{", "").replace("}", "").split("/")
    return "_".join([route.method.lower(), *words]).replace("-", "_")


def _parameters(route: Route) -> list[dict[str, Any]]:
    names = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in names
    ]
    if route.keyed:
        parameters.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "schema": {"type": "string", "pattern": "^[A-Za-z0-9._:-]{1,64}$"},
            }
        )
    parameters += [
        {
            "name": name,
            "in": "query",
            "description": meaning,
            "schema": {"type": "string"}
            if name in route.texts
            else {"type": "integer", "minimum": 0},
        }
        for name, meaning in route.query.items()
    ]
    return parameters


def _responses(route: Route, schemas: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    answers = {
        str(status): {
            "description": _DESCRIPTIONS[status],
            "content": {route.gives: {"schema": schemas[kind]}},
        }
        for status, kind in route.answers.items()
    }
    return answers | _refusals(_problems(route), schemas[ProblemView])


def _refusals(statuses: Iterable[int], schema: dict[str, Any]) -> dict[str, Any]:
    return {
        str(status): {
            "description": PROBLEMS[status],
            "content": {"application/problem+json": {"schema": schema}},
        }
        for status in sorted(statuses)
    }


def _problems(route: Route) -> set[int]:
    """What a route refuses: its own reasons, and those that its shape brings with it."""
    statuses = {*route.problems, 429, 503}
    if PUBLIC not in route.scopes:
        statuses |= {401, 403}
    if route.body:
        statuses |= {400, 408, 413}
    if route.keyed:
        statuses |= {400, 422}
    if "{" in route.path:
        statuses |= {404}
    return statuses


def _events(problem: dict[str, Any]) -> dict[str, Any]:
    """A call that is no route: its answer has no end."""
    return {
        "summary": "What happens, to those who may know, as server-sent events",
        "operationId": "get_events",
        "tags": ["events"],
        "security": [{"key": sorted(EVERYONE)}],
        "parameters": [
            {"name": "Last-Event-ID", "in": "header", "schema": {"type": "string"}}
        ],
        "responses": {
            "200": {
                "description": "A stream of payment, transfer and account events",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            },
            **_refusals([401, 403, 429, 503], problem),
        },
    }


def _terminal(problem: dict[str, Any]) -> dict[str, Any]:
    """The other: what follows is a conversation (gateway/terminal_socket.py)."""
    return {
        "summary": "One connection for many requests: a WebSocket, subprotocol airside.v1",
        "operationId": "get_terminal",
        "tags": ["terminal"],
        "security": [{"key": sorted(EVERYONE)}],
        "responses": {
            "101": {
                "description": "Lines of JSON from here on: docs/terminal-connection.md"
            },
            **_refusals([400, 401, 403, 429, 503], problem),
        },
    }


_DESCRIPTIONS = {
    200: "Done",
    201: "Made",
    202: "Not known yet, or not finished: look again",
    402: "Declined; the payment says why",
}
