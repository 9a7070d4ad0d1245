"""IREE: the step compiled ahead of time by LLVM for the CPU; state stays in the runtime's own buffers.

The compiled module is for one asset: open shapes cost it more than calling it once an asset. Compiling takes seconds.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import Any

from lineshaft.backend._buffers import Buffers, OneByOne, zeros
from lineshaft.backend._refuse import first_lines, or_refuse, refusals, version
from lineshaft.backend._trees import without_forests
from lineshaft.core.errors import Refused
from lineshaft.core.step import Array, Engine, Facts, StepSignature, Support
from lineshaft.core.target import Target

_FUNCTION = "step"
_NO_OPERATOR = "failed to legalize operation 'torch.operator'"


class Iree:
    """Options: ``cpu`` is LLVM's name of the processor to compile for.

    ``generic`` (the default) runs on every processor of this architecture; ``host`` is faster, and an engine of it
    may not run on an older processor.
    """

    name = "iree"

    def supports(self, graph: bytes, target: Target) -> Support:
        reasons = refusals(graph, target, ("float32", "float16"), "iree",
                           {"iree.compiler": "iree-base-compiler", "iree.runtime": "iree-base-runtime"})
        if target.architecture not in ("any", platform.machine()):
            reasons.append(f"it is compiled for this machine ({platform.machine()}), not for {target.architecture}")
        return Support(tuple(reasons or _legalisation(without_forests(graph))))

    def compile(self, graph: bytes, target: Target) -> bytes:
        """A module of IREE's virtual machine; ``Refused`` also where only the code generator finds the fault."""
        or_refuse(self, graph, target)
        from iree.compiler import CompilerToolError

        try:
            return _compiled(without_forests(graph), "--iree-opt-level=O3",
                             f"--iree-llvmcpu-target-cpu={_processor(target)}")
        except CompilerToolError as error:
            raise Refused(_complaint(error), where=f"backend {self.name}") from error

    def facts(self, artifact: bytes, target: Target) -> Facts:
        return Facts(version("iree-base-compiler"), notes={"cpu": _processor(target)})

    def load(self, artifact: bytes, signature: StepSignature, target: Target, *, assets: int = 1) -> Engine:
        engines = [_Module(artifact, signature) for _ in range(assets)]
        return engines[0] if assets == 1 else OneByOne(engines)


class _Module(Buffers):
    """One asset; device buffers of one step are the arguments of the next."""

    def __init__(self, artifact: bytes, signature: StepSignature) -> None:
        from iree import runtime

        super().__init__(signature, 1)
        config = runtime.Config("local-sync")  # on the caller's thread
        self._device = config.device
        module = runtime.VmModule.copy_buffer(config.vm_instance, artifact)
        self._run = runtime.load_vm_module(module, config)[_FUNCTION]
        self._held: tuple[Any, ...] = ()
        self.reset()

    def step(self) -> None:
        found = self._run(self.x, self.quality, *self._held)
        found = found if isinstance(found, tuple) else (found,)
        for result, array in zip(found, self._out.values(), strict=False):
            array[...] = result.to_host()
        self._held = found[len(self._out):]

    def state(self) -> dict[str, Array]:
        return {port.name: held.to_host().copy()
                for port, held in zip(self.signature.states, self._held, strict=True)}

    def restore(self, state: Mapping[str, Array]) -> None:
        from iree.runtime import asdevicearray

        self._held = tuple(asdevicearray(self._device, state[port.name]) for port in self.signature.states)

    def reset(self) -> None:
        self.restore(zeros(self.signature.states, 1))


def _processor(target: Target) -> str:
    return target.option("iree", "cpu", "generic")


def _legalisation(graph: bytes) -> list[str]:
    """What the first stage says, which knows every operator and takes a tenth of the whole."""
    from iree.compiler import CompilerToolError

    try:
        _compiled(graph, "--compile-to=input")
    except CompilerToolError as error:
        return [_complaint(error)]
    return []


def _compiled(graph: bytes, *flags: str) -> bytes:
    from iree.compiler import compile_str

    made = compile_str(_mlir(graph), input_type="onnx", target_backends=["llvm-cpu"], extra_args=list(flags))
    return bytes(made)


def _mlir(graph: bytes) -> str:
    """The graph in the compiler's own text, for one asset."""
    import onnx
    from iree.compiler.extras import onnx_importer
    from iree.compiler.ir import Context

    model = onnx.load_from_string(graph)
    model.graph.name = _FUNCTION
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 1
    information = onnx_importer.ModelInfo(onnx.shape_inference.infer_shapes(model, data_prop=True))
    module = information.create_module(context=Context()).operation
    onnx_importer.NodeImporter.define_function(information.main_graph, module).import_all()
    return str(module.get_asm())


def _complaint(error: BaseException) -> str:
    line = next((line for line in str(error).splitlines() if "error:" in line), first_lines(error))
    what = line.split("error:", 1)[-1].strip()
    if what.startswith(_NO_OPERATOR) and 'name = "onnx.' in what:
        operator = what.split('name = "onnx.', 1)[1].split('"', 1)[0]
        return f"IREE has no operator {operator}"
    return f"IREE: {what[:200]}"


BACKEND = Iree()
