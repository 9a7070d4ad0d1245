"""IEC 61131-3 Structured Text: the step as one FUNCTION_BLOCK that runs inside the PLC itself.

The artifact is the text. ``load`` executes it here, scan by scan, in the interpreter of ``lineshaft.plc``.
"""

from __future__ import annotations

from importlib.util import find_spec

from lineshaft import __version__
from lineshaft.core.errors import EnvironmentFailed, Refused
from lineshaft.core.step import Engine, Facts, StepSignature, Support
from lineshaft.core.target import Target


class StructuredText:
    """Readable ST for any controller of edition 3; float32 only.

    Options of a target (``[options.st]``): ``rate``, how many operations the controller makes in a second, which holds
    a step against the deadline; ``block``, what the FUNCTION_BLOCK is called.
    """

    name = "st"

    def supports(self, graph: bytes, target: Target) -> Support:
        import onnx

        from lineshaft.graph.check import problems
        from lineshaft.graph.loops.lower import unsupported

        reasons = list(problems(graph))
        if target.precision != "float32":
            reasons.append(f"precision {target.precision} is not offered")
        if find_spec("lark") is None:
            reasons.append("lark is not installed (the extra plc)")
        if not reasons:
            reasons += [f"operator {kind} has no lowering" for kind in unsupported(onnx.load_from_string(graph).graph)]
        return Support(tuple(reasons or _too_much(graph, target)))

    def compile(self, graph: bytes, target: Target) -> bytes:
        from lineshaft.backend._st.write import write
        from lineshaft.graph.loops.lower import lower

        support = self.supports(graph, target)
        if not support:
            raise Refused("; ".join(support.reasons), where=f"backend {self.name}")
        program = lower(graph, memory_bytes=target.memory_bytes // 2)
        return write(program, target.option("st", "block", "LineshaftStep")).encode()

    def facts(self, artifact: bytes, target: Target) -> Facts:
        from lineshaft.backend._st.layout import layout_of

        layout = layout_of(artifact.decode())
        return Facts(f"lineshaft {__version__}, IEC 61131-3 edition 3", _emulator(), layout["constant_bytes"],
                     layout["ram_bytes"], {"operations a step": str(layout["operations"]),
                                           "bytes of text": str(len(artifact))})

    def load(self, artifact: bytes, signature: StepSignature, target: Target, *, assets: int = 1) -> Engine:
        if find_spec("lark") is None:
            raise EnvironmentFailed("lark is not installed", where="backend st", do="install lineshaft[plc]")
        from lineshaft.backend._st.engine import StructuredTextEngine

        return StructuredTextEngine(artifact.decode(), signature, assets)


def _emulator() -> str:
    return f"lineshaft.plc {__version__}"


def _too_much(graph: bytes, target: Target) -> list[str]:
    """Where a step is larger or slower than the controller allows."""
    from lineshaft.backend._st.measure import figures
    from lineshaft.graph.loops.lower import lower

    found, reasons = figures(lower(graph, memory_bytes=target.memory_bytes // 2)), []
    if found.ram_bytes > target.memory_bytes:
        reasons.append(f"needs {found.ram_bytes} bytes of data, and {target.name} has {target.memory_bytes}")
    if target.flash_bytes and found.constant_bytes > target.flash_bytes:
        reasons.append(f"has {found.constant_bytes} bytes of constants, and {target.name} has {target.flash_bytes}")
    rate = float(target.option("st", "rate", "inf"))
    needed = found.operations / rate * 1e9
    if needed > target.deadline_ns:
        reasons.append(f"takes some {found.operations} operations a step, {needed / 1e6:.1f} ms at {rate:.3g} a "
                       f"second, and the deadline is {target.deadline_ns / 1e6:g} ms")
    return reasons


BACKEND = StructuredText()
