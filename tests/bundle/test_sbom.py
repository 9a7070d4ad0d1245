"""The bill of materials passes CycloneDX's own strict schema and names what runs."""

from __future__ import annotations

import json

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from tests.bundle.conftest import manifest_of, step_graph

from lineshaft.bundle.oci import digest
from lineshaft.bundle.sbom import sbom


def test_it_passes_the_strict_schema_of_cyclonedx_1_6() -> None:
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(sbom(manifest_of(), step_graph()).decode())
    assert error is None, error


def test_the_graph_is_a_machine_learning_model_with_its_card() -> None:
    graph = step_graph()
    document = json.loads(sbom(manifest_of(), graph))
    (model,) = [part for part in document["components"] if part["type"] == "machine-learning-model"]
    assert model["hashes"] == [{"alg": "SHA-256", "content": digest(graph).removeprefix("sha256:")}]
    assert model["modelCard"]["modelParameters"]["datasets"][0]["name"] == manifest_of().lineage.dataset
    assert {"type": "f1", "value": "0.83"} in model["modelCard"]["quantitativeAnalysis"]["performanceMetrics"]


def test_the_closure_of_the_base_install_is_listed_and_nothing_of_the_extras() -> None:
    document = json.loads(sbom(manifest_of(), b"g"))
    names = {part["name"] for part in document["components"]}
    assert names >= {"lineshaft", "numpy", "onnxruntime", "msgspec", "cryptography", "cffi"}
    assert not names & {"model-signing", "scipy", "onnx", "asyncua", "duckdb", "pytest"}
    references = {part["bom-ref"] for part in document["components"]} | {"bundle"}
    for entry in document["dependencies"]:
        assert {entry["ref"], *entry["dependsOn"]} <= references


def test_the_same_content_gives_the_same_document_and_other_content_another_serial() -> None:
    first, again, other = (json.loads(sbom(manifest_of(version), b"g")) for version in (1, 1, 2))
    assert first == again
    assert first["serialNumber"] != other["serialNumber"]
