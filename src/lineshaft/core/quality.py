"""Quality of a sample as the OPC UA StatusCode it came with (OPC 10000-4, 7.39; a uint32).

The two top bits are the severity: 00 good, 01 uncertain, 10 bad. The code travels untouched; only the
severity decides whether a value is masked.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Severity(IntEnum):
    """The two top bits of a StatusCode."""

    GOOD = 0
    UNCERTAIN = 1
    BAD = 2


GOOD = 0x00000000
UNCERTAIN = 0x40000000
UNCERTAIN_LAST_USABLE = 0x40900000
BAD = 0x80000000
BAD_NO_COMMUNICATION = 0x80310000
BAD_SENSOR_FAILURE = 0x808C0000
BAD_OUT_OF_RANGE = 0x803C0000
BAD_NO_DATA = 0x809B0000
BAD_NOT_CONNECTED = 0x808A0000
BAD_DEVICE_FAILURE = 0x808B0000
BAD_WAITING_FOR_INITIAL_DATA = 0x80320000
BAD_CONFIGURATION_ERROR = 0x80890000

_NAMES = {
    GOOD: "Good", UNCERTAIN: "Uncertain", UNCERTAIN_LAST_USABLE: "UncertainLastUsableValue", BAD: "Bad",
    BAD_NO_COMMUNICATION: "BadNoCommunication", BAD_SENSOR_FAILURE: "BadSensorFailure",
    BAD_OUT_OF_RANGE: "BadOutOfRange", BAD_NO_DATA: "BadNoData", BAD_NOT_CONNECTED: "BadNotConnected",
    BAD_DEVICE_FAILURE: "BadDeviceFailure", BAD_WAITING_FOR_INITIAL_DATA: "BadWaitingForInitialData",
    BAD_CONFIGURATION_ERROR: "BadConfigurationError",
}
_MEANINGS = {
    BAD_CONFIGURATION_ERROR: "the plant has it configured otherwise than it was learnt, look at its unit there",
}


def severity(code: int) -> Severity:
    """Severity of a StatusCode; the reserved pattern 11 counts as bad.

    >>> severity(0), severity(0x40900000), severity(0x80310000)
    (<Severity.GOOD: 0>, <Severity.UNCERTAIN: 1>, <Severity.BAD: 2>)
    """
    return Severity(min((code >> 30) & 3, 2))


def usable(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """True where a value may enter a model: good or uncertain."""
    return codes < np.uint32(BAD)


def name(code: int) -> str:
    """The standard's name where it is one of the common codes, else severity and hexadecimal.

    >>> name(0x80310000), name(0x80AB0000)
    ('BadNoCommunication', 'Bad (0x80AB0000)')
    """
    known = _NAMES.get(code & 0xFFFF0000)
    return known or f"{severity(code).name.capitalize()} (0x{code:08X})"


def meaning(code: int) -> str:
    """The name, and what it says to a person where that helps.

    >>> meaning(0x80890000)
    'BadConfigurationError: the plant has it configured otherwise than it was learnt, look at its unit there'
    """
    said = _MEANINGS.get(code & 0xFFFF0000)
    return f"{name(code)}: {said}" if said else name(code)
