"""Cutting a long step into functions, where no local variable is alive."""

from __future__ import annotations

from lineshaft.graph.loops.form import For, If, Stmt, mentioned


def together(body: tuple[Stmt, ...], most: int) -> list[tuple[Stmt, ...]]:
    """The statements in groups of about ``most`` simple ones, none sharing a local variable with another."""
    last: dict[str, int] = {}
    for place, stmt in enumerate(body):
        last |= {b.name: place for b in mentioned((stmt,)) if b.kind == "local"}
    groups: list[tuple[Stmt, ...]] = []
    first, size, alive = 0, 0, -1
    for place, stmt in enumerate(body):
        size += count((stmt,))
        alive = max(alive, *(last[b.name] for b in mentioned((stmt,)) if b.kind == "local"), -1)
        if size >= most and alive <= place:
            groups.append(body[first:place + 1])
            first, size = place + 1, 0
    return [*groups, body[first:]] if first < len(body) or not groups else groups


def count(body: tuple[Stmt, ...]) -> int:
    """Stores as they are written, not as often as they run."""
    total = 0
    for stmt in body:
        if isinstance(stmt, For):
            total += count(stmt.body)
        elif isinstance(stmt, If):
            total += count(stmt.then) + count(stmt.otherwise)
        else:
            total += 1
    return total
