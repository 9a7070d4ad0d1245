"""Inspection: an EfficientNet-Lite0 backbone at 224 px with a linear head that names the defect of a steel surface.

The head is ridge regression on the frozen features of the training images (closed form). Some pictures of the set are
nearly the same, so one of validation or held out that resembles a training image is left out.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lineshaft.backend.onnxruntime import execute
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.fidelity import Run, say
from pipelines.efficientnet import FEATURES, SIDE, Weights, features, weights
from pipelines.pipeline import CACHE, Absent, Pipeline, run_of

RIDGE = 3e-3
SHARES = (0.25, 0.55)  # of the images: to learn from, then to validate, then held out
ALIKE, THUMBNAIL = 0.95, 14
PROTOCOL = ("NEU-DET, six defects of hot-rolled steel; images by hash 25/30/45 into training, validation, held out; "
            "those that resemble a training image (thumbnail correlation over 0.95) left out; no limit: the verdict "
            "is the class of the largest score")
Pixels = NDArray[np.uint8]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """Images [N, 3 * 224 * 224], class [N], and role (0 training, 1 validation, 2 held out, 3 left out) [N]."""

    pixels: Pixels
    labels: NDArray[np.int8]
    roles: NDArray[np.int8]

    def run(self, role: int) -> Run:
        return run_of(self.pixels[self.roles == role], self.labels[self.roles == role])


def build(data: Path, *, most: int = 1000) -> Pipeline:
    """The pipeline with its head; ``data`` holds ``neu_det``. At most ``most`` images are used, evenly chosen. Raises
    ``Absent`` where data, weights, PyTorch or Pillow are missing.
    """
    network, pictures = weights(), _pictures(data / "neu_det", most)
    some = np.linspace(0, len(pictures.labels) - 1, 8).astype(int)
    x = pictures.pixels[some].astype(np.float32)
    done = graph(network, *_head(network, pictures))
    return Pipeline("image", done, (x, np.ones_like(x)), (pictures.run(0),), (pictures.run(1),),
                    (pictures.run(2),), PROTOCOL,
                    {f"{name}_images": float((pictures.roles == role).sum())
                     for role, name in enumerate(("training", "validation", "held_out"))})


def backbone(w: Weights) -> bytes:
    """The step graph that gives the features alone."""
    g = StepBuilder(3 * SIDE * SIDE)
    found = features(g, g.reshape(g.x, (3, SIDE, SIDE)), w)
    return g.model({"features": g.reshape(found, (FEATURES,))})


def graph(w: Weights, head: Matrix, bias: Matrix) -> bytes:
    """Pixels to one score a class: normalise, backbone, features times ``head`` [1280, K]."""
    g = StepBuilder(3 * SIDE * SIDE)
    found = g.reshape(features(g, g.reshape(g.x, (3, SIDE, SIDE)), w), (FEATURES,))
    return g.model({"score": g.add(g.project(found, head), bias)})


def _head(w: Weights, pictures: Pictures) -> tuple[Matrix, Matrix]:
    """Ridge solution of -1 / +1 for each class on standardised features, in terms of the features as they are."""
    training = pictures.run(0)
    seen = say(backbone(w), [training], execute)[0]["features"].astype(np.float64)
    mean, scale = seen.mean(axis=0), np.maximum(seen.std(axis=0), 1e-3)
    z = (seen - mean) / scale
    wanted = 2.0 * np.eye(int(training.labels.max()) + 1)[training.labels] - 1.0
    centre = wanted.mean(axis=0)
    gram = z.T @ z + RIDGE * len(z) * FEATURES * np.eye(FEATURES)
    head = np.asarray(np.linalg.solve(gram, z.T @ (wanted - centre)), np.float64) / scale[:, None]
    return head, np.asarray(centre - mean @ head, np.float64)


def _pictures(folder: Path, most: int) -> Pictures:
    archives = sorted(folder.glob("*.tar.gz"))
    if not archives:
        raise Absent(f"{folder} with the NEU-DET images is not here")
    digest = hashlib.sha256(repr([(a.name, a.stat().st_size) for a in archives] + [most, SIDE, SHARES]).encode())
    stored = CACHE / f"neu-{digest.hexdigest()[:16]}.npz"
    if stored.is_file():
        with np.load(stored) as found:
            return Pictures(found["pixels"], found["labels"], found["roles"])
    pictures = _read(archives, most)
    CACHE.mkdir(exist_ok=True)
    np.savez(stored, pixels=pictures.pixels, labels=pictures.labels, roles=pictures.roles)
    return pictures


def _read(archives: Sequence[Path], most: int) -> Pictures:
    found: dict[str, bytes] = {}
    for path in archives:
        with tarfile.open(path) as archive:
            for member in archive:
                held = archive.extractfile(member) if member.name.endswith(".jpg") else None
                if held is not None:
                    found[Path(member.name).stem] = held.read()
    names = sorted(found)
    names = [names[i] for i in np.unique(np.linspace(0, len(names) - 1, min(most, len(names))).astype(int))]
    classes = sorted({name.rpartition("_")[0] for name in names})
    labels = np.array([classes.index(name.rpartition("_")[0]) for name in names], np.int8)
    pixels = np.stack([_pixels(found[name]) for name in names])
    place = [int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") / 2**32 for name in names]
    roles = np.digitize(place, SHARES).astype(np.int8)
    return Pictures(pixels, labels, np.where((roles > 0) & _resembles(pixels, roles == 0), 3, roles).astype(np.int8))


def _resembles(pixels: Pixels, training: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which images have a training image that looks the same at 16 x 16."""
    side = SIDE // THUMBNAIL
    small = pixels[:, :SIDE * SIDE].reshape(-1, side, THUMBNAIL, side, THUMBNAIL).mean(axis=(2, 4))
    flat = small.reshape(len(small), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9)
    return np.asarray((flat @ flat[training].T).max(axis=1) > ALIKE)


def _pixels(content: bytes) -> Pixels:
    """A grey picture as three equal channels of 224 x 224, flat."""
    try:
        from PIL import Image
    except ImportError:
        raise Absent("the Python package Pillow is not installed") from None
    with Image.open(io.BytesIO(content)) as picture:
        small = np.asarray(picture.convert("L").resize((SIDE, SIDE), Image.Resampling.BILINEAR), np.uint8)
    return np.broadcast_to(small, (3, SIDE, SIDE)).reshape(-1)
