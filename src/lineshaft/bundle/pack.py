"""Pack: manifest, graph, artifacts, golden sequences and certificates into one signed bundle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lineshaft.bundle import oci, storage
from lineshaft.bundle.contents import Lowering, labels, to_files
from lineshaft.bundle.sbom import sbom
from lineshaft.bundle.sign import sign
from lineshaft.core.golden import Golden
from lineshaft.core.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Packed:
    """Where a bundle was written and what it is called."""

    path: Path
    digest: str


def pack(path: Path, *, manifest: Manifest, graph: bytes, lowerings: Sequence[Lowering],
         golden: Sequence[Golden],
         card: str, key: Path | None, password: str | None = None) -> Packed:
    """Write the bundle to ``path``: one file if it ends in ``.tar``, else a folder; both are OCI image layouts.

    ``graph`` is ONNX, ``card`` the model card in Markdown, ``key`` the private key that signs. Without a key
    the bundle is unsigned and no node takes it. The same content gives the same digest, whoever signs it.
    """
    files = to_files(manifest, graph, lowerings, golden, card, sbom(manifest, graph))
    contents = oci.Contents(oci.image(files, labels(manifest)), files)
    if key is not None:
        contents = replace(contents, signature=sign(contents.signed_files, key, password))
    storage.write(path, oci.layout(contents))
    return Packed(path, contents.digest)
