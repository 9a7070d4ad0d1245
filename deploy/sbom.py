"""``python -m deploy.sbom [FILE]``: the bill of materials of Lineshaft itself, CycloneDX 1.6 in JSON.

The package as installed here, what its base install needs, and what that needs in turn; extras are left out, as a node
beside a machine does.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

NAME = "lineshaft"
_REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)[^;]*(?:;(.*))?$")


def bill() -> Bom:
    """The package as the root, a component for each distribution that it draws in, and who needs whom."""
    known: dict[str, Component] = {}
    root = _component(distribution(NAME), ComponentType.APPLICATION)
    bom = Bom()
    bom.metadata.component = root
    _take_in(bom, root, NAME, known)
    return bom


def _take_in(bom: Bom, component: Component, name: str, known: dict[str, Component]) -> None:
    needs = []
    for need in needed(distribution(name)):
        if need not in known:
            try:
                known[need] = _component(distribution(need), ComponentType.LIBRARY)
            except PackageNotFoundError:
                sys.exit(f"{need}, which {name} needs, is not installed here: the list would be wrong")
            bom.components.add(known[need])
            _take_in(bom, known[need], need, known)
        needs.append(known[need])
    bom.register_dependency(component, needs)


def needed(package: Distribution) -> Iterator[str]:
    """Names of what its base install needs on this system and Python."""
    for line in package.requires or ():
        found = _REQUIREMENT.match(line.strip())
        assert found is not None, line
        if found[2] is None or _holds(found[2]):
            yield _canonical(found[1])


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _holds(marker: str) -> bool:
    from packaging.markers import Marker

    return Marker(marker).evaluate({"extra": ""})


def _component(package: Distribution, kind: ComponentType) -> Component:
    told = package.metadata
    name, version = _canonical(told["Name"]), package.version
    licence = next((told[key] for key in ("License-Expression", "License") if key in told), "")
    licences = [LicenseFactory().make_from_string(licence)] if 0 < len(licence) < 60 else []
    address = PackageURL("pypi", None, name, version)
    return Component(name=name, version=version, type=kind, purl=address, bom_ref=address.to_string(),
                     description=told["Summary"], licenses=licences)


def main() -> None:
    bom = bill()
    assert bom.metadata.component is not None
    file = Path(sys.argv[1] if len(sys.argv) > 1 else f"dist/{NAME}-{bom.metadata.component.version}.cdx.json")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(JsonV1Dot6(bom).output_as_string(indent=2) + "\n", "utf-8")
    print(f"{file}: {len(bom.components)} packages beside {NAME} itself", file=sys.stderr)


if __name__ == "__main__":
    main()
