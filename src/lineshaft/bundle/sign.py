"""Sign with the ``model-signing`` library (extra ``sign``): the centre's half, the edge only verifies."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from lineshaft.bundle.keys import check_private_key
from lineshaft.core.errors import EnvironmentFailed

SIGNATURE_FILE = "model.sig"
_FOLDER = "bundle"  # the library signs its name too, so it must not be a temporary one


def sign(files: Mapping[str, bytes], key: Path, password: str | None = None) -> bytes:
    """The signature of these files by name, as ``model_signing verify key`` also takes it."""
    check_private_key(key, password)
    try:
        from model_signing import hashing, signing
    except ImportError as error:
        raise EnvironmentFailed("signing needs the package model-signing, which is not installed",
                                where=str(key),
                                do="pip install 'lineshaft[sign]'") from error
    with tempfile.TemporaryDirectory(prefix="lineshaft-sign-") as scratch:
        folder, signature = Path(scratch) / _FOLDER, Path(scratch) / SIGNATURE_FILE
        for name, content in files.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        # An unpacked bundle has its signature inside; the library records that the file is not signed itself.
        hashed = hashing.Config().set_ignored_paths(paths=[folder / SIGNATURE_FILE], ignore_git_paths=False)
        # model-signing 1.1.1 annotates the password as text and hands it on to a call that takes bytes only.
        secret = password.encode() if password else None
        signing.Config().use_elliptic_key_signer(private_key=key, password=secret) \
            .set_hashing_config(hashed).sign(folder, signature)
        return signature.read_bytes()
