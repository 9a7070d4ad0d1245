"""The bill of materials names what it should, and an audit that asked nobody is none."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from deploy.audit import verdict

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("dist") / "bill.cdx.json"
    subprocess.run([sys.executable, "-m", "deploy.sbom", str(file)], cwd=ROOT, check=True, timeout=60)
    return file.read_text("utf-8")


def test_the_bill_is_valid_cyclonedx(written: str) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(written) is None


def test_the_bill_names_the_package_and_everything_its_base_install_needs(written: str) -> None:
    told = json.loads(written)
    assert told["metadata"]["component"]["name"] == "lineshaft"
    there = {one["name"].lower(): one["version"] for one in told["components"]}
    wanted = [line.partition(">")[0] for line in
              tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]]
    assert {name: there.get(name) for name in wanted} == {name: version(name) for name in wanted}
    assert "cffi" in there and "pytest" not in there, "what a dependency needs in turn, and no tool of ours"
    [root] = [one for one in told["dependencies"] if one["ref"].startswith("pkg:pypi/lineshaft@")]
    assert {ref.partition("@")[0].rpartition("/")[2] for ref in root["dependsOn"]} == set(wanted)


SOUND: dict[str, Any] = {"name": "numpy", "version": "2.3", "vulns": []}
WEAK: dict[str, Any] = {"name": "x", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["1.1"]}]}
UNASKED: dict[str, Any] = {"name": "y", "skip_reason": "Dependency not found on PyPI and could not be audited: y (1)"}


@pytest.mark.parametrize(("found", "code", "says"), [
    ([SOUND], 0, "1 packages, no weakness known"),
    ([SOUND, WEAK], 1, "x 1: CVE-1, mended in 1.1"),
    ([WEAK, UNASKED], 1, "1 packages were not audited"),
    ([SOUND, UNASKED], 3, "not audited, since the service does not know them or can't be reached from here: y"),
    ([UNASKED] * 9, 3, "and 4 more"),
    ([], 3, ""),
    ([SOUND, {"name": "lineshaft", "skip_reason": "distribution marked as editable"}], 0, "1 packages"),
])
def test_only_an_audit_that_asked_about_every_package_is_clean(found: list[dict[str, Any]], code: int, says: str
                                                               ) -> None:
    given, lines = verdict(found)
    assert given == code
    assert says in "\n".join(lines)
