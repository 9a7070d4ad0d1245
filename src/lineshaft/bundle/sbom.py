"""CycloneDX 1.6 bill of materials: the graph as a machine-learning model, and the software that runs it.

Written from the specification (ecma-424): the reference library has no model card, brings seven packages, and
puts a random serial number and a clock into what must be the same bytes for the same content.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
import uuid
from email.message import Message
from importlib import metadata
from pathlib import Path
from typing import Any, cast

import lineshaft
from lineshaft.core.manifest import Manifest
from lineshaft.core.step import Port

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SERIALS = uuid.uuid5(uuid.NAMESPACE_DNS, "sbom.lineshaft")


def sbom(manifest: Manifest, graph: bytes) -> bytes:
    """The document; the same manifest, graph and installed versions give the same bytes."""
    closure = _closure("lineshaft")
    model = _model(manifest, graph)
    body = {
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": "bundle", "name": manifest.loop,
                                   "version": str(manifest.version)}},
        "components": [model, *(_library(name) for name in sorted(closure))],
        "dependencies": [
            {"ref": "bundle", "dependsOn": [model["bom-ref"], _reference("lineshaft")]},
            *({"ref": _reference(name), "dependsOn": sorted(map(_reference, needs))}
              for name, needs in sorted(closure.items())),
        ],
    }
    serial = uuid.uuid5(_SERIALS, hashlib.sha256(_encode(body)).hexdigest())
    return _encode({"serialNumber": f"urn:uuid:{serial}", **body})


def _model(manifest: Manifest, graph: bytes) -> dict[str, Any]:
    signature, lineage = manifest.signature, manifest.lineage
    inputs = (Port("x", (signature.channels,)), Port("quality", (signature.channels,)))
    return {
        "type": "machine-learning-model", "bom-ref": "graph.onnx", "name": f"{manifest.loop} {manifest.task}",
        "version": str(manifest.version), "mime-type": "application/octet-stream",
        "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(graph).hexdigest()}],
        "modelCard": {
            "modelParameters": {
                "task": manifest.task, "architectureFamily": lineage.learner,
                                "modelArchitecture": "ONNX step graph",
                "datasets": [{"type": "dataset", "name": lineage.dataset}],
                "inputs": [{"format": _format(port)} for port in inputs],
                "outputs": [{"format": _format(port)} for port in signature.outputs],
            },
            "quantitativeAnalysis": {"performanceMetrics": [
                {"type": name, "value": f"{value:.6g}"} for name, value in sorted(manifest.figures.items())]},
        },
    }


def _format(port: Port) -> str:
    return f"{port.name}: float32[{','.join(['assets', *map(str, port.shape)])}]"


def _library(name: str) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "library", "bom-ref": _reference(name), "name": name,
                             "version": _version(name), "purl": _reference(name)}
    if licence := _licence(name):
        found["licenses"] = [licence]
    return found


def _licence(name: str) -> dict[str, Any] | None:
    if name == "lineshaft":
        return {"expression": "Apache-2.0"}
    about = _about(name)
    if expression := about.get("License-Expression"):
        return {"expression": expression}
    classifiers = about.get_all("Classifier", ())
    stated = [line.rpartition(" :: ")[2] for line in classifiers if line.startswith("License ::")]
    if (text := about.get("License")) and "\n" not in text:
        stated.append(text)
    return {"license": {"name": stated[0]}} if stated else None


def _about(name: str) -> Message:
    """The metadata as the e-mail message that it is; a backport of it raises where a key is absent, so use ``get``."""
    return cast(Message, metadata.metadata(name))


def _closure(root: str) -> dict[str, list[str]]:
    """What each installed package of the base install needs, the root's own needs among them."""
    found: dict[str, list[str]] = {}
    pending = [root]
    while pending:
        name = pending.pop()
        if name not in found:
            found[name] = sorted({need for need in map(_name, _requirements(name)) if _installed(need)})
            pending += found[name]
    return found


def _requirements(name: str) -> list[str]:
    """Requirements of the base install; those behind an extra are somebody else's choice."""
    if name == "lineshaft" and not _installed(name):
        written = tomllib.loads((Path(lineshaft.__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
        return [str(need) for need in written["project"]["dependencies"]]
    return [need for need in metadata.requires(name) or () if "extra ==" not in need]


def _name(requirement: str) -> str:
    match = _NAME.match(requirement)
    return re.sub(r"[-_.]+", "-", match[0]).lower() if match else ""


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except (metadata.PackageNotFoundError, ValueError):
        return False  # behind a marker for another platform or Python
    return True


def _version(name: str) -> str:
    return lineshaft.__version__ if name == "lineshaft" else metadata.version(name)


def _reference(name: str) -> str:
    """Package URL (purl-spec) of an installed distribution."""
    return f"pkg:pypi/{name}@{_version(name)}"


def _encode(body: dict[str, Any]) -> bytes:
    return json.dumps(body, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"
