"""Reductions of the grammar to the tree: declarations, types, units."""

from __future__ import annotations

import re
from typing import Any

from lark import Token

from lineshaft.plc import literals
from lineshaft.plc import syntax as s
from lineshaft.plc.errors import wrong
from lineshaft.plc.tree import at_of, deep, is_token, kept

_ENDS = {"PROGRAM": "END_PROGRAM", "FUNCTION": "END_FUNCTION", "FUNCTION_BLOCK": "END_FUNCTION_BLOCK"}


class Declarations:
    """Methods are named by the grammar's rules."""

    def start(self, children: list[Any]) -> s.Source:
        units = tuple(c for c in children if isinstance(c, s.Unit))
        types = tuple(t for c in children if isinstance(c, tuple) for t in c)
        sections = tuple(c for c in children if isinstance(c, s.Section))
        for section in sections:
            if section.kind != "VAR_GLOBAL":
                raise wrong(section.at, f"{section.kind} stands outside a program, function or function block")
        return s.Source(units, types, sections)

    # -- units

    def program_head(self, children: list[Any]) -> list[Any]:
        return children

    function_head = block_head = program_head

    def unit_end(self, children: list[Token]) -> Token:
        return children[0]

    def unit(self, children: list[Any]) -> s.Unit:
        (word, name, *more), *sections, body, end = children
        kind = str(word.type)
        if _ENDS[kind] != end.type:
            raise wrong(at_of([end]), f"{kind} {name} is ended by {end.type}", f"expected {_ENDS[kind]}")
        for section in sections:
            if section.kind == "VAR_GLOBAL":
                raise wrong(section.at, f"VAR_GLOBAL stands inside {kind} {name}",
                            "write it before, and VAR_EXTERNAL here")
        result = next(iter(kept(more)), None)
        return s.Unit(at_of([name]), kind, str(name), result, tuple(sections), body)

    # -- variables

    def section_kind(self, children: list[Token]) -> Token:
        return children[0]

    qualifier = section_kind

    def section(self, children: list[Any]) -> s.Section:
        kind, *rest = children
        qualifiers = tuple(c.type for c in rest if isinstance(c, Token) and c.type != "END_VAR")
        found = tuple(d for c in rest if isinstance(c, list) for d in c)
        return s.Section(at_of(children), kind.type, qualifiers, found)

    def declaration(self, children: list[Any]) -> list[s.Declaration]:
        colon = next(i for i, c in enumerate(children) if is_token(c, "COLON"))
        specification, *initial = kept(children[colon + 1:])
        return [s.Declaration(at_of([name]), str(name), specification, initial[0] if initial else None)
                for name in kept(children[:colon])]

    # -- types

    def types(self, children: list[Any]) -> tuple[s.TypeDeclaration, ...]:
        return tuple(kept(children))

    def type_declaration(self, children: list[Any]) -> s.TypeDeclaration:
        name, specification, *initial = kept(children)
        return s.TypeDeclaration(at_of([name]), str(name), specification, initial[0] if initial else None)

    def named(self, children: list[Token]) -> s.Named:
        return s.Named(at_of(children), str(children[0]))

    def text(self, children: list[Any]) -> s.Text:
        length = kept(children)
        return s.Text(at_of(children), length[0] if length else None)

    def subrange(self, children: list[Any]) -> s.Subrange:
        base, low, high = kept(children)
        return s.Subrange(at_of(children), str(base), low, high)

    def range(self, children: list[Any]) -> s.Range:
        low, high = kept(children)
        return s.Range(low, high)

    def array(self, children: list[Any]) -> s.Array:
        *ranges, of = kept(children)
        return s.Array(at_of(children), tuple(ranges), of, deep(at_of(children), of))

    def enumerator(self, children: list[Any]) -> tuple[str, s.Expression | None]:
        name, *value = kept(children)
        return str(name), value[0] if value else None

    def enumeration(self, children: list[Any]) -> s.Enumeration:
        return s.Enumeration(at_of(children), tuple(kept(children)))

    def structure(self, children: list[Any]) -> s.Structure:
        fields = tuple(d for c in children if isinstance(c, list) for d in c)
        return s.Structure(at_of(children), fields, deep(at_of(children), *(f.specification for f in fields)))

    # -- initial values

    def numbers(self, children: list[Token]) -> s.Numbers:
        at, text = at_of(children), str(children[0])
        parts = re.split(r"[\s,]+", text[1:-1].strip())
        if "." in text:
            return s.Numbers(at, tuple(literals.decimal(part, at) for part in parts), True)
        return s.Numbers(at, tuple(int(part) for part in parts), False)

    def once(self, children: list[Any]) -> tuple[int, s.Initial]:
        return 1, children[0]

    def repeated(self, children: list[Any]) -> tuple[int, s.Initial]:
        count, value = kept(children)
        return literals.integer(str(count), at_of([count])), value

    def array_initial(self, children: list[Any]) -> s.ArrayInitial:
        items = tuple(kept(children))
        return s.ArrayInitial(at_of(children), items, deep(at_of(children), *(value for _, value in items)))

    def field_item(self, children: list[Any]) -> tuple[s.Field, s.Initial]:
        name, value = kept(children)
        return s.Field(at_of([name]), str(name)), value

    def structure_initial(self, children: list[Any]) -> s.StructureInitial:
        fields = tuple(kept(children))
        return s.StructureInitial(at_of(children), fields, deep(at_of(children), *(value for _, value in fields)))
