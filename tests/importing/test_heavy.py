"""Frameworks that are too heavy for every run: models that they trained are stored, with what they predicted.

How each was made is told in docs/how-to-import-a-model.md. The readers themselves run where a framework is installed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.importing.through import BARE, gap, referenced, stepped

from lineshaft.app.importing import import_model
from lineshaft.core.errors import Refused, UsageError
from lineshaft.graph.importing.reading import How

STORED = Path(__file__).parent / "stored"


@pytest.mark.parametrize("name", ["keras_conv", "keras_rnn", "keras_auto", "paddle_net"])
def test_a_trained_network_predicts_what_its_framework_did(name: str) -> None:
    with np.load(STORED / f"{name}.npz") as said:
        x, wanted = said["x"], said["y"]
    made = import_model(STORED / f"{name}.onnx", BARE)
    output = made.signature.outputs[0].name
    assert gap(stepped(made, x)[output], wanted) < 1e-5
    assert gap(referenced(made, x)[output], wanted) < 1e-5


def test_keras_reads_its_own_file() -> None:
    pytest.importorskip("keras", reason="Keras and TensorFlow are no part of the common run")
    pytest.importorskip("tf2onnx", reason="Keras exports through it")
    with np.load(STORED / "keras_conv.npz") as said:
        made = import_model(STORED / "keras_conv.keras", BARE)
        assert gap(stepped(made, said["x"])[made.signature.outputs[0].name], said["y"]) < 1e-5


def test_paddle_reads_its_own_layer() -> None:
    paddle = pytest.importorskip("paddle", reason="PaddlePaddle is no part of the common run")
    pytest.importorskip("paddle2onnx", reason="the way from PaddlePaddle to ONNX")
    net = paddle.nn.Sequential(paddle.nn.Linear(4, 3), paddle.nn.GELU(), paddle.nn.Linear(3, 2))
    x = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    made = import_model(net, BARE, how=How(shape=(4,)))
    wanted = net(paddle.to_tensor(x)).numpy()
    assert gap(stepped(made, x)[made.signature.outputs[0].name], wanted) < 1e-5


def test_pytorch_by_its_own_exporter(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is an extra")
    pytest.importorskip("onnxscript", reason="torch.onnx exports through it")
    nn = torch.nn
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv1d(3, 4, 5, padding=2), nn.BatchNorm1d(4), nn.GELU(), nn.MaxPool1d(2),
                        nn.ConvTranspose1d(4, 2, 4, 2, 1), nn.Flatten(), nn.LayerNorm(32), nn.Linear(32, 2))
    target = torch.randn(64, 2)
    rows = torch.randn(64, 3, 16)
    optimiser = torch.optim.Adam(net.parameters(), 0.01)
    for _ in range(5):
        optimiser.zero_grad()
        ((net(rows) - target) ** 2).mean().backward()
        optimiser.step()
    net.eval()
    assets = torch.export.Dim("assets", min=1)
    program = torch.export.export(net, (rows[:2],), dynamic_shapes=({0: assets},))
    torch.export.save(program, tmp_path / "net.pt2")
    with pytest.raises(Refused, match="may run code"):
        import_model(tmp_path / "net.pt2")
    made = import_model(tmp_path / "net.pt2", BARE, how=How(trust=True))
    wanted = net(rows).detach().numpy()
    assert gap(stepped(made, rows.numpy())[made.signature.outputs[0].name], wanted) < 1e-5
    with pytest.raises(UsageError, match="shape of its input"):
        import_model(net)
