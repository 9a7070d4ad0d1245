"""The REST API of a real console over a real project, asked by a machine that tries everything the contract allows.

And much that it forbids: whatever is asked, the answer is one that the contract names, and a failure is a sentence.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig
from tests.browser.system import System

from lineshaft.app.console.context import Console
from lineshaft.app.console.door import OpenDoor
from lineshaft.app.console.server import make_app

EXAMPLES = 6
SENTENCE = {"error", "what", "where", "do"}
# Without accounts everybody is admin, so there is no login to leave out. Values may be typed as they should be and
# still name no tag, or end before they start: 400 says so.
CHECKS = {"ignored_auth": {"enabled": False}, "object_level_authorization": {"enabled": False},
          "positive_data_acceptance": {"expected-statuses": ["2xx", "3xx", "4xx", "503"]},
          "not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", "503"]}}


def contract() -> schemathesis.BaseSchema:
    """The document, from an application that serves nothing: it is the same for every project."""
    app = make_app(Console(Path("nowhere"), OpenDoor()))
    return schemathesis.openapi.from_dict(app.openapi(), config=SchemathesisConfig.from_dict(
        {"checks": CHECKS, "phases": {"coverage": {"unexpected-methods": ["DELETE", "PUT"]}}}))


schema = contract()


@dataclass(frozen=True, slots=True)
class Served:
    """A console that may be broken: nobody else uses its project."""

    url: str
    token: str


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A system of its own, since what is asked of it may stop the node or rewrite the project's file."""
    with System(tmp_path_factory.mktemp("api")) as system:
        with urlopen(f"{system.url}/api/v1/session", timeout=60) as answer:
            token = json.load(answer)["token"]
        yield Served(system.url, token)


def sentence(ctx: Any, response: Any, case: Any) -> None:
    """A failure is for people, in the shape that the contract gives it."""
    if response.status_code < 400 or response.headers["content-type"][0].startswith("text/html"):
        return  # a page is one of those that the contract names
    assert response.headers["content-type"][0] == "application/json", response.text
    told = response.json()
    assert set(told) == SENTENCE and told["what"] and told["what"] in told["error"], told
    assert "Traceback" not in told["error"], told


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_whatever_is_asked_the_answer_is_in_the_contract(case: schemathesis.Case[Any], served: Served) -> None:
    case.call_and_validate(base_url=served.url, headers={"X-CSRF-Token": served.token}, timeout=30,
                           additional_checks=[sentence])
