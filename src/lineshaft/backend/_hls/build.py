"""The core as an HLS project and as a library of this machine: hls4ml writes it, g++ compiles it."""

from __future__ import annotations

import contextlib
import io
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from importlib import metadata, util
from pathlib import Path
from typing import Any

from lineshaft.backend._hls.layers import INPUT, Core
from lineshaft.backend._hls.options import Options
from lineshaft.core.errors import EnvironmentFailed

PROJECT = "core"
LIBRARY, WEIGHTS = "emulation.so", "emulation_weights.h"
COMPILER = "g++"
FLAGS = ("-std=c++17", "-O1", "-fPIC", "-shared", "-w", "-fno-gnu-unique", "-Ifirmware/ap_types")
SKIPPED = ["fuse_batch_normalization", "fuse_consecutive_batch_normalization"]  # they change types chosen here
STAMP, FOLDER = "emulation", "."
PERSONAL = frozenset({"build_lib.sh", "hls4ml_config.yml"})
LONGEST = 600.0  # seconds of g++


def missing() -> tuple[str, ...]:
    """What building a core lacks on this machine."""
    found = [] if util.find_spec("hls4ml") else ["hls4ml is not installed (pip install 'lineshaft[hls]')"]
    return tuple(found if shutil.which(COMPILER) else [*found, f"{COMPILER} is not installed"])


def versions() -> str:
    """Who builds: hls4ml and the compiler, with their versions."""
    done = subprocess.run([COMPILER, "-dumpfullversion"], capture_output=True, text=True, check=True)
    return f"hls4ml {metadata.version('hls4ml')} + {COMPILER} {done.stdout.strip()}"


def project(core: Core, options: Options) -> dict[str, bytes]:
    """Files of the HLS project by path; the same core gives the same bytes."""
    with _folder() as folder:
        stamp = _write(core, options, folder)
        return {f.relative_to(folder).as_posix(): _neutral(f, folder, stamp)
                for f in sorted(folder.rglob("*")) if f.is_file()}


def library(files: Mapping[str, bytes]) -> bytes:
    """The project's C++ compiled for this machine.

    The core and hls4ml's bridge are one translation unit: that takes half the time of two, which read the same headers.
    The weights are in the library. As hls4ml has it they are read from a folder at the first call, which ends the
    process where a file is missing; and as initial values of ``ap_fixed`` 12,800 took g++ ten minutes.
    """
    command = [COMPILER, *FLAGS, "-include", WEIGHTS, "-include", f"firmware/{PROJECT}.cpp", f"{PROJECT}_bridge.cpp",
               "-o", LIBRARY]
    with _folder() as folder:
        for path, content in {**files, WEIGHTS: _weights(files)}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=LONGEST)
        except subprocess.TimeoutExpired:
            raise EnvironmentFailed(f"{COMPILER} took longer than {LONGEST:g} s", where="emulation of the core",
                                    do="take a smaller network") from None
        if done.returncode:
            first = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr[:200])
            raise EnvironmentFailed(f"{COMPILER} refused what hls4ml wrote: {first}", where="emulation of the core",
                                    do="report it with the graph")
        return (folder / LIBRARY).read_bytes()


def _weights(files: Mapping[str, bytes]) -> bytes:
    """A header with the weights as plain numbers, and what gives them to hls4ml's code in place of its files."""
    tables = {path.rsplit("/", 1)[1]: content.decode() for path, content in sorted(files.items())
              if path.startswith("firmware/weights/") and path.endswith(".txt")}
    arrays = "".join(f"static const double table{i}[] = {{{values}}};\n" for i, values in enumerate(tables.values()))
    choices = "".join(f'    if (!std::strcmp(name, "{name}")) found = table{i};\n' for i, name in enumerate(tables))
    return (f'#include "firmware/{PROJECT}.h"\n#include "firmware/nnet_utils/nnet_helpers.h"\n#include <cstring>\n'
            f"namespace nnet {{\n{arrays}"
            "template <class T, size_t SIZE> void weights_of_library(T *w, const char *name) {\n"
            f"    const double *found = NULL;\n{choices}"
            "    for (size_t i = 0; found && i < SIZE; i++)\n        w[i] = found[i];\n}\n}\n"
            "#define load_weights_from_txt weights_of_library\n").encode()


def _write(core: Core, options: Options, folder: Path) -> str:
    """Let hls4ml write its project; gives the random stamp that it put into some files."""
    with _quiet():
        from hls4ml.model.graph import ModelGraph
        from hls4ml.utils.config import create_config

        config: dict[str, Any] = create_config(
            output_dir=str(folder), project_name=PROJECT, backend="Vitis", part=options.part,
            clock_period=options.clock, io_type="io_parallel")
        config["HLSConfig"] = {
            "Model": {"Precision": {"default": f"ap_fixed<{options.width},{options.width // 2}>"},
                      "ReuseFactor": options.reuse, "Strategy": "Latency"},
            "LayerName": core.settings,
            "SkipOptimizers": SKIPPED}
        model = ModelGraph.from_layer_list(config, core.layers, inputs=[INPUT], outputs=core.results)
        model.write()
        return str(model.config.get_config_value("Stamp"))


def _neutral(file: Path, folder: Path, stamp: str) -> bytes:
    """A file without the folder it was written in and hls4ml's random stamp, which YAML quotes when it is all digits.

    No other file is touched: eight random digits may well stand in a list of weights.
    """
    content = file.read_bytes()
    if file.name not in PERSONAL:
        return content
    found = content.decode().replace(str(folder), FOLDER).replace(f"'{stamp}'", STAMP).replace(stamp, STAMP)
    return found.encode()


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="lineshaft-hls-") as folder:
        yield Path(folder) / PROJECT


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """hls4ml talks on stdout, and warns of front ends that aren't installed."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
