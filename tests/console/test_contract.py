"""The REST API is documented, and its own pages use what is documented and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from tests.console.scripts import HOLE, scripts

from lineshaft.app.console.server import routers

METHODS = {"get": "get", "useGet": "get", "link": "get", "post": "post", "put": "put", "remove": "delete"}
"""How the pages' functions ask."""


def operations(contract: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in contract["paths"].items():
        for method, told in item.items():
            yield path, method, told


def test_every_route_is_in_the_contract_under_its_version(contract: dict[str, Any]) -> None:
    shown = {(path, method.upper()) for path, method, _ in operations(contract)}
    ours = [route for router in routers() for route in router.routes if isinstance(route, APIRoute)]
    assert ours
    for route in ours:
        assert {(route.path, method) for method in route.methods or ()} <= shown
        assert route.path.startswith("/api/v1/")


def test_a_method_that_is_not_possible_is_answered_with_those_that_are(app: FastAPI) -> None:
    with TestClient(app, base_url="http://127.0.0.1") as client:
        answer = client.delete("/api/v1/account")
    assert answer.status_code == 405 and answer.headers["allow"] == "GET, POST"
    assert answer.json()["error"].startswith("/api/v1/account")


def test_every_operation_says_what_it_does_and_what_it_answers(contract: dict[str, Any]) -> None:
    for path, method, told in operations(contract):
        assert told.get("description"), (method, path)
        good = {code: answer for code, answer in told["responses"].items() if code[0] in "23"}
        assert good, (method, path)
        for code, answer in good.items():
            kinds = answer.get("content", {})
            assert code in ("204", "303") or kinds, (method, path)
            assert kinds.get("application/json", {}).get("schema") != {}, f"{method} {path} answers something untyped"


def test_every_operation_can_fail_only_with_a_sentence(contract: dict[str, Any]) -> None:
    for path, method, told in operations(contract):
        for code, answer in told["responses"].items():
            if code[0] in "45" and code != "422" and list(answer["content"]) != ["text/html"]:
                assert answer["content"]["application/json"]["schema"]["$ref"].endswith("/Failure"), (method, path)
        assert "422" not in told["responses"], f"{method} {path}: a request that is not understood is answered with 400"


def test_pages_ask_only_what_is_documented(contract: dict[str, Any]) -> None:
    known = {(method, re.sub(r"\{\w+\}", "x", path)) for path, method, _ in operations(contract)}
    unknown = []
    for script in scripts():
        for name, method in METHODS.items():
            asked = [piece for call in script.calls(name) for piece in call.pieces(0) if piece.text.startswith("/")]
            unknown += [f"{piece.place} {method} {piece.text.replace(HOLE, '${}')}" for piece in asked
                        if not documented(method, piece.text, known)]
    assert unknown == []


def documented(method: str, path: str, known: set[tuple[str, str]]) -> bool:
    wanted = re.compile("[^/]+".join(re.escape(part) for part in f"/api/v1{path}".split(HOLE)))
    return any(method == other and wanted.fullmatch(there) for other, there in known)


def test_nothing_but_the_two_doors_talks_to_the_server() -> None:
    """``lib/api.js`` and ``lib/live.js``: there are CSRF, errors, and the signs of a lost connection."""
    for script in scripts():
        used = {name for name in ("fetch", "WebSocket", "EventSource", "XMLHttpRequest") if list(script.calls(name))}
        assert used <= {"api.js": {"fetch"}, "live.js": {"WebSocket"}}.get(script.path.name, set()), script.path


def test_documented_failures_are_all_that_is_answered(contract: dict[str, Any]) -> None:
    """A failure's fields are described for whoever writes a client."""
    fields = contract["components"]["schemas"]["Failure"]["properties"]
    assert set(fields) == {"error", "what", "where", "do"}
    assert all(field["description"] for field in fields.values())
