"""OpenAPI: the interface in the words of the bundle that is served."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.serving.canary import CONTROL, TREATMENT


def interface(row: Mapping[str, Any], version: str, *, is_canary: bool = False) -> dict[str, Any]:
    """OpenAPI 3.1 description of the routes.

    Args:
        row: JSON Schema of one row, with an example.
        version: What answers.
        is_canary: Whether two versions answer, each row by itself.
    """
    schema = {name: value for name, value in row.items() if name != "$schema"}
    many = {"type": "array", "items": {"$ref": "#/components/schemas/Row"}, "minItems": 1}
    answer: dict[str, Any] = {
        "type": "object",
        "properties": {
            "score": {"type": "number"},
            "alert": {"type": "boolean"},
            "scores": {"type": "array", "items": {"type": "number"}},
            "alerts": {"type": "array", "items": {"type": "boolean"}},
            "threshold": {"type": "number"},
            "version": {"type": "string"},
        },
        "required": ["threshold", "version"],
    }
    if is_canary:
        named = {
            "variant": {"enum": [CONTROL, TREATMENT], "description": "what the key is assigned to"},
            "fallback": {"const": True, "description": "the champion answered for the challenger"},
        }
        answers = {"type": "array", "items": {"type": "object"}}
        answer = {
            "type": "object",
            "properties": answer["properties"] | named | {"answers": answers},
        }
    refusal = {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}
    refused = {
        status: {
            "description": what,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}},
        }
        for status, what in {
            "400": "no JSON",
            "401": "no API key, or another",
            "413": "too many rows or bytes",
            "422": "rows that cannot be scored",
            "503": "no bundle is loaded",
        }.items()
    }
    body = {"anyOf": [{"$ref": "#/components/schemas/Row"}, many]}
    score = {
        "summary": "Score one row, or a list of rows",
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {
            "200": {
                "description": "scores",
                "content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/Answer"}}
                },
            },
            **refused,
        },
    }
    ok = {"200": {"description": "as asked"}}
    gets = {
        "/health": "Whether the process answers",
        "/ready": "Whether a bundle is loaded",
        "/metadata": "What answers",
        "/metrics": "Figures for Prometheus",
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "harness", "version": version},
        "paths": {
            "/score": {"post": score},
            **{path: {"get": {"summary": what, "responses": ok}} for path, what in gets.items()},
        },
        "components": {"schemas": {"Row": schema, "Answer": answer, "Refusal": refusal}},
    }
