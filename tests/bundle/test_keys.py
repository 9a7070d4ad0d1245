"""Keys: private ones stay private, and a wrong file is named."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from lineshaft.bundle.keys import check_private_key, load_public_key, load_trusted, new_key
from lineshaft.core.errors import EnvironmentFailed, Refused, UsageError

PEM, SPKI = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has lists of rights, not modes")
def test_only_the_owner_reads_the_private_key(tmp_path: Path) -> None:
    key = new_key(tmp_path / "sub" / "plant.key")
    assert stat.S_IMODE((tmp_path / "sub" / "plant.key").stat().st_mode) == 0o600
    assert key.path == tmp_path / "sub" / "plant.pub"


def test_both_halves_have_one_id(tmp_path: Path) -> None:
    key = new_key(tmp_path / "plant.key")
    assert check_private_key(tmp_path / "plant.key", None) == key.id == load_public_key(key.path).id


def test_a_password_encrypts_the_file(tmp_path: Path) -> None:
    new_key(tmp_path / "plant.key", password="secret")
    assert b"BEGIN ENCRYPTED PRIVATE KEY" in (tmp_path / "plant.key").read_bytes()


@pytest.mark.parametrize("taken", ["plant.key", "plant.pub"])
def test_an_existing_file_is_never_overwritten(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).write_text("mine")
    with pytest.raises(UsageError, match=f"{taken}: exists already"):
        new_key(tmp_path / "plant.key")
    assert [file.name for file in tmp_path.iterdir()] == [taken]


def test_a_key_named_like_its_public_half_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"ends in \.pub"):
        new_key(tmp_path / "plant.pub")


def test_a_folder_that_can_t_be_made_is_the_environment_s_fault(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentFailed, match="can't write the key"):
        new_key(tmp_path / "file" / "plant.key")


def test_a_folder_of_keys_trusts_its_public_keys_only(tmp_path: Path) -> None:
    ids = {new_key(tmp_path / f"{name}.key").id for name in "ab"}
    assert {key.id for key in load_trusted([tmp_path])} == ids


@pytest.mark.parametrize("content", [
    b"", b"no key", ed25519.Ed25519PrivateKey.generate().public_key().public_bytes(PEM, SPKI),
    ec.generate_private_key(ec.SECP384R1()).public_key().public_bytes(PEM, SPKI),
])
def test_what_is_no_p256_public_key_is_not_trusted(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.pub").write_bytes(content)
    with pytest.raises(UsageError, match=r"x\.pub: is not a"):
        load_public_key(tmp_path / "x.pub")


def test_a_public_key_does_not_sign(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a private key in PEM"):
        check_private_key(new_key(tmp_path / "plant.key").path, None)


def test_an_absent_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.pub: can't read the key"):
        load_public_key(tmp_path / "nowhere.pub")


@pytest.mark.skipif(os.name != "posix", reason="file modes say little there")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_private_key_that_others_can_read_signs_nothing_and_the_command_that_mends_it_works(
        tmp_path: Path, mode: int) -> None:
    key = tmp_path / "a key"
    public = new_key(key)
    key.chmod(mode)
    with pytest.raises(Refused, match="others can read the private key") as refusal:
        check_private_key(key, None)
    subprocess.run(refusal.value.do, shell=True, check=True)
    assert check_private_key(key, None) == public.id


@pytest.mark.skipif(os.name != "posix", reason="file modes say little there")
def test_a_key_that_anybody_may_exchange_is_not_trusted(tmp_path: Path) -> None:
    folder = tmp_path / "trusted"
    public = new_key(folder / "signer.key").path
    for path in (public, folder):
        path.chmod(0o777)
        with pytest.raises(Refused, match="anybody may change whom is trusted here") as refusal:
            load_trusted([folder])
        subprocess.run(refusal.value.do, shell=True, check=True)
        assert [key.path for key in load_trusted([folder])] == [public]
