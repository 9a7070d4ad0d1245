"""Files that come in from outside: one clear sentence with the right exit code, or what they hold."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.faults import opening, small
from tests.faults.case import Injection, Outcome, case
from tests.faults.hostile import HOSTILE
from tests.faults.mutants import mutant
from tests.importing.test_hostile import small_network

MUTANTS, LARGEST_SEED = 30, 50_000


def fuzzed(at: Injection, door: str, seeds: list[bytes], *endings: str, passes: bool = True) -> Outcome:
    """``MUTANTS`` files through a door; the seed makes the same ones again."""
    files = []
    for number in range(MUTANTS):
        file = at.folder / f"{door}-{at.seed}-{number}{at.chance.choice(endings)}"
        file.write_bytes(mutant(at.chance, seeds))
        files.append(file)
    return Outcome(len(files), lies=tuple(opening.failures(door, files, passes=passes)))


def of_size(door: str) -> list[bytes]:
    """The written files of a door that are not large."""
    return [content for content in HOSTILE[door].values() if 0 < len(content) < LARGEST_SEED]


@case(6, 7, 8, times=1, quick=0)
def every_hostile_file_that_is_known(at: Injection) -> Outcome:
    """Tables, project files, bundles, models and keys that mean harm, and all on which something once went wrong."""
    wrong, number = [], 0
    for door, known in HOSTILE.items():
        files = [at.folder / door / name for name in known]
        (at.folder / door).mkdir()
        for file in files:
            file.write_bytes(known[file.name])
        files += sorted((opening.FOUND / door).glob("*"))
        wrong += opening.failures(door, files)
        number += len(files)
    return Outcome(number, lies=tuple(wrong))


@case(7, 8, times=20, quick=1)
def a_project_file_of_chance(at: Injection) -> Outcome:
    """Thirty lineshaft.toml, changed by chance from good and hostile ones."""
    return fuzzed(at, "toml", of_size("toml"), ".toml")


@case(7, 8, times=20, quick=1)
def a_table_of_chance(at: Injection) -> Outcome:
    """Thirty CSV and Parquet files, changed by chance from good and hostile ones."""
    return fuzzed(at, "table", of_size("table"), ".csv", ".csv", ".csv", ".parquet", ".csv.gz", ".zip", ".tar")


@case(6, 7, 8, times=20, quick=0)
def a_bundle_of_chance(at: Injection) -> Outcome:
    """Thirty bundles, changed by chance from one that a trusted key signed: not one of them passes."""
    made = small.parts(at.folder / "made")
    whole = small.bundle(made, name="sound.tar").read_bytes()
    return fuzzed(at, "bundle", [whole, whole, whole, *of_size("bundle")], ".tar", passes=False)


@case(6, 7, 8, times=20, quick=1)
def a_bundle_folder_of_chance(at: Injection) -> Outcome:
    """A bundle's folder in which one file is changed, gone, a link, or there besides: not one of them passes."""
    made = small.parts(at.folder / "made")
    sound = small.bundle(made, name="sound")
    folders = []
    for number in range(12):
        folder = at.folder / f"bundle-{number}"
        shutil.copytree(sound, folder)
        _spoil(at, folder)
        folders.append(folder)
    return Outcome(len(folders), lies=tuple(opening.failures("bundle", folders, passes=False)))


def _spoil(at: Injection, folder: Path) -> None:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    file = at.chance.choice(files)
    match at.chance.randrange(4):
        case 0:
            content = file.read_bytes()
            while (changed := mutant(at.chance, [content])) == content:
                pass
            file.write_bytes(changed)
        case 1:
            file.unlink()
        case 2:
            file.rename(folder.parent / f"{folder.name}-elsewhere")
            file.symlink_to(folder.parent / f"{folder.name}-elsewhere")
        case _:
            (file.parent / "one-more").write_bytes(b"stowaway")


@case(7, 8, times=20, quick=1)
def a_model_of_chance(at: Injection) -> Outcome:
    """Thirty files of ONNX, LightGBM, XGBoost and pickles, changed by chance."""
    network = small_network()
    return fuzzed(at, "model", [network, network, *of_size("model")], ".onnx", ".onnx", ".txt", ".json", ".ubj", ".pkl")


@case(7, 8, times=10, quick=0)
def a_step_graph_of_chance(at: Injection) -> Outcome:
    """Thirty step graphs, changed by chance, that somebody only wants to look at."""
    made = small.parts(at.folder / "made")
    return fuzzed(at, "graph", [made.graph, made.graph, *of_size("graph")], ".onnx")


@case(7, 8, times=10, quick=0)
def a_key_of_chance(at: Injection) -> Outcome:
    """Thirty public keys, changed by chance."""
    made = small.parts(at.folder / "made")
    return fuzzed(at, "key", [made.public.read_bytes(), *of_size("key")], ".pub")
