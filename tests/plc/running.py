"""Small helpers of these tests: one expression or one body as a whole program."""

from __future__ import annotations

from typing import Any

from lineshaft.plc import Plc, compile_text


def value_of(expression: str, kind: str, declarations: str = "", **options: Any) -> Any:
    """What ``result : kind := expression`` holds after one scan."""
    return run(f"result := {expression};", f"VAR result : {kind}; END_VAR {declarations}", **options).read("result")


def run(body: str, declarations: str = "", before: str = "", scans: int = 1, **options: Any) -> Plc:
    plc = Plc(compile_text(f"{before}\nPROGRAM main\n{declarations}\n{body}\nEND_PROGRAM", **options))
    for _ in range(scans):
        plc.scan(10_000_000)
    return plc
