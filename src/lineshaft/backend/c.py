"""C99 of our own: for microcontrollers as source and object, on this machine as the fastest engine there is.

An artifact is an archive with ``step.c`` and ``step.h`` to take away, a layout, and the library for this processor.
"""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Mapping
from typing import Any

from lineshaft.backend._c import archive, binary, build, cross
from lineshaft.backend._c.emulated import EmulatedEngine
from lineshaft.backend._c.engine import NativeEngine
from lineshaft.core.errors import EnvironmentFailed, Refused
from lineshaft.core.step import Engine, Facts, StepSignature, Support
from lineshaft.core.target import Target

_BIND = """#include "step.h"

static step_t *assets;
static int32_t count;

extern const int32_t struct_bytes;
void bind(step_t *first, int32_t many);
void run(void);

const int32_t struct_bytes = (int32_t)sizeof(step_t);

void bind(step_t *first, int32_t many) { assets = first; count = many; }

void run(void) { for (int32_t i = 0; i < count; i++) step_step(assets + i); }
"""


class C:
    """Dependency-free C99 with static state: float32, or ``fixed``, which is integers only."""

    name = "c"

    def supports(self, graph: bytes, target: Target) -> Support:
        import onnx

        from lineshaft.backend._c import generate_fixed
        from lineshaft.graph.check import problems
        from lineshaft.graph.loops.lower import unsupported

        reasons = list(problems(graph))
        if not reasons:
            reasons += [f"operator {kind} has no lowering" for kind in unsupported(onnx.load_from_string(graph).graph)]
        if target.precision not in ("float32", "fixed"):
            reasons.append(f"precision {target.precision} is not offered")
        if not reasons and target.precision == "fixed":
            reasons += generate_fixed.problems(graph)
        return Support((*reasons, *(cross.missing(target) if _bare(target) else _no_compiler())))

    def compile(self, graph: bytes, target: Target) -> bytes:
        from lineshaft.backend._c.generate import generate
        from lineshaft.backend._c.generate_fixed import generated

        support = self.supports(graph, target)
        if not support:
            raise Refused("; ".join(support.reasons), where=f"backend {self.name}")
        if target.precision == "fixed":
            source, layout = generated(graph, target)
        else:
            source, layout = generate(graph, target, 1 if _bare(target) else build.lanes(target.architecture))
        files = {"step.c": source.code.encode(), "step.h": source.header.encode()}
        if source.assembly:
            files |= {"constants.s": source.assembly.encode(), "constants.bin": source.data}
        if _bare(target):
            made, built = cross.cross_compiled(files, target, layout["size"])
        elif target.architecture in ("any", platform.machine()):
            made, built = _build(files)
        else:
            made, built = {}, {}
        files, layout = files | made, layout | built
        files[archive.LAYOUT] = json.dumps(layout, indent=1, sort_keys=True).encode()
        return archive.pack(files)

    def facts(self, artifact: bytes, target: Target) -> Facts:
        layout = archive.layout(archive.unpack(artifact))
        return Facts(layout.get("compiler", ""), _emulator(target), layout.get("flash_bytes", 0), layout["ram_bytes"],
                     {**layout["windows"], "flags": layout.get("flags", "")})

    def load(self, artifact: bytes, signature: StepSignature, target: Target, *, assets: int = 1) -> Engine:
        files = archive.unpack(artifact)
        layout = archive.layout(files)
        engine = self._engine(files, layout, signature, target, assets)
        points = engine.layout.points
        return engine if points is None else binary.Converted(engine, points)

    def _engine(self, files: Mapping[str, bytes], layout: Mapping[str, Any], signature: StepSignature, target: Target,
                assets: int) -> NativeEngine | EmulatedEngine:
        if not _bare(target):
            return NativeEngine(_library(files, layout), layout, signature, assets)
        program = shutil.which(target.option("c", "emulator", "qemu-system-arm"))
        if program is None or cross.IMAGE not in files:
            raise EnvironmentFailed(f"runs on {target.architecture} only, and no emulator is there",
                                    where=f"target {target.name}", do="install qemu-system-arm and compile again")
        return EmulatedEngine(files[cross.IMAGE], layout, signature, (program, target.option("c", "board")), assets)


def _bare(target: Target) -> bool:
    """Whether the target is a microcontroller, that is: names a board and its compiler."""
    return bool(target.option("c", "board"))


def _emulator(target: Target) -> str:
    if _bare(target):
        program = shutil.which(target.option("c", "emulator"))
        return f"{build.version(program) if program else 'none'}, {target.option('c', 'board')}"
    same = target.architecture in ("any", platform.machine())
    return "" if same else f"the same C on {platform.machine()} instead of {target.architecture}"


def _no_compiler() -> tuple[str, ...]:
    return () if build.compiler() else ("no C compiler (cc, gcc or clang) is installed",)


def _library(files: Mapping[str, bytes], layout: Mapping[str, Any]) -> bytes:
    """The artifact's own library where this processor has all its instructions, else one compiled again."""
    here, needs = layout.get("machine") == platform.machine(), layout.get("needs")
    if here and isinstance(needs, list) and build.processor_features().issuperset(needs) and "step.so" in files:
        return files["step.so"]
    if not build.compiler():
        raise EnvironmentFailed("was compiled for another processor, and there is no compiler to do it again",
                                where="backend c", do="install gcc, or compile the bundle on such a machine")
    return _build(files)[0]["step.so"]


def _build(files: Mapping[str, bytes]) -> tuple[dict[str, bytes], dict[str, Any]]:
    compiler = build.compiler()
    flags, needs = build.tuned()
    # One unit, so that the loop over assets sees the step.
    unit = {name: data for name, data in files.items() if name.startswith(("step.", "constants."))}
    unit |= {"step.c": files["step.c"] + _BIND.encode()}
    built = {"compiler": build.version(compiler), "flags": " ".join((*build.FAST, *flags)), "needs": list(needs),
             "machine": platform.machine()}
    return {"step.so": build.shared_library(compiler, unit, flags)}, built


BACKEND = C()
