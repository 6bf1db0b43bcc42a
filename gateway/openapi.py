"""OpenAPI 3.1, made from the routes and their structs: it cannot drift from what is served."""

from collections.abc import Sequence
from typing import Any

import msgspec

from channels.route import PUBLIC, Route
from channels.wire import ProblemView, UnknownView

REFERENCE = "#/components/schemas/{name}"
# What any route may answer besides its own: see channels/outcome.py.
PROBLEMS = {
    400: "The request is malformed; the problem names the field",
    401: "No valid API key",
    402: "Not sufficient funds",
    403: "The key may not do this",
    404: "Not there, or not yours",
    409: "The wrong state for this",
    413: "The body is too large",
    422: "Understood, and cannot be done",
    503: "Try again with the same key",
}


def document(routes: Sequence[Route], version: str) -> dict[str, Any]:
    bodies = [route.body for route in routes if route.body]
    answers = [kind for route in routes for kind in route.answers.values()]
    kinds = list(dict.fromkeys([*bodies, *answers, ProblemView, UnknownView]))
    schemas, components = msgspec.json.schema_components(kinds, ref_template=REFERENCE)
    by_kind = dict(zip(kinds, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        operation = _operation(route, by_kind)
        paths.setdefault(route.path, {})[route.method.lower()] = operation
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
            "required": bool(route.body.__struct_fields__),
            "content": {"application/json": {"schema": schemas[route.body]}},
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
    return parameters


def _responses(route: Route, schemas: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    responses: dict[str, Any] = {
        str(status): {
            "description": _DESCRIPTIONS[status],
            "content": {"application/json": {"schema": schemas[kind]}},
        }
        for status, kind in route.answers.items()
    }
    for status, description in PROBLEMS.items():
        responses.setdefault(
            str(status),
            {
                "description": description,
                "content": {"application/problem+json": {"schema": schemas[ProblemView]}},
            },
        )
    return responses


_DESCRIPTIONS = {
    200: "Done",
    201: "Made",
    202: "Accepted, not finished yet",
    402: "Declined; the payment says why",
}
