"""Golden sequences as files: an ``.npz`` that any NumPy reads, without pickle and without a clock inside."""

from __future__ import annotations

import io
import zipfile

import numpy as np

from lineshaft.core.errors import Refused
from lineshaft.core.golden import Golden
from lineshaft.core.step import Array

_OUTPUT = "outputs/"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time that a zip entry can carry
_LARGEST_HEADER = 4096


def encode(golden: Golden) -> bytes:
    """Stored, not deflated: what is written is what is read, and nothing can grow on reading."""
    arrays = {"x": golden.x, "quality": golden.quality,
              **{_OUTPUT + name: golden.outputs[name] for name in sorted(golden.outputs)}}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            entry.create_system = 3  # otherwise Windows and Linux write different bytes
            with archive.open(entry, "w") as member:
                np.lib.format.write_array(member, np.ascontiguousarray(array, np.float32), (1, 0),
                                          allow_pickle=False)
    return file.getvalue()


def decode(raw: bytes, *, where: str, name: str = "") -> Golden:
    """Raises ``Refused`` unless it is exactly such a file, with one length for all arrays."""
    try:
        arrays = _arrays(raw)
        x, quality = arrays.pop("x"), arrays.pop("quality")
    except (zipfile.BadZipFile, ValueError, KeyError, EOFError, NotImplementedError) as error:
        raise Refused(f"is not a golden sequence ({error})", where=where, do="pack the bundle again") from error
    outputs = {port.removeprefix(_OUTPUT): array for port, array in arrays.items()}
    lengths = {len(array) for array in (x, *outputs.values())}
    if x.ndim != 2 or x.shape != quality.shape or not outputs or len(lengths) != 1:
        raise Refused("arrays of a golden sequence differ in length", where=where, do="pack the bundle again")
    return Golden(x, quality, outputs, name)


def _arrays(raw: bytes) -> dict[str, Array]:
    found: dict[str, Array] = {}
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        for entry in archive.infolist():
            if entry.compress_type != zipfile.ZIP_STORED or entry.file_size > len(raw):
                raise ValueError(f"{entry.filename} is compressed")
            with archive.open(entry) as member:
                array = np.lib.format.read_array(member, allow_pickle=False, max_header_size=_LARGEST_HEADER)
            if array.dtype != np.float32 or array.ndim < 1:
                raise ValueError(f"{entry.filename} is {array.dtype}{list(array.shape)}, not a float32 array")
            found[entry.filename.removesuffix(".npy")] = array
    return found
