"""A trusted signer can be wrong too: what does not belong together is refused after the signature was right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.bundle.conftest import Parts, certificate_of, golden_sequence, manifest_of

from lineshaft.bundle import documents, golden, oci, storage
from lineshaft.bundle.open import open_bundle
from lineshaft.bundle.sign import sign
from lineshaft.core.errors import Refused
from lineshaft.core.manifest import Tolerance

CERTIFICATE = "backends/onnxruntime/pc/certificate.json"


def signed_with(parts: Parts, change: Callable[[dict[str, bytes]], object]) -> Path:
    """A bundle with changed files, signed by the trusted key."""
    files = dict(oci.parse(storage.read(parts.pack("right").path), where="x").files)
    change(files)
    contents = oci.Contents(oci.image(files, {}), files)
    signed = replace(contents, signature=sign(contents.signed_files, parts.key))
    storage.write(parts.folder / "wrong", oci.layout(signed))
    return parts.folder / "wrong"


def short_golden() -> bytes:
    whole = golden_sequence()
    return golden.encode(replace(whole, x=whole.x[:, :2], quality=whole.quality[:, :2]))


def certify(files: dict[str, bytes], **figures: Any) -> None:
    files[CERTIFICATE] = documents.encode(replace(certificate_of(files["graph.onnx"]), **figures))


@pytest.mark.parametrize(("change", "reason"), [
    (lambda f: f.update({"graph.onnx": b"retrained"}), "belongs to graph sha256:[0-9a-f]+, and this one is sha256:"),
    (lambda f: f.update({CERTIFICATE: documents.encode(certificate_of(f["graph.onnx"], "numpy"))}),
     "holds a certificate for numpy on pc"),
    (lambda f: certify(f, latency_ns=(-1, 2, 3, 4)), "says -1 of something that is never negative"),
    (lambda f: certify(f, memory_bytes=-5), "says -5 of something that is never negative"),
    (lambda f: certify(f, bound=Tolerance(1e300, 10**9)), r"allows a difference of 1e\+300, at which nothing"),
    (lambda f: certify(f, parity=0.5), "breaks its own bound: difference 0.5 of 0.0001"),
    (lambda f: certify(f, flips=3), "breaks its own bound: .* 3 verdicts flipped of 0"),
    (lambda f: f.pop(CERTIFICATE), "holds only artifact"),
    (lambda f: f.pop("backends/onnxruntime/pc/artifact"), r"holds only certificate\.json"),
    (lambda f: [f.pop(name) for name in list(f) if name.startswith("backends/")], "no backend is certified"),
    (lambda f: f.pop("golden/000.npz"), "no golden sequence"),
    (lambda f: f.update({"golden/000.npz": b"noise"}), r"golden/000\.npz: is not a golden sequence"),
    (lambda f: f.update({"golden/000.npz": short_golden()}), "has not the graph's 3 channels"),
    (lambda f: f.pop("manifest.json"), r"manifest\.json is missing"),
    (lambda f: f.update({"manifest.json": b"{}"}), r"manifest\.json: names no schema version"),
    (lambda f: f.update({"manifest.json": documents.encode(replace(manifest_of(), tags=()))}), "names 0 tags"),
    (lambda f: f.update({"hooks/start.py": b"x"}), r"hooks/start\.py is unknown to this version; upgrade"),
    (lambda f: f.update({"backends/x": b"x"}), "backends/x is no artifact or certificate"),
])
def test_a_mistake_is_refused_with_its_place(parts: Parts, change: Callable[[dict[str, bytes]], object], reason: str
                                             ) -> None:
    with pytest.raises(Refused, match=reason):
        open_bundle(signed_with(parts, change), trusted_keys=[parts.public])


def test_the_way_these_bundles_are_made_is_sound(parts: Parts) -> None:
    assert open_bundle(signed_with(parts, lambda files: None), trusted_keys=[parts.public]).manifest == manifest_of()
