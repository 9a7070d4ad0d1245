"""What a bundle holds, as values and as files, and what must agree between them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lineshaft.bundle import documents
from lineshaft.bundle import golden as golden_file
from lineshaft.bundle.oci import TITLE, VERSION, digest
from lineshaft.core.errors import Refused
from lineshaft.core.golden import Golden
from lineshaft.core.manifest import Certificate, Manifest
from lineshaft.prepared import prepared

MANIFEST, GRAPH, CARD, SBOM = "manifest.json", "graph.onnx", "model-card.md", "sbom.cdx.json"
_LOWERED = re.compile(r"backends/([\w.-]+)/([\w.-]+)/(artifact|certificate\.json)", re.ASCII)
WIDEST = 1.0  # of |engine - reference| / (1 + |reference|): there an engine that always says 0 would pass
_NAME = re.compile(r"[\w.-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Lowering:
    """A graph compiled for one backend and target, with what was measured there."""

    artifact: bytes
    certificate: Certificate


@dataclass(frozen=True, slots=True)
class Bundle:
    """A verified bundle: ``digest`` names its content, ``signed_by`` the key, ``sbom`` is CycloneDX JSON."""

    digest: str
    signed_by: str
    manifest: Manifest
    graph: bytes
    lowerings: tuple[Lowering, ...]
    golden: tuple[Golden, ...]
    card: str
    sbom: bytes

    def lowering(self, backend: str, target: str) -> Lowering:
        """The artifact certified for this backend and target; ``Refused`` naming those there are."""
        for lowering in self.lowerings:
            if (lowering.certificate.backend, lowering.certificate.target) == (backend, target):
                return lowering
        there = ", ".join(f"{low.certificate.backend} on {low.certificate.target}" for low in self.lowerings)
        raise Refused(f"is not certified for {backend} on {target}, only for {there}", where=self.manifest.loop,
                      do="certify it there and pack again")


def to_files(manifest: Manifest, graph: bytes, lowerings: Sequence[Lowering], golden: Sequence[Golden],
             card: str,
             sbom: bytes) -> dict[str, bytes]:
    """The files by name; ``Refused`` where the parts do not belong together."""
    _require_agreement(manifest, graph, lowerings, golden)
    files = {MANIFEST: documents.encode(manifest), GRAPH: graph, CARD: card.encode(), SBOM: sbom}
    for i, sequence in enumerate(golden):
        suffix = f"-{sequence.name}" if sequence.name else ""
        files[f"golden/{i:03}{suffix}.npz"] = golden_file.encode(sequence)
    for lowering in lowerings:
        folder = f"backends/{lowering.certificate.backend}/{lowering.certificate.target}"
        if f"{folder}/artifact" in files:
            raise Refused("there are two artifacts for one backend and target", where=folder,
                          do="pack one of them")
        files[f"{folder}/artifact"] = lowering.artifact
        files[f"{folder}/certificate.json"] = documents.encode(lowering.certificate)
    return files


def from_files(files: Mapping[str, bytes], *, digest: str, signed_by: str, where: str) -> Bundle:
    """The values again; ``Refused`` with the file that is missing, too much or wrong."""
    for name in (MANIFEST, GRAPH, CARD, SBOM):
        if name not in files:
            raise Refused(f"{name} is missing", where=where, do="pack the bundle again")
    golden = {name: raw for name, raw in files.items() if name.startswith("golden/")}
    lowered = {name: raw for name, raw in files.items() if name.startswith("backends/")}
    if strange := files.keys() - golden.keys() - lowered.keys() - {MANIFEST, GRAPH, CARD, SBOM}:
        raise Refused(f"{min(strange)} is unknown to this version", where=where,
                      do="upgrade Lineshaft on this machine")
    bundle = Bundle(
        digest, signed_by, documents.decode(files[MANIFEST], Manifest, where=f"{where} {MANIFEST}"),
                    files[GRAPH],
        _lowerings(lowered, where),
        tuple(golden_file.decode(golden[name], where=f"{where} {name}", name=_sequence(name))
              for name in sorted(golden)),
        files[CARD].decode("utf-8", "replace"), files[SBOM])
    _require_agreement(bundle.manifest, bundle.graph, bundle.lowerings, bundle.golden)
    return bundle


def _sequence(file: str) -> str:
    """What a golden file's name says that its sequence shows."""
    return file.removeprefix("golden/").removesuffix(".npz").partition("-")[2]


def labels(manifest: Manifest) -> dict[str, str]:
    """What registries and people see of a bundle without opening a layer."""
    found = {TITLE: manifest.loop, VERSION: str(manifest.version), "org.lineshaft.task": manifest.task,
             "org.lineshaft.dataset": manifest.lineage.dataset, "org.lineshaft.code": manifest.lineage.code,
             "org.lineshaft.parent": manifest.lineage.parent}
    return {name: value for name, value in found.items() if value}


def _lowerings(files: Mapping[str, bytes], where: str) -> tuple[Lowering, ...]:
    parts: dict[tuple[str, str], dict[str, bytes]] = {}
    for name, raw in sorted(files.items()):
        match = _LOWERED.fullmatch(name)
        if match is None:
            raise Refused(f"{name} is no artifact or certificate", where=where, do="pack the bundle again")
        parts.setdefault((match[1], match[2]), {})[match[3]] = raw
    found = []
    for (backend, target), both in parts.items():
        folder = f"backends/{backend}/{target}"
        if len(both) != 2:
            raise Refused(f"{folder} holds only {next(iter(both))}", where=where, do="certify and pack again")
        certificate = documents.decode(both["certificate.json"], Certificate, where=f"{where} {folder}")
        if (certificate.backend, certificate.target) != (backend, target):
            raise Refused(f"{folder} holds a certificate for {certificate.backend} on {certificate.target}",
                          where=where, do="certify and pack again")
        found.append(Lowering(both["artifact"], certificate))
    return tuple(found)


def _require_agreement(manifest: Manifest, graph: bytes, lowerings: Sequence[Lowering],
                       golden: Sequence[Golden]) -> None:
    where, name = manifest.loop, digest(graph)
    if not lowerings:
        raise Refused("no backend is certified", where=where, do="certify at least one before packing")
    if not golden:
        raise Refused("there is no golden sequence", where=where, do="pack with at least one")
    for certificate in (lowering.certificate for lowering in lowerings):
        if fault := _absurd(certificate):
            raise Refused(f"the certificate of {certificate.backend!r} on {certificate.target!r} {fault}", where=where,
                          do="certify it again")
        if not (_NAME.fullmatch(certificate.backend) and _NAME.fullmatch(certificate.target)):
            raise Refused(f"{certificate.backend!r} on {certificate.target!r} can't be a file name",
                          where=where,
                          do="use letters, digits, '.', '-' and '_'")
        if certificate.graph != name:
            raise Refused(f"the certificate of {certificate.backend} on {certificate.target} belongs to graph "
                          f"{certificate.graph[:19]}, and this one is {name[:19]}", where=where,
                          do="certify this graph")
    channels = manifest.signature.channels
    if channels != len(manifest.tags):
        raise Refused(f"the graph takes {channels} channels and the manifest names {len(manifest.tags)} tags",
                      where=where, do="pack the graph with its own tags")
    if any(sequence.x.shape[1] != channels for sequence in golden):
        raise Refused(f"a golden sequence has not the graph's {channels} channels", where=where,
                      do="make the golden sequences with this graph")


def _absurd(one: Certificate) -> str:
    """What a certificate can't have measured; a bound so wide that nothing would break it is no promise."""
    figures = (one.parity, one.absolute, one.relative, one.flips, one.ticks, one.memory_bytes, one.artifact_bytes,
               one.flash_bytes, one.ram_bytes, *one.latency_ns, one.bound.parity, one.bound.flips)
    if min(figures) < 0:
        return f"says {min(figures):g} of something that is never negative"
    if one.bound.parity >= WIDEST:
        return f"allows a difference of {one.bound.parity:g}, at which nothing is certified"
    if one.parity > one.bound.parity or one.flips > one.bound.flips:
        return (f"breaks its own bound: difference {one.parity:g} of {one.bound.parity:g}, "
                f"{one.flips} verdicts flipped of {one.bound.flips}")
    return ""


prepared(Manifest, Certificate)
