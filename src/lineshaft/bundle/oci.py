"""The OCI image layout of a bundle (image-spec 1.1), as a pure function of its files and its signature.

The image manifest lists the files as layers and its digest is the bundle's. The signature hangs on it as a
referrer (a manifest with ``subject``), because ECDSA signatures differ each time and the digest must not.
Everything around the image manifest can be computed from it, so reading means rebuilding and comparing:
no byte of a layout is free to say anything of its own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TypeVar

import msgspec

from lineshaft.bundle.sign import SIGNATURE_FILE
from lineshaft.bundle.signature import MEDIA_TYPE as SIGNATURE_TYPE
from lineshaft.core.errors import Refused
from lineshaft.prepared import prepared

BUNDLE_TYPE = "application/vnd.lineshaft.bundle.v1+json"
TITLE = "org.opencontainers.image.title"
VERSION = "org.opencontainers.image.version"
IMAGE_FILE = "oci-manifest.json"  # the image manifest's name among the signed and the unpacked files
_REFERENCE = "org.opencontainers.image.ref.name"
_IMAGE_TYPE = "application/vnd.oci.image.manifest.v1+json"
_INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
_EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
_EMPTY = b"{}"
_LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'
_BLOB = re.compile(r"blobs/sha256/([0-9a-f]{64})")
_JSON_LIMIT = 4 << 20
_MEDIA_TYPES = (  # first match of a file's path wins
    ("manifest.json", "application/vnd.lineshaft.manifest.v1+json"),
    ("graph.onnx", "application/vnd.lineshaft.graph.v1+onnx"),
    ("golden/*.npz", "application/vnd.lineshaft.golden.v1+zip"),
    ("backends/*/*/artifact", "application/vnd.lineshaft.artifact.v1"),
    ("backends/*/*/certificate.json", "application/vnd.lineshaft.certificate.v1+json"),
    ("*.cdx.json", "application/vnd.cyclonedx+json"),
    ("*.md", "text/markdown"),
)


class Descriptor(msgspec.Struct, rename="camel", omit_defaults=True):
    """A reference to a blob, with what the specification lets it carry."""

    media_type: str
    digest: str
    size: int
    artifact_type: str = ""
    annotations: dict[str, str] = {}


class _Image(msgspec.Struct, rename="camel", omit_defaults=True):
    schema_version: int
    media_type: str
    artifact_type: str
    config: Descriptor
    layers: tuple[Descriptor, ...]
    subject: Descriptor | None = None
    annotations: dict[str, str] = {}


class _Index(msgspec.Struct, rename="camel", omit_defaults=True):
    schema_version: int
    media_type: str
    manifests: tuple[Descriptor, ...]


@dataclass(frozen=True, slots=True)
class Contents:
    """A bundle's files by name, the image manifest over them, and the signature if there is one."""

    image: bytes
    files: dict[str, bytes]
    signature: bytes | None = None

    @property
    def digest(self) -> str:
        """The bundle's name: equal digests mean equal contents."""
        return digest(self.image)

    @property
    def signed_files(self) -> dict[str, bytes]:
        """What a signature covers: the files, and the image manifest with all that it says of them."""
        return {**self.files, IMAGE_FILE: self.image}


def digest(content: bytes) -> str:
    """``sha256:`` and 64 hexadecimal digits."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def image(files: Mapping[str, bytes], annotations: Mapping[str, str]) -> bytes:
    """The image manifest of these files."""
    layers = tuple(_describe(files[name], _media_type(name), {TITLE: name}) for name in sorted(files))
    return _encode(_Image(2, _IMAGE_TYPE, BUNDLE_TYPE, _describe(_EMPTY, _EMPTY_TYPE), layers,
                          annotations=dict(annotations)))


def layout(contents: Contents) -> dict[str, bytes]:
    """Every file of the layout by its path."""
    blobs = [_EMPTY, contents.image, *contents.files.values()]
    manifests = [_describe(contents.image, _IMAGE_TYPE, _reference(contents.image), BUNDLE_TYPE)]
    if contents.signature is not None:
        referrer = _encode(_Image(
            2, _IMAGE_TYPE, SIGNATURE_TYPE, _describe(_EMPTY, _EMPTY_TYPE),
            (_describe(contents.signature, SIGNATURE_TYPE, {TITLE: SIGNATURE_FILE}),),
            subject=_describe(contents.image, _IMAGE_TYPE)))
        blobs += [contents.signature, referrer]
        manifests.append(_describe(referrer, _IMAGE_TYPE, artifact_type=SIGNATURE_TYPE))
    return {"oci-layout": _LAYOUT, "index.json": _encode(_Index(2, _INDEX_TYPE, tuple(manifests))),
            **{f"blobs/sha256/{hashlib.sha256(blob).hexdigest()}": blob for blob in blobs}}


def parse(found: Mapping[str, bytes], *, where: str) -> Contents:
    """The contents, once every byte of the layout is the one that they imply; else ``Refused``."""
    _require_digests(found, where)
    index = _decode(_get(found, "index.json", where), _Index, "index.json", where)
    main = _only(index, BUNDLE_TYPE, where)
    if main is None:
        raise Refused("index.json names no Lineshaft bundle", where=where,
                      do="give a bundle that `bundle pack` wrote")
    image_bytes = _blob(found, main, "the image manifest", where)
    files: dict[str, bytes] = {}
    for layer in _decode(image_bytes, _Image, "the image manifest", where).layers:
        name = layer.annotations.get(TITLE, "")
        _require_name(name, files, where)
        files[name] = _blob(found, layer, name, where)
    contents = Contents(image_bytes, files, _signature(found, index, where))
    _require_same(found, layout(contents), where)
    return contents


def _signature(found: Mapping[str, bytes], index: _Index, where: str) -> bytes | None:
    referrer = _only(index, SIGNATURE_TYPE, where)
    if referrer is None:
        return None
    manifest = _decode(_blob(found, referrer, "the signature's manifest", where), _Image,
                       "the signature's manifest", where)
    if len(manifest.layers) != 1:
        raise Refused("the signature's manifest has not one layer", where=where, do="fetch the bundle again")
    return _blob(found, manifest.layers[0], SIGNATURE_FILE, where)


def _require_digests(found: Mapping[str, bytes], where: str) -> None:
    for path, content in found.items():
        match = _BLOB.fullmatch(path)
        if match is None and path not in ("oci-layout", "index.json"):
            raise Refused(f"{path} does not belong in a bundle", where=where,
                          do="remove it or fetch the bundle again")
        if match and hashlib.sha256(content).hexdigest() != match[1]:
            raise Refused(f"{path} was changed: its content has another digest than its name", where=where,
                          do="fetch the bundle again")


def _require_same(found: Mapping[str, bytes], implied: Mapping[str, bytes], where: str) -> None:
    for path in sorted(found.keys() | implied.keys()):
        if path not in found:
            raise Refused(f"{path} is missing", where=where, do="fetch the bundle again")
        if path not in implied:
            raise Refused(f"{path} is not part of the bundle", where=where, do="fetch the bundle again")
        if found[path] != implied[path]:
            raise Refused(f"{path} was changed", where=where, do="fetch the bundle again")


def _require_name(name: str, files: Mapping[str, bytes], where: str) -> None:
    parts = PurePosixPath(name).parts
    if not parts or str(PurePosixPath(name)) != name or name.startswith("/") or ".." in parts or "\\" in name \
            or ":" in name or not name.isprintable():
        raise Refused(f"a layer is called {name!r}, which is no path inside a bundle", where=where,
                      do="do not use this file")
    if name in files or name == IMAGE_FILE:
        raise Refused(f"two layers are called {name}", where=where, do="do not use this file")


def _only(index: _Index, artifact_type: str, where: str) -> Descriptor | None:
    matches = [entry for entry in index.manifests if entry.artifact_type == artifact_type]
    if len(matches) > 1:
        raise Refused(f"index.json names {len(matches)} manifests of type {artifact_type}", where=where,
                      do="keep one bundle in one layout")
    return matches[0] if matches else None


def _blob(found: Mapping[str, bytes], descriptor: Descriptor, what: str, where: str) -> bytes:
    algorithm, _, value = descriptor.digest.partition(":")
    path = f"blobs/{algorithm}/{value}"
    if not _BLOB.fullmatch(path):
        raise Refused(f"{what} is named by {descriptor.digest[:80]!r}, which is no SHA-256 digest", where=where,
                      do="fetch the bundle again")
    if path not in found:
        raise Refused(f"{what} is missing ({path})", where=where, do="fetch the bundle again")
    if len(found[path]) != descriptor.size:
        raise Refused(f"{what} has {len(found[path])} bytes instead of {descriptor.size}", where=where,
                      do="fetch the bundle again")
    return found[path]


def _get(found: Mapping[str, bytes], path: str, where: str) -> bytes:
    if path not in found:
        raise Refused(f"{path} is missing, so this is no OCI image layout", where=where,
                      do="give a bundle that `bundle pack` wrote")
    return found[path]


def _describe(content: bytes, media_type: str, annotations: dict[str, str] | None = None,
              artifact_type: str = "") -> Descriptor:
    return Descriptor(media_type, digest(content), len(content), artifact_type, annotations or {})


def _reference(image_bytes: bytes) -> dict[str, str]:
    """The tag that registries show: the manifest's version."""
    version = msgspec.json.decode(image_bytes, type=_Image).annotations.get(VERSION, "")
    return {_REFERENCE: f"v{version}"} if version else {}


def _media_type(name: str) -> str:
    matches = (kind for pattern, kind in _MEDIA_TYPES if PurePosixPath(name).match(pattern))
    return next(matches, "application/octet-stream")


def _encode(value: msgspec.Struct) -> bytes:
    return msgspec.json.encode(value, order="sorted")


_Kind = TypeVar("_Kind", bound=msgspec.Struct)


def _decode(raw: bytes, kind: type[_Kind], what: str, where: str) -> _Kind:
    if len(raw) > _JSON_LIMIT:
        raise Refused(f"{what} has {len(raw)} bytes, more than any bundle needs", where=where,
                      do="do not use this file")
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Refused(f"{what} can't be read ({error})", where=where, do="fetch the bundle again") from error


prepared(_Image, _Index)
