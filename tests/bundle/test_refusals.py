"""Every way in which a bundle may not be what it seems is refused with its reason."""

from __future__ import annotations

import io
import os
import shutil
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.bundle.conftest import Parts, make_parts, manifest_of

from lineshaft.bundle import oci, storage
from lineshaft.bundle.contents import Bundle
from lineshaft.bundle.open import open_bundle
from lineshaft.core.errors import Refused, UsageError


def opened(parts: Parts, path: Path) -> Bundle:
    return open_bundle(path, trusted_keys=[parts.public])


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    """One bundle as folder and as tar, for laws that need many tries."""
    parts = make_parts(tmp_path_factory.mktemp("sealed"))
    parts.pack("bundle")
    parts.pack("bundle.tar")
    yield parts


def test_a_flipped_bit_in_any_byte_of_any_file_is_refused(sealed: Parts) -> None:
    """One bit in each of 64 evenly spread bytes of each file, the first and the last among them."""
    folder = sealed.folder / "bundle"
    files = storage.read(folder)
    for name, content in files.items():
        for at in sorted({round(i * (len(content) - 1) / 63) for i in range(64)}):
            changed = bytearray(content)
            changed[at] ^= 1 << (at % 8)
            with pytest.raises(Refused):
                oci.parse({**files, name: bytes(changed)}, where="x")


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_change_of_the_tar_is_refused(sealed: Parts, data: st.DataObject) -> None:
    whole = (sealed.folder / "bundle.tar").read_bytes()
    start = data.draw(st.integers(0, len(whole) - 1))
    new = data.draw(st.binary(min_size=1, max_size=40))
    changed = whole[:start] + new + whole[start + len(new):]
    if changed == whole:
        return
    path = sealed.folder / "changed.tar"
    path.write_bytes(changed)
    with pytest.raises(Refused):
        opened(sealed, path)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_cut_or_lengthened_tar_is_refused(sealed: Parts, data: st.DataObject) -> None:
    whole = (sealed.folder / "bundle.tar").read_bytes()
    cut = data.draw(st.integers(0, len(whole) - 1))
    more = data.draw(st.binary(min_size=1, max_size=600) | st.just(bytes(512)) | st.just(bytes(10240)))
    for changed in (whole[:cut], whole + more):
        (sealed.folder / "cut.tar").write_bytes(changed)
        with pytest.raises(Refused):
            opened(sealed, sealed.folder / "cut.tar")


@settings(max_examples=150, deadline=None)
@given(content=st.binary(max_size=1200) | st.text().map(str.encode))
def test_any_file_at_all_gives_one_sentence_and_no_traceback(sealed: Parts, content: bytes) -> None:
    path = sealed.folder / "noise.tar"
    path.write_bytes(content)
    with pytest.raises(Refused) as refusal:
        opened(sealed, path)
    assert "\n" not in str(refusal.value)


@settings(max_examples=150, deadline=None)
@given(document=st.recursive(st.none() | st.integers() | st.text(max_size=8),
                             lambda inner: st.lists(inner, max_size=3)
                             | st.dictionaries(st.sampled_from(["manifests", "layers", "digest", "size",
                                                                "mediaType", "schemaVersion", "artifactType"]),
                                               inner, max_size=4), max_leaves=12))
def test_any_index_that_is_not_the_one_packed_is_refused(sealed: Parts, document: object) -> None:
    import json

    files = storage.read(sealed.folder / "bundle")
    with pytest.raises(Refused):
        oci.parse({**files, "index.json": json.dumps(document).encode()}, where="x")


def test_every_missing_file_is_named(parts: Parts) -> None:
    folder = parts.pack().path
    for file in [file for file in sorted(folder.rglob("*")) if file.is_file()]:
        content = file.read_bytes()
        file.unlink()
        with pytest.raises(Refused, match=r"missing"):
            opened(parts, folder)
        file.write_bytes(content)
    opened(parts, folder)


@pytest.mark.parametrize("name", ["README", "blobs/sha256/x", "blobs/sha512/" + "0" * 64, "index.json.bak"])
def test_an_extra_file_is_named(parts: Parts, name: str) -> None:
    folder = parts.pack().path
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"hello")
    with pytest.raises(Refused, match=f"{name} does not belong in a bundle"):
        opened(parts, folder)


def test_an_extra_blob_with_the_right_digest_is_still_extra(parts: Parts) -> None:
    folder = parts.pack().path
    path = "blobs/sha256/" + oci.digest(b"stowaway").removeprefix("sha256:")
    (folder / path).write_bytes(b"stowaway")
    with pytest.raises(Refused, match=f"{path} is not part of the bundle"):
        opened(parts, folder)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_in_the_folder_is_not_followed(parts: Parts) -> None:
    folder = parts.pack().path
    shutil.move(folder / "index.json", parts.folder / "elsewhere.json")
    (folder / "index.json").symlink_to(parts.folder / "elsewhere.json")
    with pytest.raises(Refused, match=r"index\.json is a link"):
        opened(parts, folder)
    (folder / "index.json").unlink()
    os.mkfifo(folder / "index.json")
    with pytest.raises(Refused, match="special file"):
        opened(parts, folder)


def member(name: str, kind: bytes = tarfile.REGTYPE, content: bytes = b"", link: str = "") -> bytes:
    """A whole tar of one hostile entry."""
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, len(content), link
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@pytest.mark.parametrize(("content", "reason"), [
    (member("../../etc/cron.d/x", content=b"x"), "points outside the bundle"),
    (member("/etc/passwd", content=b"x"), "points outside the bundle"),
    (member("blobs/../../x", content=b"x"), "points outside the bundle"),
    (member("blobs\\..\\x", content=b"x"), "points outside the bundle"),
    (member("index.json", tarfile.SYMTYPE, link="/etc/passwd"), "is a link or a special file"),
    (member("index.json", tarfile.LNKTYPE, link="oci-layout"), "is a link or a special file"),
    (member("index.json", tarfile.CHRTYPE), "is a link or a special file"),
    (member("index.json", tarfile.GNUTYPE_SPARSE), "is a link or a special file"),
    (member("oci-layout", content=b"x") [:600], "ends inside oci-layout|stray bytes"),
    (b"\x1f\x8b\x08" + bytes(700), "not a tar that Lineshaft wrote"),
    (b"PK\x03\x04" + bytes(700), "not a tar that Lineshaft wrote"),
    (b"", "not a tar that Lineshaft wrote"),
    (bytes(10240), "index.json is missing"),
])
def test_a_hostile_archive_is_refused_before_anything_is_written(parts: Parts, content: bytes,
                                                                 reason: str) -> None:
    path = parts.folder / "x.tar"
    path.write_bytes(content)
    with pytest.raises(Refused, match=reason):
        opened(parts, path)


def test_a_header_that_claims_terabytes_costs_no_memory(parts: Parts) -> None:
    info = tarfile.TarInfo("oci-layout")
    info.size = 8**11 - 1
    path = parts.folder / "bomb.tar"
    path.write_bytes(info.tobuf(tarfile.USTAR_FORMAT) + bytes(1024))
    with pytest.raises(Refused):
        opened(parts, path)


@pytest.mark.parametrize("name", ["bundle", "bundle.tar"])
def test_more_bytes_than_the_limit_are_not_read(parts: Parts, name: str) -> None:
    packed = parts.pack(name)
    with pytest.raises(Refused, match="larger than"):
        open_bundle(packed.path, trusted_keys=[parts.public], limit_bytes=4096)


@pytest.mark.skipif(not hasattr(os, "truncate") or sys.platform == "win32", reason="needs sparse files")
def test_a_giant_blob_is_refused_by_its_size_alone(parts: Parts) -> None:
    folder = parts.pack().path
    blob = max((folder / "blobs" / "sha256").iterdir())
    os.truncate(blob, 1 << 40)
    with pytest.raises(Refused, match="larger than 1024 MiB"):
        opened(parts, folder)


def test_too_many_files_are_refused(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    path = parts.pack().path
    monkeypatch.setattr(storage, "LIMIT_FILES", 8)
    with pytest.raises(Refused, match="8 files"):
        opened(parts, path)


def test_an_unsigned_bundle_is_refused(parts: Parts) -> None:
    with pytest.raises(Refused, match="is not signed"):
        opened(parts, parts.pack(signed=False).path)


def test_a_stripped_signature_is_refused(parts: Parts) -> None:
    contents = oci.parse(storage.read(parts.pack().path), where="x")
    storage.write(parts.folder / "stripped", oci.layout(oci.Contents(contents.image, contents.files)))
    with pytest.raises(Refused, match="is not signed"):
        opened(parts, parts.folder / "stripped")


def test_a_key_that_is_not_trusted_is_named(parts: Parts, other_key: Path) -> None:
    path = parts.pack(key=other_key).path
    with pytest.raises(Refused, match=r"signed by key [0-9a-f]{16}, which is not among the 1 trusted"):
        opened(parts, path)
    with pytest.raises(Refused, match="not among the 0 trusted"):
        open_bundle(path, trusted_keys=[])
    assert open_bundle(path, trusted_keys=[parts.public, other_key.with_suffix(".pub")])
    assert open_bundle(path, trusted_keys=[parts.folder])


def resealed(parts: Parts, change: Callable[[dict[str, bytes]], None]) -> Path:
    """A layout that is consistent in itself, with other files under the signature of the first."""
    contents = oci.parse(storage.read(parts.pack("original").path), where="x")
    files = dict(contents.files)
    change(files)
    forged = oci.Contents(oci.image(files, {}), files, contents.signature)
    storage.write(parts.folder / "forged", oci.layout(forged))
    return parts.folder / "forged"


def replaced(files: dict[str, bytes]) -> None:
    files["graph.onnx"] = b"evil"


def removed(files: dict[str, bytes]) -> None:
    del files["backends/onnxruntime/pc/certificate.json"]


def added(files: dict[str, bytes]) -> None:
    files["backends/onnxruntime/pc/hook"] = b"evil"


@pytest.mark.parametrize(("change", "reason"), [
    (replaced, "graph.onnx is not what was signed"),
    (removed, "certificate.json was signed and is missing"),
    (added, "hook is not covered by the signature"),
])
def test_a_forged_layout_is_refused_by_its_signature(parts: Parts, change: Callable[[dict[str, bytes]], None],
                                                     reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        opened(parts, resealed(parts, change))


def test_even_the_labels_of_the_image_manifest_are_signed(parts: Parts) -> None:
    with pytest.raises(Refused, match=r"oci-manifest\.json is not what was signed"):
        opened(parts, resealed(parts, lambda files: None))


@pytest.mark.parametrize("name",
                         ["../x", "/x", "a/../../x", "", "a\\b", "C:x", "a//b", "oci-manifest.json", "a\nb"])
def test_a_layer_title_that_is_no_plain_path_is_refused(parts: Parts, name: str) -> None:
    def rename(files: dict[str, bytes]) -> None:
        files[name] = files.pop("model-card.md")

    with pytest.raises(Refused, match=r"(no path inside a bundle|two layers are called)"):
        opened(parts, resealed(parts, rename))


@pytest.mark.parametrize(("running", "offered"), [(2, 1), (1, 1)])
def test_a_version_that_is_not_newer_is_refused(parts: Parts, running: int, offered: int) -> None:
    path = parts.pack(manifest=manifest_of(version=offered)).path
    with pytest.raises(Refused, match=f"version {offered} is not newer than {running}, which is running"):
        open_bundle(path, trusted_keys=[parts.public], running=manifest_of(version=running))


def test_a_newer_version_of_the_same_loop_is_taken(parts: Parts) -> None:
    path = parts.pack(manifest=manifest_of(version=2)).path
    assert open_bundle(path, trusted_keys=[parts.public], running=manifest_of(version=1)).manifest.version == 2


def test_a_bundle_of_another_loop_is_refused(parts: Parts) -> None:
    path = parts.pack(manifest=manifest_of(version=9, loop="kiln")).path
    with pytest.raises(Refused, match="is for loop 'kiln', and 'cell2' is running"):
        open_bundle(path, trusted_keys=[parts.public], running=manifest_of())


def test_a_path_without_bundle_is_bad_usage(parts: Parts) -> None:
    with pytest.raises(UsageError, match="no such bundle"):
        opened(parts, parts.folder / "nowhere")
    (parts.folder / "empty").mkdir()
    with pytest.raises(Refused, match=r"index\.json is missing, so this is no OCI image layout"):
        opened(parts, parts.folder / "empty")
