"""What a printed block needs: bytes, and operations of one step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lineshaft.graph.loops.form import Buffer, For, If, Program, Stmt, mentioned


@dataclass(frozen=True, slots=True)
class Figures:
    """``ram_bytes`` of inputs, outputs, states and scratch; ``operations`` counts those of one step."""

    ram_bytes: int
    constant_bytes: int
    operations: int


def figures(program: Program) -> Figures:
    ram = sum(b.bytes for b in program.buffers if b.kind != "constant")
    constants, _ = once(program.of_kind("constant"))
    return Figures(ram, sum(b.bytes for b in constants), _operations(program.body))


def once(constants: Sequence[Buffer]) -> tuple[list[Buffer], dict[str, str]]:
    """Constants without those that are equal to an earlier one, and whose content each of the others has."""
    first: dict[tuple[str, bytes], str] = {}
    kept, same = [], {}
    for buffer in constants:
        assert buffer.data is not None
        name = first.setdefault((buffer.dtype, buffer.data.tobytes()), buffer.name)
        if name == buffer.name:
            kept.append(buffer)
        else:
            same[buffer.name] = name
    return kept, same


def _operations(body: Iterable[Stmt]) -> int:
    """Reads and writes of memory in one step: what a controller's time goes by."""
    total = 0
    for stmt in body:
        if isinstance(stmt, For):
            total += stmt.extent * (1 + _operations(stmt.body))
        elif isinstance(stmt, If):
            total += 1 + max(_operations(stmt.then), _operations(stmt.otherwise))
        else:
            total += sum(1 for _ in mentioned((stmt,)))
    return total
