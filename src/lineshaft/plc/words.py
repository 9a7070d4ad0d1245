"""What is known of the language and not taken: each word with the sentence that refuses it."""

from __future__ import annotations

_OBJECTS = "the object-oriented part of edition 3 is not taken"
_CHART = "sequential function charts are not taken, only Structured Text"
_PLACE = "configurations, resources and tasks are not taken: the caller's scan is the task"
_REFERENCE = "references and pointers are not taken"
_DATE = "dates are not taken, only TIME"
_WIDE = "only single-byte STRING is taken"
_VENDOR = "this is a vendor's extension of the language"

REFUSED: dict[str, str] = {
    **dict.fromkeys("METHOD END_METHOD CLASS END_CLASS INTERFACE END_INTERFACE EXTENDS IMPLEMENTS THIS SUPER ABSTRACT "
                    "FINAL OVERRIDE PUBLIC PRIVATE PROTECTED INTERNAL".split(), _OBJECTS),
    **dict.fromkeys("NAMESPACE END_NAMESPACE USING".split(), "namespaces are not taken"),
    **dict.fromkeys("STEP END_STEP INITIAL_STEP TRANSITION END_TRANSITION ACTION END_ACTION".split(), _CHART),
    **dict.fromkeys("CONFIGURATION END_CONFIGURATION RESOURCE END_RESOURCE TASK VAR_ACCESS VAR_CONFIG".split(), _PLACE),
    **dict.fromkeys("REF_TO REF NULL".split(), _REFERENCE),
    **dict.fromkeys("DATE LDATE TIME_OF_DAY TOD LTOD DATE_AND_TIME DT LDT".split(), _DATE),
    "LTIME": "LTIME is not taken, only TIME (kept in nanoseconds here)",
    **dict.fromkeys("WSTRING CHAR WCHAR".split(), _WIDE),
    "AT": "direct addresses are not taken: give the value as VAR_INPUT or VAR_OUTPUT",
    **dict.fromkeys("R_EDGE F_EDGE".split(), "edge inputs are not taken: use R_TRIG or F_TRIG"),
    "OVERLAP": "overlapping structures are not taken",
    **dict.fromkeys("POINTER REFERENCE UNION END_UNION PROPERTY END_PROPERTY VAR_STAT VAR_INST AND_THEN OR_ELSE JMP "
                    "GOTO END_STRUCTURE ANY".split(), _VENDOR),
}
