"""Verify an OpenSSF Model Signing signature with ``cryptography`` alone: what the edge needs of the format.

The format: a Sigstore bundle (v0.3) around a DSSE envelope (dsse v1) around an in-toto statement (v1) whose
predicate ``https://model_signing/signature/v1.0`` names every file with its SHA-256. Only its key-based form on
P-256 is taken, and none of the forms from before 1.0. ``docs/adr/0004`` says why this is not the library.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from lineshaft.bundle.keys import PublicKey
from lineshaft.core.errors import Refused
from lineshaft.prepared import prepared

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
_PAYLOAD_TYPE = "application/vnd.in-toto+json"
_STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
_PREDICATE_TYPE = "https://model_signing/signature/v1.0"

_Kind = TypeVar("_Kind", bound=msgspec.Struct)


class _PublicKey(msgspec.Struct):
    hint: str


class _Material(msgspec.Struct, rename="camel"):
    public_key: _PublicKey


class _Signature(msgspec.Struct):
    sig: str


class _Envelope(msgspec.Struct, rename="camel"):
    payload: str
    payload_type: str
    signatures: tuple[_Signature, ...]


class _SigstoreBundle(msgspec.Struct, rename="camel"):
    media_type: str
    verification_material: _Material
    dsse_envelope: _Envelope


class _Resource(msgspec.Struct):
    name: str
    algorithm: str
    digest: str


class _Subject(msgspec.Struct):
    name: str
    digest: dict[str, str]


class _Predicate(msgspec.Struct):
    resources: tuple[_Resource, ...]
    serialization: dict[str, Any]


class _Statement(msgspec.Struct, rename="camel"):
    type_: str = msgspec.field(name="_type")
    subject: tuple[_Subject, ...]
    predicate_type: str
    predicate: _Predicate


def key_id(signature: bytes, *, where: str) -> str:
    """Which key the signature claims; nothing is verified."""
    return _decode(signature, _SigstoreBundle, where).verification_material.public_key.hint


def verify(signature: bytes, files: Mapping[str, bytes], trusted: Sequence[PublicKey], *, where: str) -> str:
    """Id of the trusted key that signed exactly these files; ``Refused`` with the reason otherwise."""
    bundle = _decode(signature, _SigstoreBundle, where)
    envelope = bundle.dsse_envelope
    if (bundle.media_type, envelope.payload_type, len(envelope.signatures)) != (MEDIA_TYPE, _PAYLOAD_TYPE, 1):
        raise Refused("the signature is of another kind than Model Signing v1", where=where,
                      do="sign the bundle again")
    hint = bundle.verification_material.public_key.hint
    key = next((candidate for candidate in trusted if candidate.id == hint), None)
    if key is None:
        raise Refused(f"signed by key {hint[:16]}, which is not among the {len(trusted)} trusted ones",
                      where=where,
                      do="use a bundle of a trusted signer, or trust that key if you know it")
    payload = _unarmour(envelope.payload, where)
    try:
        key.key.verify(_unarmour(envelope.signatures[0].sig, where), _pre_authentication(payload),
                       ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise Refused(f"the signature was not made with key {hint[:16]}", where=where,
                      do="fetch the bundle again from its source") from None
    _require_same(_signed_digests(_decode(payload, _Statement, where), where), files, where)
    return key.id


def _signed_digests(statement: _Statement, where: str) -> dict[str, str]:
    """SHA-256 by file name as the statement has them, its root digest checked."""
    resources, serialization = statement.predicate.resources, statement.predicate.serialization
    digests = {resource.name: resource.digest for resource in resources}
    plain = (statement.type_ == _STATEMENT_TYPE and statement.predicate_type == _PREDICATE_TYPE
             and serialization.get("method") == "files" and len(digests) == len(resources)
             and all(resource.algorithm == "sha256" for resource in resources))
    if not plain or len(statement.subject) != 1:
        raise Refused("the signed statement is of another kind than Model Signing v1 by files", where=where,
                      do="sign the bundle again")
    try:
        root = hashlib.sha256(b"".join(bytes.fromhex(resource.digest) for resource in resources)).hexdigest()
    except ValueError:
        root = "not hexadecimal"
    if statement.subject[0].digest.get("sha256") != root:
        raise Refused("the signed statement contradicts itself", where=where, do="sign the bundle again")
    return digests


def _require_same(signed: Mapping[str, str], files: Mapping[str, bytes], where: str) -> None:
    for name in sorted(signed.keys() | files.keys()):
        if name not in files:
            raise Refused(f"{name} was signed and is missing", where=where, do="fetch the bundle again")
        if name not in signed:
            raise Refused(f"{name} is not covered by the signature", where=where, do="fetch the bundle again")
        if hashlib.sha256(files[name]).hexdigest() != signed[name]:
            raise Refused(f"{name} is not what was signed", where=where, do="fetch the bundle again")


def _pre_authentication(payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding (PAE): lengths before contents, so nothing can slide between them."""
    return b"DSSEv1 %d %s %d %s" % (len(_PAYLOAD_TYPE), _PAYLOAD_TYPE.encode(), len(payload), payload)


def _unarmour(text: str, where: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused(f"the signature is not base64 ({error})", where=where,
                      do="fetch the bundle again") from error


def _decode(raw: bytes, kind: type[_Kind], where: str) -> _Kind:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Refused(f"the signature can't be read ({error})", where=where,
                      do="sign the bundle again") from error


prepared(_SigstoreBundle, _Statement)
