"""What a page needs before it can show anything: who is asking, which pages there are, the words."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from lineshaft import __version__
from lineshaft.app.console import pages
from lineshaft.app.console.context import PUBLIC, Anybody, Here

router = APIRouter(prefix="/api/v1/shell", tags=["shell"])


class Asker(BaseModel):
    """Who is at the screen."""

    name: str
    role: str = Field(description="viewer, operator, engineer or admin")


class Shell(BaseModel):
    """The frame of every page."""

    version: str
    person: Asker | None = Field(description="null where somebody must log in first")
    users: bool = Field(description="whether this console has accounts; false on loopback only")
    must_change: bool = Field(description="whether this person has to choose a password before anything else")
    provider: bool = Field(description="whether people may log in at the company's identity provider")
    token: str = Field(description="to be sent as X-CSRF-Token with everything that changes something")
    languages: list[str]
    lang: str = Field(description="the language of words")
    words: dict[str, str] = Field(description="every text by its key")
    pages: list[str] = Field(description="names of modules below /static/pages")
    plant: str = Field(description="name of the plant, empty before set-up")
    loop: str = Field(description="name of the task, empty before set-up")
    mistake: str = Field(description="what is wrong with lineshaft.toml, empty where nothing is")


@router.get("", openapi_extra=PUBLIC)
def shell(here: Here, person: Anybody, request: Request,
          lang: Annotated[str, Query(max_length=8, description="en or zh")] = "en") -> Shell:
    """The frame, in one answer so that the first picture comes soon."""
    lang = lang if lang in pages.languages() else "en"
    person_in = person is not None and not person.must_change
    project = here.project if person_in else None
    who = Asker(name=person.name, role=person.role.word) if person else None
    return Shell(
        version=__version__, person=who, users=here.door.users,
        must_change=person is not None and person.must_change, provider=here.door.provider,
        token=here.door.token(request), languages=pages.languages(), lang=lang, words=pages.words(lang),
        pages=pages.names(),
        plant=project.config.plant.name if project else "", loop=project.loop if project else "",
        mistake=here.mistake if person_in else "")
