"""Golden sequences on disk, and their replay through an engine."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from tests.bundle.conftest import NumpyEngine, golden_sequence

from lineshaft.bundle import golden as golden_file
from lineshaft.bundle.replay import replay_golden
from lineshaft.core.errors import Refused
from lineshaft.core.golden import Golden
from lineshaft.core.manifest import Tolerance


@settings(deadline=None)
@given(data=st.data(), ticks=st.integers(0, 5), channels=st.integers(1, 4))
def test_every_sequence_comes_back_bit_for_bit(data: st.DataObject, ticks: int, channels: int) -> None:
    floats = st.floats(width=32)
    x, quality = (data.draw(arrays.arrays(np.float32, (ticks, channels), elements=floats)) for _ in range(2))
    outputs = {"score": data.draw(arrays.arrays(np.float32, ticks, elements=floats)),
               "a/b": data.draw(arrays.arrays(np.float32, (ticks, 2), elements=floats))}
    found = golden_file.decode(golden_file.encode(Golden(x, quality, outputs)), where="x")
    np.testing.assert_array_equal(found.x, x)
    np.testing.assert_array_equal(found.quality, quality)
    assert found.outputs.keys() == outputs.keys()
    for name, expected in outputs.items():
        np.testing.assert_array_equal(found.outputs[name], expected)


def archive(compression: int = zipfile.ZIP_STORED, **members: object) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as target:
        for name, array in members.items():
            content = io.BytesIO()
            np.save(content, np.asarray(array), allow_pickle=True)
            target.writestr(f"{name}.npy", content.getvalue())
    return file.getvalue()


ROWS = np.zeros((4, 3), np.float32)


@pytest.mark.parametrize("raw", [
    b"", b"PK", archive(), archive(x=ROWS), archive(x=ROWS, quality=ROWS),
    archive(x=ROWS, quality=ROWS[:3], score=ROWS), archive(x=ROWS, quality=ROWS, score=ROWS[:2]),
    archive(x=ROWS, quality=ROWS, score=ROWS.astype(np.float64)),
                                 archive(x=ROWS, quality=ROWS, score=np.float32(1)),
    archive(x=np.array([print], object), quality=ROWS, score=ROWS),
    archive(zipfile.ZIP_DEFLATED, x=ROWS, quality=ROWS, score=ROWS),
    archive(x=ROWS, quality=ROWS, score=ROWS)[:-30],
])
def test_what_is_no_golden_sequence_is_refused_and_nothing_is_unpickled(raw: bytes) -> None:
    with pytest.raises(Refused):
        golden_file.decode(raw, where="x")


def test_a_faithful_engine_passes_and_is_left_reset() -> None:
    engine = NumpyEngine()
    found = replay_golden(engine, [golden_sequence(), golden_sequence(25, seed=1)], Tolerance())
    assert (found.parity, found.flips, found.ticks) == (0.0, 0, 65)
    assert not engine.state()["mean"].any()


def test_what_an_engine_had_seen_before_does_not_matter() -> None:
    engine = NumpyEngine()
    engine.x[:] = 1e6
    engine.step()
    assert replay_golden(engine, [golden_sequence()], Tolerance()).parity == 0.0


def test_every_asset_of_an_engine_must_agree() -> None:
    class Uneven(NumpyEngine):
        def step(self) -> None:
            super().step()
            self._out["score"][2] += 0.5

    assert replay_golden(NumpyEngine(assets=4), [golden_sequence()], Tolerance()).parity == 0.0
    with pytest.raises(Refused, match="differs from the reference"):
        replay_golden(Uneven(assets=4), [golden_sequence()], Tolerance())


def test_a_difference_is_refused_with_its_size_and_place() -> None:
    golden = golden_sequence()
    wrong = replace(golden, outputs={**golden.outputs, "score": golden.outputs["score"].copy()})
    wrong.outputs["score"][17] += 1.0
    with pytest.raises(Refused,
                       match=r"differs from the reference by 0\.\d+ at output score of sequence 0, tick 17, "
                                      r"more than the allowed 0\.0001"):
        replay_golden(NumpyEngine(), [wrong], Tolerance())


def test_flipped_alarms_are_counted_apart_from_distance() -> None:
    golden = golden_sequence()
    over = int(np.count_nonzero((golden.outputs["score"] > 0.2) & (golden.outputs["score"] <= 0.5)))
    assert over
    with pytest.raises(Refused, match=f"{over} of 40 golden verdicts flipped, 0 allowed"):
        replay_golden(NumpyEngine(error=0.3), [golden], Tolerance(parity=0.5))
    assert replay_golden(NumpyEngine(error=0.3), [golden], Tolerance(0.5, flips=over)).flips == over


def test_an_engine_that_says_nan_never_passes() -> None:
    with pytest.raises(Refused, match="by inf"):
        replay_golden(NumpyEngine(error=float("nan")), [golden_sequence()], Tolerance(parity=1e9, flips=10**9))


def test_sequences_of_another_graph_are_refused() -> None:
    golden = golden_sequence()
    with pytest.raises(Refused, match="has 2 channels and the engine 3"):
        replay_golden(NumpyEngine(), [replace(golden, x=golden.x[:, :2], quality=golden.quality[:, :2])],
                      Tolerance())
    with pytest.raises(Refused, match="output t2 has shape"):
        replay_golden(NumpyEngine(), [replace(golden, outputs={"t2": golden.outputs["score"]})], Tolerance())
    with pytest.raises(Refused, match="no golden sequence"):
        replay_golden(NumpyEngine(), [], Tolerance())
