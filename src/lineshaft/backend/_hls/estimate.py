"""What a core needs of an FPGA: an estimate from its layers' sizes, and no synthesis.

Multipliers are (weights that aren't 0) / reuse, and a layer's latency is L_mult + (R - 1) II_mult + L_activ with R the
reuse factor and II_mult = 1, as in Duarte et al., Fast inference of deep neural networks in FPGAs for particle physics,
JINST 13 (2018) P07027. L_mult is taken as 3 cycles and one for each level of the tree that adds the products; L_activ
as 2 for a look-up, 1 otherwise; a convolution takes its places one after another. A layer of more than 4096 weights
keeps them in memory, as wide as its multipliers read at once; smaller ones are wired. LUTs and flip-flops are not
estimated: only the vendor's tool knows them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lineshaft.backend._hls.options import Options

MULTIPLY, LOOK_UP, PASS = 3, 2, 1  # cycles
DSP_WIDE, DSP_NARROW = 25, 18  # bits that one DSP48E1 multiplies
BRAM_BITS, BRAM_PORTS, BRAM_WIDTH = 18 * 1024, 2, 36  # of half a block
UNROLLED = 4096  # the largest array that Vitis takes apart


@dataclass(frozen=True, slots=True)
class Work:
    """One layer: products of ``n_in`` values for each of its ``places``, or look-ups.

    ``weights`` are those that aren't 0, ``stored`` all of a layer that keeps them in memory, ``reuse`` its factor.
    """

    n_in: int = 0
    places: int = 1
    weights: int = 0
    look_ups: int = 0
    stored: int = 0
    reuse: int = 1


@dataclass(frozen=True, slots=True)
class Estimate:
    """A core on a part: multipliers, DSP slices, blocks of memory (36 kbit), bits of weights, cycles."""

    multipliers: int
    dsp: int
    bram: float
    weight_bits: int
    cycles: int
    interval: int

    def text(self, options: Options) -> dict[str, str]:
        """The figures as a certificate shows them."""
        ns = self.cycles * options.clock
        return {"estimate": "from layer sizes, not synthesis (Duarte et al. 2018)", "part": options.part,
                "multipliers": str(self.multipliers), "dsp": f"{self.dsp} of {options.dsp}",
                "bram": f"{self.bram:g} of {options.bram} (36 kbit)", "weights": f"{self.weight_bits} bits",
                "reuse": str(options.reuse), "latency": f"{self.cycles} cycles, {ns:g} ns at {options.clock:g} ns",
                "interval": f"{self.interval} cycles"}

    def problems(self, options: Options) -> tuple[str, ...]:
        """Why the part is too small; empty where it isn't."""
        found = []
        if self.dsp > options.dsp:
            found.append(f"the core needs about {self.dsp} DSP slices and {options.part} has {options.dsp}: raise "
                         f"options.hls.reuse to {options.reuse * math.ceil(self.dsp / options.dsp)} or so")
        if self.bram > options.bram:
            found.append(f"the core's look-up tables and stored weights need about {self.bram:g} blocks of memory and "
                         f"{options.part} has {options.bram}: make options.hls.table smaller")
        return tuple(found)


def estimate(layers: Sequence[Work], options: Options) -> Estimate:
    """The sum over the layers; they run one after another for one inference, and side by side for many."""
    multipliers = [math.ceil((layer.stored or layer.weights) / layer.reuse) for layer in layers]
    return Estimate(
        sum(multipliers), sum(multipliers) * slices(options.width, options.weight_width),
        sum(_blocks(layer, options) for layer in layers) / 2,
        sum(layer.weights for layer in layers) * options.weight_width, sum(_cycles(layer) for layer in layers),
        max((layer.places * layer.reuse for layer in layers), default=1))


def reuse_of_stored(n_in: int, wanted: int) -> int:
    """The next reuse factor from ``wanted`` up that hls4ml takes for weights in memory: a divisor of ``n_in``.

    >>> reuse_of_stored(80, 32), reuse_of_stored(80, 500)
    (40, 80)
    """
    return next((r for r in range(wanted, n_in) if n_in % r == 0), n_in)


def slices(a: int, b: int) -> int:
    """DSP slices of one product of ``a`` by ``b`` bits, the better way round.

    >>> slices(24, 18), slices(26, 18), slices(32, 32)
    (1, 2, 4)
    """
    return min(math.ceil(a / DSP_WIDE) * math.ceil(b / DSP_NARROW), math.ceil(a / DSP_NARROW) * math.ceil(b / DSP_WIDE))


def _cycles(layer: Work) -> int:
    if layer.look_ups:
        return LOOK_UP
    if not layer.weights:
        return PASS * layer.places
    tree = math.ceil(math.log2(layer.n_in)) if layer.n_in > 1 else 0
    return MULTIPLY + tree + layer.places * layer.reuse - 1 + PASS


def _blocks(layer: Work, options: Options) -> int:
    """Half blocks: a table is copied for every two look-ups, since a block has two ports; stored weights."""
    table = math.ceil(options.table * options.weight_width / BRAM_BITS)
    width = math.ceil(layer.stored / layer.reuse) * options.weight_width
    return (math.ceil(layer.look_ups / BRAM_PORTS) * table
            + math.ceil(width / BRAM_WIDTH) * math.ceil(layer.reuse * BRAM_WIDTH / BRAM_BITS))
