"""The server's variables as tags, asked for gently: level by level, in pages, with pauses."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from asyncua import ua

from lineshaft.connect.opcua import units
from lineshaft.connect.opcua.faults import status_name
from lineshaft.connect.opcua.link import Link
from lineshaft.core.errors import EnvironmentFailed
from lineshaft.core.tag import Tag

log = logging.getLogger("lineshaft.connect.opcua")

REFERENCES_PER_PAGE = 200
UNITS = "EngineeringUnits"
_HAS_PROPERTY = ua.NodeId(ua.ObjectIds.HasProperty)
_SERVER = ua.NodeId(ua.ObjectIds.Server)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SCALAR = (ua.ValueRank.Scalar, ua.ValueRank.Any, ua.ValueRank.ScalarOrOneDimension)
_ATTRIBUTES = (ua.AttributeIds.DataType, ua.AttributeIds.ValueRank, ua.AttributeIds.UserAccessLevel,
               ua.AttributeIds.Description, ua.AttributeIds.MinimumSamplingInterval)
_INTEGERS = set(range(2, 10)) | {27, 28}  # SByte .. UInt64, Integer, UInteger
_FLOATS = {10, 11, 26}  # Float, Double, Number


@dataclass(slots=True)
class _Variable:
    node: ua.NodeId
    path: str
    properties: dict[str, ua.NodeId] = field(default_factory=dict)


@dataclass(slots=True)
class _Walk:
    """What a browse has seen so far."""

    variables: dict[ua.NodeId, _Variable] = field(default_factory=dict)
    seen: set[ua.NodeId] = field(default_factory=set)
    full: bool = False


async def browse(link: Link, root: str | None) -> list[Tag]:
    """Every scalar variable below ``root`` (an address; by default all Objects but the server's own).

    Goes as deep and as far as the options say and logs a warning where it stops short.
    """
    start, path = _start(link, root)
    walk = _Walk(seen={start, _SERVER} if root is None else {start})
    level: list[tuple[ua.NodeId, str]] = [(start, path)]
    for _ in range(link.options.depth):
        level = await _browse_level(link, level, walk)
        if not level or walk.full:
            break
    if level:
        log.warning("%s: browse stopped at %d nodes, depth %d; browse a folder of it, or raise max_nodes or "
                    "depth", link.url, len(walk.seen), link.options.depth)
    return await _describe(link, list(walk.variables.values()))


def _start(link: Link, root: str | None) -> tuple[ua.NodeId, str]:
    if root is None:
        return ua.NodeId(ua.ObjectIds.ObjectsFolder), ""
    try:
        node = link.node_id(root)
    except ValueError:
        node = None
    if node is None:
        raise EnvironmentFailed(f"the server knows no node {root!r}", where=link.url,
                                do="give a NodeId such as 'ns=2;s=Line1', or none for everything")
    return node, ""


async def _browse_level(link: Link, level: Sequence[tuple[ua.NodeId, str]], walk: _Walk
                        ) -> list[tuple[ua.NodeId, str]]:
    below: list[tuple[ua.NodeId, str]] = []

    async def part(some: Sequence[tuple[ua.NodeId, str]]) -> None:
        pages = await references(link, [node for node, _ in some])
        for (node, path), page in zip(some, pages, strict=True):
            children = [_note(link, walk, node, path, reference) for reference in page]
            below.extend(child for child in children if child is not None)
        await asyncio.sleep(link.options.pause_s)
    await link.batched(level, "MaxNodesPerBrowse", part)
    return below


def _note(link: Link, walk: _Walk, parent: ua.NodeId, path: str, reference: Any
          ) -> tuple[ua.NodeId, str] | None:
    """Take one reference into the walk; the node to go on from, if it leads somewhere new."""
    node = local(reference.NodeId)
    if reference.ReferenceTypeId == _HAS_PROPERTY:
        if parent in walk.variables:
            walk.variables[parent].properties[reference.BrowseName.Name] = node
        return None
    if node in walk.seen or (node.NamespaceIndex == 0 and not path):
        return None
    if len(walk.seen) >= link.options.max_nodes:
        walk.full = True
        return None
    walk.seen.add(node)
    name = _level_name(reference)
    below = f"{path}/{name}" if path else name
    if reference.NodeClass == ua.NodeClass.Variable:
        walk.variables[node] = _Variable(node, below)
    return node, below


def local(node: Any) -> ua.NodeId:
    """An ExpandedNodeId of this server as a plain NodeId, so that both compare and travel alike."""
    return ua.NodeId(node.Identifier, node.NamespaceIndex, node.NodeIdType)


def _level_name(reference: Any) -> str:
    name = reference.BrowseName.Name or reference.DisplayName.Text or str(reference.NodeId.Identifier)
    return _CONTROL.sub("", name).replace("/", "_").strip() or "_"


async def references(link: Link, nodes: Sequence[ua.NodeId]) -> list[list[Any]]:
    """All forward hierarchical references of each node, page by page (BrowseNext)."""
    request = ua.BrowseRequest()
    request.Parameters.View = ua.ViewDescription()
    request.Parameters.RequestedMaxReferencesPerNode = REFERENCES_PER_PAGE
    request.Parameters.NodesToBrowse = [_description(node) for node in nodes]
    results = (await link.ask(request, ua.BrowseResponse)).Results
    if len(results) != len(nodes):
        raise ua.UaError(f"{len(results)} answers to {len(nodes)} nodes browsed")
    found = [list(result.References or ()) for result in results]
    waiting = {i: result.ContinuationPoint for i, result in enumerate(results) if result.ContinuationPoint}
    while waiting:
        await asyncio.sleep(link.options.pause_s)
        more = ua.BrowseNextRequest()
        more.Parameters.ReleaseContinuationPoints = False  # asyncua's default is to throw the rest away
        more.Parameters.ContinuationPoints = list(waiting.values())
        results = (await link.ask(more, ua.BrowseNextResponse)).Parameters.Results
        for i, result in zip(list(waiting), results, strict=True):
            if result.StatusCode.is_bad():
                log.warning("%s: the rest of a folder cannot be browsed (%s)", link.url,
                            status_name(result.StatusCode.value))
            found[i].extend(result.References or ())
            waiting[i] = result.ContinuationPoint
        waiting = {i: point for i, point in waiting.items() if point}
    return found


def _description(node: ua.NodeId) -> ua.BrowseDescription:
    return ua.BrowseDescription(
        NodeId=node, BrowseDirection=ua.BrowseDirection.Forward, IncludeSubtypes=True,
        ReferenceTypeId=ua.NodeId(ua.ObjectIds.HierarchicalReferences),
        NodeClassMask=int(ua.NodeClass.Object | ua.NodeClass.Variable), ResultMask=int(ua.BrowseResultMask.All))


async def _describe(link: Link, variables: list[_Variable]) -> list[Tag]:
    """Type, range, unit and access of each variable; arrays and structures are left out."""
    wanted = [(variable.node, attribute) for variable in variables for attribute in _ATTRIBUTES]
    values = [good(value) for value in await link.attributes(wanted)]
    width = len(_ATTRIBUTES)
    rows = [values[i * width:(i + 1) * width] for i in range(len(variables))]
    places = [(i, name) for i, variable in enumerate(variables)
              for name in ("EURange", UNITS) if name in variable.properties]
    asked = [(variables[i].properties[name], ua.AttributeIds.Value) for i, name in places]
    facts = await link.attributes(asked)
    known = {place: good(value) for place, value in zip(places, facts, strict=True)}
    paths: set[str] = set()
    tags = []
    for i, (variable, row) in enumerate(zip(variables, rows, strict=True)):
        tag = _tag(link, variable, row, known.get((i, "EURange")), known.get((i, UNITS)), paths)
        if tag is not None:
            tags.append(tag)
    return tags


def _tag(link: Link, variable: _Variable, row: list[Any], span: Any, unit: Any, paths: set[str]) -> Tag | None:
    data_type, rank, access, description, sampling = row
    kind = _kind(data_type)
    if kind is None or (rank is not None and rank not in _SCALAR):
        return None
    address = link.address(variable.node)
    path = variable.path if variable.path not in paths else f"{variable.path} [{address}]"
    paths.add(path)
    ranged = span is not None and span.Low < span.High
    return Tag(path, kind=kind, address=address, description=getattr(description, "Text", None) or "",
               low=float(span.Low) if ranged else None, high=float(span.High) if ranged else None,
               unit="" if unit is None else unit_of(unit),
               period_ns=round(sampling * 1e6) if sampling and sampling > 0 else None,
               writable=bool((access or 0) & ua.AccessLevel.CurrentWrite.mask))


def unit_of(stated: ua.EUInformation) -> str:
    """The UCUM code of what a server states."""
    return units.from_engineering_units(stated.NamespaceUri, stated.UnitId, stated.DisplayName.Text)


def _kind(data_type: ua.NodeId | None) -> str | None:
    """``Tag.kind`` of a DataType; a type of the server's own is taken for an enumeration, as most are."""
    if data_type is None:
        return "float"
    number = data_type.Identifier if data_type.NamespaceIndex == 0 else None
    if number == 1:
        return "bool"
    if number in _INTEGERS:
        return "int"
    if number in _FLOATS or number == 24:  # 24: BaseDataType, anything
        return "float"
    if number in (12, 13, 21):  # String, DateTime, LocalizedText
        return "text"
    return None if isinstance(number, int) and number not in (29, 290) else "enum"


def good(value: ua.DataValue) -> Any:
    """What an attribute holds, None where the server did not give it."""
    if value.StatusCode is not None and not value.StatusCode.is_good():
        return None
    return None if value.Value is None else value.Value.Value
