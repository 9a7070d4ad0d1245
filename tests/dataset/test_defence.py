"""Leaks, wrong labels and poisoned windows are found where they were planted, and nowhere else."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lineshaft.core.errors import UsageError
from lineshaft.dataset.defence import Evidence, find_leaks
from lineshaft.dataset.defence.labels import suspects
from lineshaft.dataset.defence.poison import strange

ROWS = 600


def kinds(evidence: Evidence, *, certain: bool = True) -> set[str]:
    return {leak.kind for leak in find_leaks(evidence) if leak.certain or not certain}


def table(rng: np.random.Generator, *, memory: float = 0.0, columns: int = 4) -> Evidence:
    """Three recordings one after another; the last third judges; classes change within each."""
    values = rng.normal(size=(ROWS, columns))
    for row in range(1, ROWS):
        values[row] += memory * values[row - 1]
    run = np.repeat(np.arange(3), ROWS // 3).astype(np.int32)
    return Evidence(values, tuple("abcdefgh"[:columns]), run == 2, run, np.arange(ROWS) // 50 % 2,
                    np.arange(ROWS) * 1_000_000_000, {"asset": run.astype(np.int64)})


def coloured(rng: np.random.Generator, width: int) -> NDArray[np.float64]:
    """Noise whose band ends at about 1 / width of the sampling rate."""
    kernel = np.hanning(width + 2)[1:-1]
    return np.convolve(rng.normal(size=(2000 + width)), kernel / kernel.sum(), "valid")[:2000]


def test_a_clean_split_has_no_leak(rng: np.random.Generator) -> None:
    assert find_leaks(table(rng)) == ()
    assert find_leaks(table(rng, memory=0.9)) == ()


def test_an_asset_on_both_sides_is_a_leak(rng: np.random.Generator) -> None:
    clean = table(rng)
    asset = clean.groups["asset"].copy()
    asset[10] = 2
    found = find_leaks(replace(clean, groups={"bearing": asset}))
    assert [(leak.kind, leak.where, leak.rows) for leak in found] == [("groups", "bearing", 200)]


def test_a_random_split_of_a_slow_signal_is_a_leak_and_of_independent_rows_is_none(rng: np.random.Generator) -> None:
    judges = rng.random(ROWS) < 0.3
    assert "neighbours" in kinds(replace(table(rng, memory=0.9), judges=judges, groups={}))
    assert "neighbours" not in kinds(replace(table(rng), judges=judges, groups={}))


def test_a_past_that_judges_what_the_future_taught_is_a_leak(rng: np.random.Generator) -> None:
    one = replace(table(rng), run=np.zeros(ROWS, np.int32), groups={})
    assert "future" not in kinds(replace(one, judges=np.arange(ROWS) >= 400))
    assert "future" in kinds(replace(one, judges=np.arange(ROWS) < 200))


def test_copies_across_the_split_are_found_with_their_rows(rng: np.random.Generator) -> None:
    clean = table(rng)
    values = clean.values.copy()
    values[400:420] = values[:20]
    found = [leak for leak in find_leaks(replace(clean, values=values)) if leak.kind == "copies"]
    assert found[0].certain and found[0].places == tuple(range(400, 420))


def test_rows_that_repeat_by_nature_are_no_certain_leak(rng: np.random.Generator) -> None:
    clean = table(rng)
    assert "copies" not in kinds(replace(clean, values=np.round(clean.values / 2)))


def test_a_column_that_is_the_label_in_disguise_is_a_leak(rng: np.random.Generator) -> None:
    clean = table(rng)
    assert clean.label is not None
    values = clean.values.copy()
    values[:, 2] = 7.0 - 3.0 * clean.label + 0.01 * rng.normal(size=ROWS)
    found = [leak for leak in find_leaks(replace(clean, values=values)) if leak.kind == "telltale"]
    assert {leak.where for leak in found} == {"c"} and all(leak.certain for leak in found)


def test_a_row_number_is_pointed_out(rng: np.random.Generator) -> None:
    clean = table(rng)
    values = clean.values.copy()
    values[:, 0] = np.arange(ROWS) * 2.0
    assert "telltale" in kinds(replace(clean, values=values), certain=False)


@pytest.mark.parametrize("which", ["filter", "rate"])
def test_a_class_recorded_with_another_filter_or_rate_is_a_leak(which: str, rng: np.random.Generator) -> None:
    healthy, worn = [0, 1], [2, 3]
    widths = [12 if which == "filter" and run in healthy else 2 for run in range(4)]
    values = np.concatenate([coloured(rng, width) for width in widths])[:, None]
    run = np.repeat(np.arange(4), 2000).astype(np.int32)
    step = np.where(np.isin(run, healthy), 4, 1) if which == "rate" else np.ones(len(run), np.int64)
    made = Evidence(values, ("a",), np.isin(run, [1, 3]), run, np.isin(run, worn).astype(np.int64),
                    np.cumsum(step) * 1_000_000, {}, ("healthy", "worn"))
    found = [leak for leak in find_leaks(made) if leak.kind == "recorder"]
    assert len(found) == 2 and ("band edge" if which == "filter" else "interval") in found[0].what
    alike = replace(made, values=np.concatenate([coloured(rng, 2) for _ in range(4)])[:, None],
                    times=np.arange(len(run)) * 1_000_000)
    assert "recorder" not in kinds(alike)


def test_a_table_of_one_side_is_refused(rng: np.random.Generator) -> None:
    with pytest.raises(UsageError, match="one side"):
        find_leaks(replace(table(rng), judges=np.zeros(ROWS, np.bool_)))


def test_wrong_labels_are_found_among_right_ones(rng: np.random.Generator) -> None:
    truth = rng.integers(0, 3, 900)
    logits = 3.0 * np.eye(3)[truth] + rng.normal(size=(900, 3))
    probability = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    wrong = rng.choice(900, 90, replace=False)
    label = truth.copy()
    label[wrong] = (label[wrong] + 1) % 3
    found = suspects(probability, label)
    right = np.isin(found.rows, wrong)
    assert right.mean() > 0.6 and right.sum() > 0.65 * 90
    assert (found.probably[right] == truth[found.rows[right]]).mean() > 0.9
    assert abs(np.trace(found.joint) - 0.9) < 0.04 and abs(found.joint.sum() - 1) < 1e-9


def test_labels_that_are_all_right_are_hardly_doubted(rng: np.random.Generator) -> None:
    truth = rng.integers(0, 2, 500)
    probability = np.where(np.eye(2)[truth] > 0, 0.95, 0.05)
    assert len(suspects(probability, truth).rows) == 0


def normal(rng: np.random.Generator, rows: int = 2000) -> NDArray[np.float64]:
    values = rng.normal(size=(rows, 3)) @ rng.normal(size=(3, 5))
    return values + np.sin(np.arange(rows) / 90.0)[:, None]


def test_stretches_of_a_fault_among_normal_operation_are_found(rng: np.random.Generator) -> None:
    values, run = normal(rng), np.zeros(2000, np.int32)
    assert len(strange(values, run)) <= 1
    values[800:860, 1] += 9.0
    values[1200:1240, 3] = values[1200, 3]
    found = {one.start for one in strange(values, run)}
    assert {800, 820, 840, 1200, 1220} <= found and len(found) <= 7


def test_a_recording_that_is_played_again_is_found_with_its_source(rng: np.random.Generator) -> None:
    values = normal(rng)
    values[1500:1560] = values[333:393]
    found = [one for one in strange(values, np.zeros(2000, np.int32)) if one.copy_of >= 0]
    assert [(one.start, one.copy_of) for one in sorted(found, key=lambda one: one.start)] == [
        (1500, 333), (1520, 353), (1540, 373)]


def test_too_short_a_stretch_is_refused(rng: np.random.Generator) -> None:
    with pytest.raises(UsageError, match="too few"):
        strange(normal(rng, 100), np.zeros(100, np.int32))


def test_a_value_that_only_one_class_has_is_pointed_out(rng: np.random.Generator) -> None:
    clean = table(rng)
    rare = (np.arange(ROWS) % 10 == 0).astype(np.int64)
    mode = rare * (rng.random(ROWS) < 0.5)
    values = np.column_stack([clean.values[:, :3], mode])
    found = [leak for leak in find_leaks(replace(clean, values=values, label=rare)) if leak.kind == "telltale"]
    assert [(leak.where, leak.certain) for leak in found] == [("d", False)] and "d = 1" in found[0].what


def test_the_failure_modes_of_ai4i_are_pointed_out(shared_data: Path) -> None:
    lines = (shared_data / "ai4i2020" / "ai4i2020.csv").read_text("utf-8-sig").splitlines()
    names = [name.strip() for name in lines[0].split(",")]
    kept = [place for place, name in enumerate(names) if name not in ("Product_ID", "Type", "Machine.failure")]
    cells = [line.split(",") for line in lines[1:]]
    values = np.array([[float(row[place]) for place in kept] for row in cells])
    label = np.array([int(row[names.index("Machine.failure")]) for row in cells])
    found = find_leaks(Evidence(values, tuple(names[place] for place in kept), np.arange(len(label)) % 3 == 0,
                           np.zeros(len(label), np.int32), label))
    assert {"HDF", "PWF", "OSF", "TWF"} <= {leak.where for leak in found if leak.kind == "telltale"}
    assert any(leak.kind == "telltale" and leak.where == "UDI" for leak in found)


def test_the_other_filter_of_the_healthy_cwru_record_is_found(shared_data: Path) -> None:
    from scipy.io import loadmat

    signals, labels = [], []
    with tarfile.open(shared_data / "cwru" / "cwru_shared.tar.gz") as archive:
        names = [name for name in archive.getnames() if name.endswith(".mat")]
        for name in [n for n in names if "48k" in n and "/007/" in n] + [n for n in names if "Normal" in n]:
            member = archive.extractfile(name)
            assert member is not None
            found = loadmat(io.BytesIO(member.read()))
            signals.append(next(v for k, v in found.items() if k.endswith("DE_time"))[:20_000, 0])
            labels.append(int("Normal" in name))
    run = np.repeat(np.arange(len(signals)), 20_000).astype(np.int32)
    made = Evidence(np.concatenate(signals)[:, None], ("de",), run % 2 == 1, run, np.array(labels)[run],
                    classes=("worn", "healthy"))
    assert any(leak.kind == "recorder" and "band edge" in leak.what and leak.certain for leak in find_leaks(made))
