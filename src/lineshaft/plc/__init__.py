"""IEC 61131-3 Structured Text: read, checked, and run as scan cycles on this machine.

>>> plc = Plc(compile_text('''
... PROGRAM main
... VAR_INPUT start : BOOL; END_VAR
... VAR_OUTPUT running : BOOL; END_VAR
... VAR delay : TON; END_VAR
... delay(IN := start, PT := T#20ms, Q => running);
... END_PROGRAM'''))
>>> plc.write("start", True)
>>> for _ in range(3):
...     plc.scan(10_000_000)
>>> plc.read("running")
True
"""

from lineshaft.plc.compile import Program, compile_text
from lineshaft.plc.errors import Fault, SourceError
from lineshaft.plc.machine import Plc

__all__ = ["Fault", "Plc", "Program", "SourceError", "compile_text"]
