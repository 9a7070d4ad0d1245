"""Looks at a running node every few moments: health, memory, disk."""

from __future__ import annotations

from collections.abc import Callable

from tests.faults.simulation.process import LIMITS, SETTINGS, Process
from tests.faults.simulation.world import MS, World

from lineshaft.core.health import Health

SLACK_NS = 2 * MS


class Watcher:
    """What must hold at any moment from outside."""

    def __init__(self, world: World, node: Callable[[], Process | None]) -> None:
        self.world, self._node = world, node
        world.after(world.period, self._look)

    def _look(self) -> None:
        self.world.after(self.world.within(1, self.world.period), self._look)
        process = self._node()
        if process is not None:
            self._health(process)
            self._bounds(process)

    def _health(self, process: Process) -> None:
        report, world = process.node.health(), self.world
        if report.state is not Health.ACTIVE:
            world.check(report.state is not Health.DEGRADED or bool(report.reasons), "degraded without a reason")
            return
        fed, newest = process.fed, process.emitted[-2:]
        world.check(fed is not None and world.time - fed <= 2 * world.period + SLACK_NS,
                    "the input stopped more than two periods ago and health says active")
        world.check(process.decided_at is not None and world.time - process.decided_at
                    <= 3 * world.period + SLACK_NS, "no tick for three periods and health says active")
        if newest:
            world.check(not all(one.masked for one in newest), f"{newest[-1].masked} cannot be used and health says "
                                                               "active")
        just_replaced = process.node.loop.bundle.digest != process.oracle.bundle.engine.digest
        world.check(just_replaced or not process.oracle.left, "the bundle does not decide and health says active")

    def _bounds(self, process: Process) -> None:
        node, check = process.node, self.world.check
        limits = SETTINGS.loop
        check(len(node.loop.recent) <= limits.recent and len(node.grid.jumps) <= 16, "memory grows")
        check(node.buffer.depth <= LIMITS.rows + 2 * LIMITS.waiting + 1, f"{node.buffer.depth} decisions are kept")
        rows = process.disk.kept("SELECT (SELECT count(*) FROM decision), (SELECT count(*) FROM journal)")[0]
        check(rows[0] <= LIMITS.rows and rows[1] <= LIMITS.journal, f"the disk holds {rows} rows")
