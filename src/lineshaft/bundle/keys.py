"""Keys that sign bundles: ECDSA on P-256, the curve that OpenSSF Model Signing and every TPM speak."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from lineshaft.core.errors import EnvironmentFailed, UsageError
from lineshaft.core.private import require_private, require_unwritable

PUBLIC_SUFFIX = ".pub"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that may be trusted; ``id`` is the SHA-256 of its PEM form, as Model Signing names keys."""

    id: str
    key: ec.EllipticCurvePublicKey
    path: Path


def new_key(path: Path, *, password: str | None = None) -> PublicKey:
    """Write a private key to ``path`` (readable by its owner only) and the public one beside it, as ``.pub``.

    With a password the private key is encrypted. Existing files are never overwritten.
    """
    if path.suffix == PUBLIC_SUFFIX:
        raise UsageError(f"ends in {PUBLIC_SUFFIX}, which is for the public half", where=str(path),
                         do="use another ending, such as .key")
    private, public = ec.generate_private_key(ec.SECP256R1()), path.with_suffix(PUBLIC_SUFFIX)
    for taken in (path, public):
        if taken.exists():
            raise UsageError("exists already", where=str(taken),
                             do="choose another name; keys are never overwritten")
    encryption = (serialization.BestAvailableEncryption(password.encode()) if password
                  else serialization.NoEncryption())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                           encryption), 0o600)
        _write(public, _pem(private.public_key()), 0o644)
    except OSError as error:
        raise EnvironmentFailed(f"can't write the key ({error.strerror})", where=str(path),
                                do="choose a folder that may be written") from error
    return load_public_key(public)


def load_public_key(path: Path) -> PublicKey:
    """A public key in PEM; ``UsageError`` where it is none."""
    try:
        key = serialization.load_pem_public_key(_read(path))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UsageError("is not a public key in PEM", where=str(path),
                         do="give the .pub file that `lineshaft key new` wrote") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise UsageError("is not an ECDSA key on P-256", where=str(path),
                         do="make one with `lineshaft key new`")
    return PublicKey(_id(key), key, path)


def load_trusted(paths: Iterable[Path]) -> tuple[PublicKey, ...]:
    """The public keys of files and of all ``.pub`` files in folders; ``Refused`` where anybody may change one."""
    paths = tuple(paths)
    files = [file for path in paths
             for file in (sorted(path.glob(f"*{PUBLIC_SUFFIX}")) if path.is_dir() else [path])]
    for path in (*paths, *files):
        require_unwritable(path, "whom is trusted here")
    return tuple(load_public_key(file) for file in files)


def check_private_key(path: Path, password: str | None) -> str:
    """The key's id if the password opens it; ``UsageError`` saying which of the two is wrong, ``Refused`` where
    others can read the file.
    """
    try:
        key = serialization.load_pem_private_key(_read(path), password.encode() if password else None)
    except TypeError as error:  # cryptography's way of saying that a password is missing or not needed
        raise UsageError("the key is encrypted and no password was given" if not password
                         else "a password was given and the key has none", where=str(path)) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UsageError("is not a private key in PEM that this password opens" if password
                         else "is not a private key in PEM", where=str(path),
                         do="check the file and the password") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise UsageError("is not an ECDSA key on P-256", where=str(path),
                         do="make one with `lineshaft key new`")
    require_private(path, "the private key")
    return _id(key.public_key())


def _id(key: ec.EllipticCurvePublicKey) -> str:
    return hashlib.sha256(_pem(key)).hexdigest()


def _pem(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(64 * 1024)  # a key is under 1 kB; a wrong path may be anything
    except OSError as error:
        raise UsageError(f"can't read the key ({error.strerror})", where=str(path),
                         do="check the path") from error


def _write(path: Path, content: bytes, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
