"""Health of a loop: "active" means that data is moving, nothing less."""

from __future__ import annotations

from enum import StrEnum


class Health(StrEnum):
    """What a person or a supervisor reads first.

    STARTING: no first decision yet; IDLE: switched on, but nothing to run; ACTIVE: every tag fresh and
    decisions on time; DEGRADED: something is stale, missed or on a fallback; STOPPED: ended on purpose.
    """

    STARTING = "starting"
    IDLE = "idle"
    ACTIVE = "active"
    DEGRADED = "degraded"
    STOPPED = "stopped"
