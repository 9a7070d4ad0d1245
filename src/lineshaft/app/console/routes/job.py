"""Work in the background: what runs, how far it is, how it ended."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from lineshaft.app.console.context import Engineer, Here, Viewer

router = APIRouter(prefix="/api/v1/job", tags=["job"])


class Job(BaseModel):
    """One piece of work."""

    number: int
    kind: str = Field(description="what it does; one of a kind at a time")
    by: str = Field(description="who began it")
    began: int = Field(description="ms")
    state: str = Field(description="running, done, failed or stopped")
    ended: int = Field(description="ms, 0 while it runs")
    done: int
    total: int = Field(description="0 where it is not known")
    what: str = Field(description="what is being done, in a few words")
    result: dict[str, Any] = Field(description="what the command printed, once it is done")
    error: str = Field(description="why it failed")


@router.get("")
def jobs(here: Here, _: Viewer) -> list[Job]:
    """The newest first."""
    return [Job.model_validate(job, from_attributes=True) for job in here.jobs.all()]


@router.post("/{number}/stop")
def stop(here: Here, person: Engineer, number: int) -> Job:
    """Ask it to end."""
    job = here.jobs.stop(number)
    here.door.note(person, "stopped", job.kind)
    return Job.model_validate(job, from_attributes=True)
