"""C99 of our own: for microcontrollers as source and object, on this machine as the fastest engine there is.

An artifact is an archive with ``step.c`` and ``step.h`` to take away, a layout, and the library for this processor.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from typing import Any

from lineshaft.backend._c import artifact as archive
from lineshaft.backend._c import build
from lineshaft.backend._c.engine import NativeEngine
from lineshaft.core.errors import EnvironmentFailed, Refused
from lineshaft.core.step import Engine, Facts, StepSignature, Support
from lineshaft.core.target import Target

_BIND = """#include "step.h"

static step_t *assets;
static int32_t count;

void bind(step_t *first, int32_t many);
void run(void);

void bind(step_t *first, int32_t many) { assets = first; count = many; }

void run(void) { for (int32_t i = 0; i < count; i++) step_step(assets + i); }
"""


class C:
    """Dependency-free C99 with static state; float32."""

    name = "c"

    def supports(self, graph: bytes, target: Target) -> Support:
        import onnx

        from lineshaft.graph.check import problems
        from lineshaft.graph.loops.lower import unsupported

        reasons = list(problems(graph))
        if not reasons:
            reasons += [f"operator {kind} has no lowering" for kind in unsupported(onnx.load_from_string(graph).graph)]
        if target.precision != "float32":
            reasons.append(f"precision {target.precision} is not offered")
        wanted = target.option("c", "compiler")
        if not build.compiler(wanted):
            reasons.append(f"no C compiler {wanted or '(cc, gcc or clang)'} is installed")
        return Support(tuple(reasons))

    def compile(self, graph: bytes, target: Target) -> bytes:
        from lineshaft.backend._c.generate import generate

        support = self.supports(graph, target)
        if not support:
            raise Refused("; ".join(support.reasons), where=f"backend {self.name}")
        here = target.architecture in ("any", platform.machine())
        source, layout = generate(graph, target, build.lanes() if here else 1)
        files = {"step.c": source.code.encode(), "step.h": source.header.encode()}
        if here:
            library, built = _build(files, target)
            files["step.so"], layout = library, {**layout, **built}
        files[archive.LAYOUT] = json.dumps(layout, indent=1, sort_keys=True).encode()
        return archive.pack(files)

    def facts(self, artifact: bytes, target: Target) -> Facts:
        layout = archive.layout(archive.unpack(artifact))
        return Facts(layout.get("compiler", ""), "", 0, layout["ram_bytes"],
                     {**layout["windows"], "flags": layout.get("flags", "")})

    def load(self, artifact: bytes, signature: StepSignature, target: Target, *, assets: int = 1) -> Engine:
        files = archive.unpack(artifact)
        layout = archive.layout(files)
        return NativeEngine(_library(files, layout, target), layout, signature, assets)


def _library(files: Mapping[str, bytes], layout: Mapping[str, Any], target: Target) -> bytes:
    """The artifact's own library where this processor has all its instructions, else one compiled again."""
    if layout.get("machine") == platform.machine() and build.processor_features().issuperset(layout["needs"]):
        return files["step.so"]
    if not build.compiler(target.option("c", "compiler")):
        raise EnvironmentFailed("was compiled for another processor, and there is no compiler to do it again",
                                where="backend c", do="install gcc, or compile the bundle on such a machine")
    return _build(files, target)[0]


def _build(files: Mapping[str, bytes], target: Target) -> tuple[bytes, dict[str, Any]]:
    compiler = build.compiler(target.option("c", "compiler"))
    flags, needs = build.tuned()
    flags += tuple(target.option("c", "flags").split())
    # One unit, so that the loop over assets sees the step.
    unit = {"step.h": files["step.h"].decode(), "step.c": files["step.c"].decode() + "\n" + _BIND}
    built = {"compiler": build.version(compiler), "flags": " ".join((*build.FAST, *flags)), "needs": list(needs),
             "machine": platform.machine()}
    return build.shared_library(compiler, unit, flags), built


BACKEND = C()
