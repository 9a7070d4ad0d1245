"""A small signed bundle of a real ONNX step graph: an EWMA per tag, its score and its alarm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from lineshaft.bundle.contents import Lowering
from lineshaft.bundle.keys import new_key
from lineshaft.bundle.oci import digest
from lineshaft.bundle.pack import Packed, pack
from lineshaft.core.golden import Golden
from lineshaft.core.manifest import Budget, Certificate, Limits, Lineage, Manifest
from lineshaft.core.step import Array, Port, StepSignature
from lineshaft.core.tag import Tag

CHANNELS = 3
SIGNATURE = StepSignature(CHANNELS, (Port("score", ()), Port("alarm", ())), (Port("mean", (CHANNELS,)),))


def step_graph() -> bytes:
    """mean' = 0.9 mean + 0.1 x quality; score = max |mean'|; alarm = score > 0.5."""
    def tensor(name: str, *shape: object) -> object:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["assets", *shape])

    def constant(name: str, value: float) -> object:
        return helper.make_tensor(name, TensorProto.FLOAT, [], [value])

    nodes = [
        helper.make_node("Mul", ["x", "quality"], ["seen"]),
        helper.make_node("Mul", ["seen", "new"], ["fresh"]),
        helper.make_node("Mul", ["mean", "old"], ["kept"]),
        helper.make_node("Add", ["kept", "fresh"], ["mean_o"]),
        helper.make_node("Abs", ["mean_o"], ["size"]),
        helper.make_node("ReduceMax", ["size", "last"], ["score"], keepdims=0),
        helper.make_node("Greater", ["score", "limit"], ["over"]),
        helper.make_node("Cast", ["over"], ["alarm"], to=TensorProto.FLOAT),
    ]
    graph = helper.make_graph(
        nodes, "step", [tensor("x", CHANNELS), tensor("quality", CHANNELS), tensor("mean", CHANNELS)],
        [tensor("score"), tensor("alarm"), tensor("mean_o", CHANNELS)],
        [constant("new", 0.1), constant("old", 0.9), constant("limit", 0.5),
         helper.make_tensor("last", TensorProto.INT64, [1], [1])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    return bytes(model.SerializeToString(deterministic=True))


class NumpyEngine:
    """The same step in NumPy; ``error`` is added to the score, as a wrong lowering would."""

    def __init__(self, assets: int = 1, error: float = 0.0) -> None:
        self.signature, self.assets, self.error = SIGNATURE, assets, error
        self.x: Array = np.zeros((assets, CHANNELS), np.float32)
        self.quality: Array = np.ones((assets, CHANNELS), np.float32)
        self._mean: Array = np.zeros((assets, CHANNELS), np.float32)
        self._out = {"score": np.zeros(assets, np.float32), "alarm": np.zeros(assets, np.float32)}

    @property
    def out(self) -> Mapping[str, Array]:
        return self._out

    def step(self) -> None:
        self._mean = np.float32(0.9) * self._mean + np.float32(0.1) * self.x * self.quality
        self._out["score"][:] = np.abs(self._mean).max(axis=1) + self.error
        self._out["alarm"][:] = self._out["score"] > 0.5

    def state(self) -> dict[str, Array]:
        return {"mean": self._mean.copy()}

    def restore(self, state: Mapping[str, Array]) -> None:
        self._mean = state["mean"].copy()

    def reset(self) -> None:
        self._mean = np.zeros_like(self._mean)


def golden_sequence(ticks: int = 40, seed: int = 0) -> Golden:
    """Random inputs, a tenth of them masked, with what the reference says of them."""
    random = np.random.default_rng(seed)
    quality = (random.random((ticks, CHANNELS)) > 0.1).astype(np.float32)
    x = random.normal(1.0, 1.0, (ticks, CHANNELS)).astype(np.float32) * quality
    engine, scores, alarms = NumpyEngine(), [], []
    for values, usable in zip(x, quality, strict=True):
        engine.x[0], engine.quality[0] = values, usable
        engine.step()
        scores.append(engine.out["score"][0])
        alarms.append(engine.out["alarm"][0])
    return Golden(x, quality, {"score": np.array(scores, np.float32), "alarm": np.array(alarms, np.float32)})


def manifest_of(version: int = 1, loop: str = "cell2") -> Manifest:
    """A manifest with every kind of field in use."""
    tags = tuple(Tag(f"works/cell2/{name}", unit="Cel", low=0.0, high=150.0) for name in ("T1", "T2",
                                                                                          "Füllstand"))
    return Manifest(loop, "monitor", version, tags, 1_000_000_000, 3_000_000_000, SIGNATURE,
                    Budget(50_000_000, 64 << 20), Limits({"works/cell2/T1": (None, 120.0)}),
                    Lineage("sha256:" + "d" * 64, "7", "0.1.0", 1_700_000_000_000_000_000, "pca", "best of 3"),
                    {"far": 0.01, "f1": 0.83})


def certificate_of(graph: bytes, backend: str = "onnxruntime", target: str = "pc") -> Certificate:
    """A certificate as ``certify`` writes it."""
    return Certificate(backend, target, {"cpu": "x", "os": "Linux"}, 1e-7, 0, 2000, (1, 2, 3, 4), 1 << 20,
                       1_700_000_000_000_000_000, digest(graph))


@dataclass(frozen=True)
class Parts:
    """What goes into a bundle, and who signs it."""

    graph: bytes
    key: Path
    folder: Path
    id: str

    @property
    def public(self) -> Path:
        return self.key.with_suffix(".pub")

    def pack(self, name: str = "bundle", *, manifest: Manifest | None = None, key: Path | None = None,
             signed: bool = True, golden: Golden | None = None) -> Packed:
        """Pack them; what is not given is as usual."""
        return pack(self.folder / name, manifest=manifest or manifest_of(), graph=self.graph,
                    lowerings=[Lowering(self.graph, certificate_of(self.graph))],
                    golden=[golden or golden_sequence()], card="# cell2\n",
                    key=(key or self.key) if signed else None)


def make_parts(folder: Path) -> Parts:
    """Parts with a fresh key in this folder."""
    return Parts(step_graph(), folder / "signer.key", folder, new_key(folder / "signer.key").id)


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    return make_parts(tmp_path)


@pytest.fixture
def other_key(tmp_path: Path) -> Path:
    """A private key that nobody trusts."""
    return new_key(tmp_path / "other.key").path.with_suffix(".key")
