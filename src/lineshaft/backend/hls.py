"""Neural parts to FPGA C++ through hls4ml, run here in a bit-accurate emulation; the rest of the graph beside it.

The largest network of a step graph becomes an HLS project (fixed point, without state); windows, scaling, thresholds
and attribution stay a step graph before it and one after it, for the CPU beside the FPGA. hls4ml: Duarte et al., Fast
inference of deep neural networks in FPGAs for particle physics, JINST 13 (2018) P07027.
"""

from __future__ import annotations

from lineshaft.core.errors import LineshaftError, Refused
from lineshaft.core.step import Engine, Facts, StepSignature, Support
from lineshaft.core.target import Target

FIXED = "fixed"


class Hls:
    """One core on one FPGA; ``options.hls`` of the target says which part and how wide (``_hls.options``)."""

    name = "hls"
    wants_layers = True

    def supports(self, graph: bytes, target: Target) -> Support:
        from lineshaft.backend._hls.build import missing
        from lineshaft.backend._hls.design import design
        from lineshaft.backend._hls.options import options
        from lineshaft.graph.check import problems

        reasons = [*problems(graph), *missing()]
        if target.precision != FIXED:
            reasons.append(f"precision {target.precision} is not offered, only {FIXED}")
        if not reasons:
            try:
                design(graph, options(target))
            except LineshaftError as error:
                reasons.append(str(error))
        return Support(tuple(reasons))

    def compile(self, graph: bytes, target: Target) -> bytes:
        from lineshaft.backend._hls.archive import Artifact, Description, pack, this_machine
        from lineshaft.backend._hls.build import library, project, versions
        from lineshaft.backend._hls.design import design
        from lineshaft.backend._hls.emulation import vectors
        from lineshaft.backend._hls.options import options

        support = self.supports(graph, target)
        if not support:
            raise Refused("; ".join(support.reasons), where=f"backend {self.name}")
        chosen = options(target)
        made = design(graph, chosen)
        files, parts = project(made.core, chosen), made.partition
        about = Description(parts.layout, this_machine(), versions(), made.saturates, made.estimate.text(chosen))
        artifact = Artifact(about, parts.before, parts.core, parts.after, library(files))
        return pack(artifact, {**files, **vectors(artifact)})

    def facts(self, artifact: bytes, target: Target) -> Facts:
        from lineshaft.backend._hls.archive import unpack

        about = unpack(artifact).description
        return Facts(about.compiler, f"bit-accurate C++ of ap_fixed on {about.machine}", notes=about.notes)

    def load(self, artifact: bytes, signature: StepSignature, target: Target, *, assets: int = 1) -> Engine:
        from lineshaft.backend._hls.archive import unpack
        from lineshaft.backend._hls.emulation import Emulation
        from lineshaft.backend._hls.engine import PartitionedEngine

        parts = unpack(artifact)
        return PartitionedEngine(parts.before, Emulation(parts, assets), parts.after, parts.description.layout,
                                 signature, target.threads, assets)


BACKEND = Hls()
