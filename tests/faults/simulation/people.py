"""Operators and engineers: alarms acknowledged and shelved, bundles brought in, promoted and rolled back."""

from __future__ import annotations

from collections.abc import Callable

from tests.faults.simulation.engine import LOOP, TAGS, Shop
from tests.faults.simulation.process import Process
from tests.faults.simulation.world import World

from lineshaft.core.errors import LineshaftError
from lineshaft.node.seat import Loaded

UNFIT = ("older", "another loop", "another period", "an unknown tag", "another golden answer", "raises",
         "cannot be loaded")


class People:
    """``acknowledged`` has what the node said was done: event, person, time."""

    def __init__(self, world: World, shop: Shop, node: Callable[[], Process | None]) -> None:
        self.world, self._shop, self._node = world, shop, node
        self.done: list[tuple[str, str]] = []
        self._number = 0
        self._bringing = False
        self.busy = True
        world.after(world.within(2, 6) * world.period, self._go, patient=True)
        world.after(world.within(2, 6) * world.period, self._rival)

    def bring(self, process: Process, load: Callable[[], Loaded], *, fit: bool, shadow: bool = False) -> bool:
        """Swap or shadow; checks that a refusal changes nothing."""
        digests: list[str] = []

        def loaded() -> Loaded:
            made = load()
            digests.append(made.digest)
            if fit:
                process.oracle.allowed[made.digest] = 1
            return made

        node = process.node
        done = self._asked(process, "shadow" if shadow else "swap",
                           lambda: node.start_shadow(loaded) if shadow else node.swap(loaded))
        if done:
            self.world.check(fit, f"{digests} was taken and is unfit")
        else:
            for digest in digests:
                process.oracle.allowed.pop(digest, None)
                self.world.check(node.loop.bundle.digest != digest, f"{digest} was refused and decides")
        return done

    def _go(self) -> None:
        self.world.after(self.world.within(1, 7) * self.world.period, self._go, patient=True)
        process = self._node()
        if process is not None and self.busy:
            self.world.chance.choice((self._swap, self._swap, self._unfit, self._shadow, self._promote, self._roll_back,
                                      self._alarm, self._alarm))(process)

    def _rival(self) -> None:
        """Somebody else brings a bundle in just now."""
        self.world.after(self.world.within(1, 3) * self.world.period // 2, self._rival)
        process = self._node()
        if process is not None and self._bringing:
            try:
                process.node.swap(self._shop.sound())
                self.world.fail("two bundles are brought in at once")
            except LineshaftError:
                pass

    def _swap(self, process: Process) -> None:
        chance = self.world.chance
        tags = chance.choice((TAGS, TAGS, (TAGS[2], TAGS[0]), TAGS[::-1]))
        stale = chance.choice((None, None, 2, 8))
        self.bring(process, self._shop.sound(tags=tags, stale_ns=stale and stale * self.world.period), fit=True)

    def _unfit(self, process: Process) -> None:
        before = process.node.loop.swaps
        self.bring(process, self._shop.unfit(self.world.chance.choice(UNFIT)), fit=False,
                   shadow=self.world.happens(0.3))
        self.world.check(process.node.loop.swaps == before, "an unfit bundle was counted as a swap")

    def _shadow(self, process: Process) -> None:
        self.bring(process, self._shop.sound(), fit=True, shadow=True)

    def _promote(self, process: Process) -> None:
        shadow = process.node.loop.shadow
        if shadow is not None:
            process.oracle.allowed[shadow.seat.digest] = 1
        self._asked(process, "promote", process.node.promote)

    def _roll_back(self, process: Process) -> None:
        seat = process.node.loop.fallback.last_good
        if seat is not None:
            process.oracle.allowed[seat.digest] = 1
        self._asked(process, "rollback", process.node.rollback)

    def _asked(self, process: Process, what: str, ask: Callable[[], str]) -> bool:
        self._bringing = True
        try:
            digest = ask()
        except LineshaftError as error:
            self.world.say(f"{what}: refused: {error}")
            return False
        except Exception as error:  # noqa: BLE001 (whatever it is, it is no sentence that a person can act on)
            self.world.fail(f"{what} raised {type(error).__name__}: {error}")
            return False
        finally:
            self._bringing = False
        self.world.say(f"{what}: {digest}")
        return True

    def _alarm(self, process: Process) -> None:
        world = self.world
        self._number += 1
        person = f"person {self._number}"
        action = world.chance.choice(("acknowledge", "acknowledge", "shelve", "unshelve", "suppress", "unsuppress"))
        until = process.clock.now() + world.within(1, 6) * world.period
        try:
            process.node.act_on_alarm(LOOP, action, by=person, reason="a test", until=until)
        except LineshaftError as error:
            world.say(f"{action}: {error}")
            return
        except Exception as error:  # noqa: BLE001 (as above)
            world.fail(f"{action} raised {type(error).__name__}: {error}")
            return
        world.say(f"{action} by {person}")
        self.done.append((action, person))
