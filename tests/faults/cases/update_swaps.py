"""Bundles that must not run are brought to a node that decides: each is refused, and the loop goes on as it was."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from tests.faults.case import Injection, Outcome, case
from tests.faults.cases.update_versions import OLD, unpacked
from tests.processes import until

from lineshaft.app.edge import Place, load
from lineshaft.bundle.contents import Bundle
from lineshaft.bundle.keys import new_key
from lineshaft.bundle.open import open_bundle
from lineshaft.bundle.pack import pack
from lineshaft.core.clock import SECOND, ManualClock
from lineshaft.core.errors import LineshaftError
from lineshaft.core.sample import Samples
from lineshaft.core.tag import Tag
from lineshaft.node.agent import Node, NodeSettings

Spoil = Callable[[Bundle, Path, Path, Path], None]
"""From the bundle that runs, its folder and the signing key, another bundle at the last path."""


def changed(bundle: Bundle, folder: Path, key: Path, to: Path) -> None:
    """One byte of it differs from what was signed."""
    shutil.copytree(folder, to)
    largest = max((to / "blobs" / "sha256").iterdir(), key=lambda blob: blob.stat().st_size)
    content = bytearray(largest.read_bytes())
    content[len(content) // 2] ^= 1
    largest.write_bytes(content)


def torn(bundle: Bundle, folder: Path, key: Path, to: Path) -> None:
    """Half of its largest part is missing, as after a copy that was cut off."""
    shutil.copytree(folder, to)
    largest = max((to / "blobs" / "sha256").iterdir(), key=lambda blob: blob.stat().st_size)
    largest.write_bytes(largest.read_bytes()[:largest.stat().st_size // 2])


def unsigned(bundle: Bundle, folder: Path, key: Path, to: Path) -> None:
    """Nobody has signed it."""
    _packed(bundle, to, None)


def signed_by_another(bundle: Bundle, folder: Path, key: Path, to: Path) -> None:
    """Whoever signed it is not trusted here."""
    other = to.parent / "other"
    new_key(other)
    _packed(bundle, to, other)


def no_newer(bundle: Bundle, folder: Path, key: Path, to: Path) -> None:
    """It has the version that runs already."""
    _packed(bundle, to, key, version=bundle.manifest.version)


def of_another_loop(bundle: Bundle, folder: Path, key: Path, to: Path) -> None:
    """It was made for something else."""
    _packed(bundle, to, key, loop="boiler")


def untrue_golden(bundle: Bundle, folder: Path, key: Path, to: Path) -> None:
    """Its graph does not say what its golden sequences say, though all is signed."""
    golden = [replace(one, outputs={name: value + np.float32(0.25) if name == "score" else value
                                    for name, value in one.outputs.items()}) for one in bundle.golden]
    _packed(bundle, to, key, golden=golden)


def slower_than_certified(bundle: Bundle, folder: Path, key: Path, to: Path) -> None:
    """It has a certificate of a deadline that this machine does not keep, whatever the certificate says."""
    _packed(bundle, to, key, budget=replace(bundle.manifest.budget, deadline_ns=500))


def other_tags(bundle: Bundle, folder: Path, key: Path, to: Path) -> None:
    """It wants a tag that this plant does not have."""
    tags = (*bundle.manifest.tags[:-1], Tag("works/elsewhere/t9"))
    _packed(bundle, to, key, tags=tags)


SPOILT: Mapping[str, Spoil] = {one.__name__: one for one in (
    changed, torn, unsigned, signed_by_another, no_newer, of_another_loop, untrue_golden, other_tags,
    slower_than_certified)}


@case(2, 4, 6, 7, times=len(SPOILT), quick=2)
def unfit_bundle_is_refused(at: Injection) -> Outcome:
    """A swap to a bundle that is changed, torn, unsigned, another's, no newer, of another loop or other tags, or whose
    golden replay differs, or that is slower here than its certificate says, while the loop decides."""
    name = list(SPOILT)[at.seed % len(SPOILT)]
    folder = unpacked(OLD[-1], at.folder)
    trusted, path = (folder / "keys" / "lineshaft.pub",), folder / "bundles" / "cell-1"
    SPOILT[name](open_bundle(path, trusted_keys=trusted), path, folder / "keys" / "lineshaft.key", folder / "spoilt")
    place, lies = Place(folder / "node", trusted), []
    with _deciding(path, place) as node:
        runs, ticks, missed = node.loop.bundle.digest, node.loop.ticks, node.grid.missed
        try:
            node.swap(lambda: load(folder / "spoilt", place, node.loop.bundle.manifest))
            lies.append(f"{name}: it decides now")
        except LineshaftError as error:
            lies += [] if error.what and (error.do or error.where) else [f"{name}: said only {error}"]
        if node.loop.bundle.digest != runs or node.loop.shadow is not None:
            lies.append(f"{name}: another bundle decides than before")
        until(lambda: node.loop.ticks > ticks + 20, "tick")
        others = {one.bundle for one in node.decisions(limit=10_000)} - {runs}
        lies += [f"{name}: {one} has decided" for one in others]
        lost = node.grid.missed - missed
    return Outcome(lost=lost, lies=tuple(lies))


@case(2, 4, 6, times=2, quick=0)  # a bundle warms up at 2 % of a core, which takes a minute of so fast a loop
def fit_bundle_is_taken_between_two_ticks(at: Injection) -> Outcome:
    """A swap to a newer bundle under load: no slot is missed, each tick is decided by one of the two, and by
    the old one until the new one has taken over."""
    folder = unpacked(OLD[-1], at.folder)
    trusted, path = (folder / "keys" / "lineshaft.pub",), folder / "bundles" / "cell-1"
    newer = folder / "newer"
    _packed(open_bundle(path, trusted_keys=trusted), newer, folder / "keys" / "lineshaft.key")
    place = Place(folder / "node", trusted)
    with _deciding(path, place) as node:
        before, missed = node.loop.bundle.digest, node.grid.missed
        after = node.swap(lambda: load(newer, place, node.loop.bundle.manifest))
        ticks = node.loop.ticks
        until(lambda: node.loop.ticks > ticks + 20, "tick")
        who = [one.bundle for one in node.decisions(limit=10_000)]
        lost = node.grid.missed - missed
    change = who.index(after)
    apart = set(who[:change]) == {before} and set(who[change:]) == {after}
    return Outcome(lost=lost, lies=() if apart else ("both bundles decide in turn",))


@contextmanager
def _deciding(path: Path, place: Place) -> Iterator[Node]:
    """A node whose clock goes as fast as it can, with a value of every tag each period."""
    clock, over = ManualClock(1_700_000_000 * SECOND), threading.Event()
    loaded = load(path, place)
    node = Node(loaded, place.folder, clock=clock, settings=NodeSettings(control_port=None))
    node.start()
    paths = [tag.path for tag in loaded.manifest.tags]

    def go() -> None:
        chance = np.random.default_rng(1)
        while not over.wait(0.001):
            clock.advance(node.loop.period_ns)
            node.feed(Samples.row(paths, clock.now(), chance.normal([50.0, 20.0, 3.0], 0.1)[:len(paths)]))
            node.poll()

    going = threading.Thread(target=go)
    going.start()
    try:
        until(lambda: node.loop.ticks > 50, "tick")
        yield node
    finally:
        over.set()
        going.join()
        node.close()


def _packed(bundle: Bundle, to: Path, key: Path | None, **changes: object) -> None:
    golden = changes.pop("golden", bundle.golden)
    changed = {"version": bundle.manifest.version + 1, **changes}
    pack(to, manifest=replace(bundle.manifest, **changed), graph=bundle.graph,  # type: ignore[arg-type]
         lowerings=bundle.lowerings, golden=golden, card=bundle.card, key=key)  # type: ignore[arg-type]
