"""Timing diagrams of the standard blocks: one character a scan of 10 ms, '#' is TRUE."""

from __future__ import annotations

import pytest

from lineshaft.plc import Plc, compile_text

DIAGRAMS = [
    # block, inputs by name, outputs by name
    ("TON", "PT := T#30ms", {"IN": "..#######.##....###"}, {"Q": ".....####.........."}),
    ("TOF", "PT := T#30ms", {"IN": "..##.....#.#......"}, {"Q": "..#####..######..."}),
    ("TP", "PT := T#30ms", {"IN": ".#......#.#.#######..#"}, {"Q": ".###....###.###......#"}),
    ("TP", "PT := T#0ms", {"IN": ".##.#"}, {"Q": "....."}),
    ("R_TRIG", "", {"CLK": ".##..#.###"}, {"Q": ".#...#.#.."}),
    ("F_TRIG", "", {"CLK": "##..#.###."}, {"Q": "..#..#...#"}),
    ("SR", "", {"S1": ".#...##...", "R": "...#.#.#.."}, {"Q1": ".##..##..."}),
    ("RS", "", {"S": ".#...##...", "R1": "...#.#.#.."}, {"Q1": ".##...#..."}),
    ("CTU", "PV := 2", {"CU": ".#.##.#..#", "R": ".......#.."}, {"Q": "...####..."}),
    ("CTU_ULINT", "PV := 2", {"CU": ".#.##.#..#", "R": ".......#.."}, {"Q": "...####..."}),
    ("CTD", "PV := 2", {"CD": "..#.#..#", "LD": ".#...#.."}, {"Q": "#...#..."}),
    ("CTUD", "PV := 2", {"CU": ".#.#.....", "CD": ".....#.#.", "R": ".........", "LD": "........#"},
     {"QU": "...##...#", "QD": "#......#."}),
]


@pytest.mark.parametrize(("block", "fixed", "inputs", "outputs"), DIAGRAMS, ids=[f"{d[0]} {d[1]}" for d in DIAGRAMS])
def test_a_block_follows_its_timing_diagram(block: str, fixed: str, inputs: dict[str, str], outputs: dict[str,
str]) -> None:
    arguments = ", ".join(filter(None, [fixed, *(f"{n} := i_{n}" for n in inputs),
    *(f"{n} => o_{n}" for n in outputs)]))
    plc = Plc(compile_text(f"""PROGRAM main
        VAR_INPUT {' '.join(f'i_{n} : BOOL;' for n in inputs)} END_VAR
        VAR_OUTPUT {' '.join(f'o_{n} : BOOL;' for n in outputs)} END_VAR
        VAR block : {block}; END_VAR
        block({arguments});
        END_PROGRAM"""))
    seen = dict.fromkeys(outputs, "")
    for tick in range(len(next(iter(inputs.values())))):
        for name, diagram in inputs.items():
            plc.write(f"i_{name}", diagram[tick] == "#")
        plc.scan(10_000_000)
        seen = {name: text + ("#" if plc.read(f"o_{name}") else ".") for name, text in seen.items()}
    assert seen == outputs


def test_elapsed_time_grows_to_the_preset_and_falls_back() -> None:
    plc = Plc(compile_text("""PROGRAM p VAR_INPUT b : BOOL; END_VAR VAR t : TON; END_VAR
        t(IN := b, PT := T#25ms); END_PROGRAM"""))
    seen = []
    for on in (False, True, True, True, True, False):
        plc.write("b", on)
        plc.scan(10_000_000)
        seen.append(plc.read("t.ET") // 1_000_000)
    assert seen == [0, 0, 10, 20, 25, 0]


@pytest.mark.parametrize(("block", "way", "end"), [("CTU", "CU", 32767), ("CTD", "CD", -32768)])
def test_a_counter_stops_at_the_end_of_its_type(block: str, way: str, end: int) -> None:
    plc = Plc(compile_text(f"""PROGRAM p VAR c : {block}; i : DINT; END_VAR
        FOR i := 1 TO 33000 DO c({way} := TRUE); c({way} := FALSE); END_FOR END_PROGRAM"""))
    plc.scan()
    assert plc.read("c.CV") == end
