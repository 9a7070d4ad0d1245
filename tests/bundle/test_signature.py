"""Our verifier and the model-signing library agree on what is signed and what is not."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st
from model_signing import verifying
from tests.bundle.conftest import Parts

from lineshaft.bundle.inspect import unpack
from lineshaft.bundle.keys import load_trusted, new_key
from lineshaft.bundle.sign import sign
from lineshaft.bundle.signature import verify
from lineshaft.core.errors import Refused, UsageError

FILES = {"graph.onnx": b"graph", "backends/onnxruntime/pc/artifact": b"artifact", "empty": b""}


def library_accepts(files: dict[str, bytes], signature: bytes, public: Path, scratch: Path) -> bool:
    """What ``model_signing verify key`` answers for these files."""
    folder = scratch / "bundle"
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    (scratch / "sig").write_bytes(signature)
    try:
        verifying.Config().use_elliptic_key_verifier(public_key=public).verify(folder, scratch / "sig")
    except Exception:  # noqa: BLE001  # the library raises whatever its parts raise; any of it is a no
        return False
    return True


def ours_accepts(files: dict[str, bytes], signature: bytes, public: Path) -> bool:
    try:
        verify(signature, files, load_trusted([public]), where="x")
    except Refused:
        return False
    return True


def test_what_the_library_signed_both_accept(parts: Parts) -> None:
    signature = sign(FILES, parts.key)
    assert ours_accepts(FILES, signature, parts.public)
    assert library_accepts(FILES, signature, parts.public, parts.folder)


@pytest.mark.parametrize("tampered", [
    {**FILES, "graph.onnx": b"grapH"}, {**FILES, "extra": b""}, {"graph.onnx": b"graph"},
    {**FILES, "graph.onnx": b"artifact", "backends/onnxruntime/pc/artifact": b"graph"},
])
def test_tampered_files_both_refuse(parts: Parts, tampered: dict[str, bytes]) -> None:
    signature = sign(FILES, parts.key)
    assert not ours_accepts(tampered, signature, parts.public)
    assert not library_accepts(tampered, signature, parts.public, parts.folder)


def test_a_key_of_somebody_else_both_refuse(parts: Parts, other_key: Path) -> None:
    signature = sign(FILES, other_key)
    assert not ours_accepts(FILES, signature, parts.public)
    assert not library_accepts(FILES, signature, parts.public, parts.folder)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_changed_signed_byte_is_refused_by_both(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
                                                  ) -> None:
    """Bytes of the payload and of the ECDSA signature, inside their armour."""
    scratch = tmp_path_factory.mktemp("tampered")
    public = new_key(scratch / "k.key").path
    document = json.loads(sign(FILES, scratch / "k.key"))
    envelope = document["dsseEnvelope"]
    holder, field = data.draw(st.sampled_from([(envelope, "payload"), (envelope["signatures"][0], "sig")]))
    raw = bytearray(base64.b64decode(holder[field]))
    place = data.draw(st.floats(0, 1,
                                exclude_max=True))  # of the length, which differs from signature to signature
    raw[int(place * len(raw))] ^= 1 << data.draw(st.integers(0, 7))
    holder[field] = base64.b64encode(raw).decode()
    signature = json.dumps(document).encode()
    assert not ours_accepts(FILES, signature, public)
    assert not library_accepts(FILES, signature, public, scratch)


@settings(max_examples=200, deadline=None)
@given(noise=st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_any_bytes_at_all_are_refused_in_one_sentence(noise: bytes) -> None:
    with pytest.raises(Refused) as refusal:
        verify(noise, FILES, (), where="x")
    assert "\n" not in str(refusal.value)


def forge(key: Path, change: Callable[[dict[str, Any]], None]) -> bytes:
    """A properly signed statement that says something else than the format allows."""
    document = json.loads(sign(FILES, key))
    envelope = document["dsseEnvelope"]
    statement = json.loads(base64.b64decode(envelope["payload"]))
    change(statement)
    payload, kind = json.dumps(statement).encode(), envelope["payloadType"].encode()
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    signed = private.sign(b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload),
                          ec.ECDSA(hashes.SHA256()))
    envelope["payload"] = base64.b64encode(payload).decode()
    envelope["signatures"][0]["sig"] = base64.b64encode(signed).decode()
    return json.dumps(document).encode()


def test_a_forged_statement_without_change_is_accepted(parts: Parts) -> None:
    """So the refusals below are for their change and not for the way they are made."""
    assert ours_accepts(FILES, forge(parts.key, lambda statement: None), parts.public)


@pytest.mark.parametrize(("change", "reason"), [
    (lambda s: s.update(_type="https://in-toto.io/Statement/v0.1"), "another kind"),
    (lambda s: s.update(predicateType="https://slsa.dev/provenance/v1"), "another kind"),
    (lambda s: s["predicate"]["serialization"].update(method="shards"), "another kind"),
    (lambda s: s["predicate"]["resources"][0].update(algorithm="md5"), "another kind"),
    (lambda s: s["predicate"]["resources"].append(s["predicate"]["resources"][0]), "another kind"),
    (lambda s: s["subject"].append(s["subject"][0]), "another kind"),
    (lambda s: s["subject"][0]["digest"].update(sha256="0" * 64), "contradicts itself"),
    (lambda s: s["subject"][0]["digest"].update(sha256="\u00e9"), "contradicts itself"),
    (lambda s: s["predicate"]["resources"][0].update(digest="zz"), "contradicts itself"),
    (lambda s: s["predicate"].pop("resources"), "can't be read"),
])
def test_a_signed_statement_of_another_kind_is_refused(parts: Parts, change: Callable[[dict[str, Any]], None],
                                                       reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        verify(forge(parts.key, change), FILES, load_trusted([parts.public]), where="x")


def test_an_unpacked_bundle_is_verified_by_the_library_s_own_command(parts: Parts) -> None:
    folder = parts.folder / "files"
    unpack(parts.pack("b.tar").path, folder)
    command = [sys.executable, "-m", "model_signing", "verify", "key", "--signature", str(folder / "model.sig"),
               "--public_key", str(parts.public), str(folder)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    (folder / "graph.onnx").write_bytes(b"evil")
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0


def test_the_edge_verifies_without_the_library(parts: Parts) -> None:
    """``import`` of everything that opens a bundle brings neither model-signing nor what it pulls."""
    code = ("import sys, pathlib; from lineshaft.bundle.open import open_bundle\n"
            "open_bundle(pathlib.Path(sys.argv[1]), trusted_keys=[pathlib.Path(sys.argv[2])])\n"
            "heavy = {'model_signing', 'sigstore', 'pydantic', 'onnx', 'requests', 'OpenSSL'} & sys.modules.keys()\n"
            "sys.exit(f'imported {heavy}' if heavy else 0)")
    done = subprocess.run([sys.executable, "-c", code, str(parts.pack().path), str(parts.public)],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_encrypted_key_signs_with_its_password_only(parts: Parts) -> None:
    key = parts.folder / "locked.key"
    public = new_key(key, password="correct horse").path
    assert ours_accepts(FILES, sign(FILES, key, "correct horse"), public)
    with pytest.raises(UsageError, match="encrypted and no password was given"):
        sign(FILES, key)
    with pytest.raises(UsageError, match="this password opens"):
        sign(FILES, key, "wrong")
    with pytest.raises(UsageError, match="the key has none"):
        sign(FILES, parts.key, "needless")
