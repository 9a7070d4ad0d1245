"""What is packed comes out again, under one digest, in a form that other tools read."""

from __future__ import annotations

import json
import os
import tarfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.bundle.conftest import Parts, certificate_of, golden_sequence, manifest_of

from lineshaft.bundle import storage
from lineshaft.bundle.contents import Lowering
from lineshaft.bundle.inspect import inspect, unpack
from lineshaft.bundle.open import open_bundle
from lineshaft.bundle.pack import pack
from lineshaft.core.errors import Refused, UsageError


@pytest.mark.parametrize("name", ["bundle", "bundle.tar"])
def test_what_was_packed_is_opened_again(parts: Parts, name: str) -> None:
    packed = parts.pack(name)
    bundle = open_bundle(packed.path, trusted_keys=[parts.public])
    assert bundle.digest == packed.digest
    assert bundle.manifest == manifest_of()
    assert bundle.graph == parts.graph
    assert bundle.card == "# cell2\n"
    lowering = bundle.lowering("onnxruntime", "pc")
    assert (lowering.artifact, lowering.certificate) == (parts.graph, certificate_of(parts.graph))
    (golden,) = bundle.golden
    np.testing.assert_array_equal(golden.x, golden_sequence().x)
    np.testing.assert_array_equal(golden.outputs["score"], golden_sequence().outputs["score"])


def test_the_same_content_has_the_same_digest_in_any_form_whoever_signs_it(parts: Parts,
                                                                           other_key: Path) -> None:
    names = {parts.pack("a").digest, parts.pack("b.tar").digest, parts.pack("c", key=other_key).digest,
             parts.pack("d", signed=False).digest}
    assert len(names) == 1


def test_other_content_has_another_digest(parts: Parts) -> None:
    assert parts.pack("a").digest != parts.pack("b", manifest=manifest_of(version=2)).digest
    assert parts.pack("c").digest != parts.pack("d", golden=golden_sequence(seed=1)).digest


def test_the_order_of_mappings_does_not_change_the_digest(parts: Parts) -> None:
    manifest = manifest_of()
    turned = replace(manifest, figures=dict(reversed(manifest.figures.items())))
    assert parts.pack("a", manifest=manifest).digest == parts.pack("b", manifest=turned).digest


def test_the_folder_is_an_oci_image_layout_with_the_signature_as_referrer(parts: Parts) -> None:
    folder = parts.pack().path
    assert json.loads((folder / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    bundle, signature = json.loads((folder / "index.json").read_text())["manifests"]
    image = json.loads((folder / "blobs" / bundle["digest"].replace(":", "/")).read_text())
    assert image["artifactType"] == "application/vnd.lineshaft.bundle.v1+json"
    titles = {layer["annotations"]["org.opencontainers.image.title"]: layer for layer in image["layers"]}
    assert titles["graph.onnx"]["mediaType"] == "application/vnd.lineshaft.graph.v1+onnx"
    assert titles["sbom.cdx.json"]["mediaType"] == "application/vnd.cyclonedx+json"
    referrer = json.loads((folder / "blobs" / signature["digest"].replace(":", "/")).read_text())
    assert referrer["subject"]["digest"] == bundle["digest"]


def test_the_tar_is_read_by_any_tar(parts: Parts) -> None:
    folder, tar = parts.pack("a", signed=False).path, parts.pack("a.tar", signed=False).path
    with tarfile.open(tar) as archive:
        archive.extractall(parts.folder / "out", filter="data")
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            assert (parts.folder / "out" / file.relative_to(folder)).read_bytes() == file.read_bytes()


def test_golden_sequences_are_read_by_plain_numpy(parts: Parts) -> None:
    unpack(parts.pack().path, parts.folder / "files")
    with np.load(parts.folder / "files" / "golden" / "000.npz", allow_pickle=False) as arrays:
        assert set(arrays) == {"x", "quality", "outputs/score", "outputs/alarm"}
        np.testing.assert_array_equal(arrays["x"], golden_sequence().x)


def test_inspect_shows_lineage_figures_and_that_nobody_checked_the_signature(parts: Parts) -> None:
    found = inspect(parts.pack().path)
    assert found["signature"] == {"key": parts.id, "verdict": "not checked"}
    assert (found["loop"], found["version"], found["figures"]) == ("cell2", 1, {"far": 0.01, "f1": 0.83})
    assert json.loads(json.dumps(found)) == found | {"certificates": json.loads(json.dumps(found["certificates"]))}


def test_inspect_says_what_a_node_would_say(parts: Parts, other_key: Path) -> None:
    trusted, foreign = inspect(parts.pack("a").path, trusted_keys=[parts.public]), parts.pack("b",
                                                                                              key=other_key)
    assert trusted["signature"] == {"key": parts.id, "verdict": "trusted"}
    verdict = inspect(foreign.path, trusted_keys=[parts.public])["signature"]
    assert isinstance(verdict, dict) and "not among the 1 trusted" in verdict["verdict"]
    assert inspect(parts.pack("c", signed=False).path)["signature"] == {"key": "", "verdict": "not signed"}


def test_an_existing_bundle_is_not_overwritten(parts: Parts) -> None:
    parts.pack("a.tar")
    with pytest.raises(UsageError, match="exists already"):
        parts.pack("a.tar")


def test_nothing_is_left_behind_when_packing_fails(parts: Parts) -> None:
    with pytest.raises(UsageError):
        parts.pack("b", key=parts.folder / "nowhere.key")
    assert sorted(file.name for file in parts.folder.iterdir()) == ["signer.key", "signer.pub"]


@pytest.mark.parametrize(("change", "reason"), [
    ({"lowerings": []}, "no backend is certified"),
    ({"golden": []}, "no golden sequence"),
    ({"graph": b"another"}, "belongs to graph sha256:"),
    ({"lowerings": "twice"}, "two artifacts"),
    ({"lowerings": "escape"}, "can't be a file name"),
    ({"manifest": replace(manifest_of(), tags=manifest_of().tags[:2])},
     "3 channels and the manifest names 2 tags"),
])
def test_parts_that_do_not_belong_together_are_not_packed(parts: Parts, change: dict[str, object], reason: str
                                                          ) -> None:
    lowering = Lowering(parts.graph, certificate_of(parts.graph))
    strange = {"twice": [lowering, lowering],
               "escape": [Lowering(b"", certificate_of(parts.graph, target="../../etc"))]}
    given: dict[str, object] = {"manifest": manifest_of(), "graph": parts.graph, "lowerings": [lowering],
                                "golden": [golden_sequence()], "card": "", "key": parts.key} | change
    if isinstance(given["lowerings"], str):
        given["lowerings"] = strange[given["lowerings"]]
    with pytest.raises(Refused, match=reason):
        pack(parts.folder / "b", **given)  # type: ignore[arg-type]  # each case replaces one argument


def test_a_backend_without_certificate_is_named_with_those_there_are(parts: Parts) -> None:
    bundle = open_bundle(parts.pack().path, trusted_keys=[parts.public])
    with pytest.raises(Refused, match="not certified for openvino on pc, only for onnxruntime on pc"):
        bundle.lowering("openvino", "pc")


@pytest.mark.parametrize("name", ["bundle", "bundle.tar"])
def test_who_packs_second_under_a_name_replaces_nothing(name: str, tmp_path: Path) -> None:
    path, files = tmp_path / name, {"blobs/a": b"mine"}

    class Meanwhile(dict[str, bytes]):
        """Someone else is done while these files are being written."""

        def _others(self) -> None:
            if not path.exists():
                storage.write(path, {"blobs/a": b"theirs"})

        def items(self) -> Any:
            self._others()
            return super().items()

        def __getitem__(self, key: str) -> bytes:
            self._others()
            return super().__getitem__(key)

    with pytest.raises(UsageError, match="exists already"):
        storage.write(path, Meanwhile(files))
    assert storage.read(path) == {"blobs/a": b"theirs"}
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_what_a_killed_process_left_beside_a_bundle_goes_with_the_next_write_and_what_is_being_written_stays(
        tmp_path: Path) -> None:
    for name, age_s in ((".pump-1-dead", 2 * storage.ABANDONED_S), (".pump-1-busy", 1.0), (".pump-12-dead", 1e6)):
        (tmp_path / name / "pump-1").mkdir(parents=True)
        os.utime(tmp_path / name, (time.time() - age_s,) * 2)
    storage.write(tmp_path / "pump-1", {"blobs/a": b"mine"})
    assert {path.name for path in tmp_path.iterdir()} == {"pump-1", ".pump-1-busy", ".pump-12-dead"}
