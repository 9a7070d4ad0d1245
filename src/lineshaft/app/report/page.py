"""The page: sections in order, with style and script inside, asking nothing of any network."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources

from lineshaft.app import look
from lineshaft.app.report.data import ReportData
from lineshaft.app.report.frame import Frame
from lineshaft.app.report.markup import Markup, el, join, name
from lineshaft.app.report.sections.alarms import alarms
from lineshaft.app.report.sections.answer.page import answers
from lineshaft.app.report.sections.lineage import decided, lineage
from lineshaft.app.report.sections.quality import quality
from lineshaft.app.report.sections.trends import trends
from lineshaft.app.report.sections.trust import trust
from lineshaft.app.report.sections.verdict import verdict, when
from lineshaft.app.report.text import Text, moment


def render(data: ReportData, lang: str = "en") -> str:
    """The whole report as one HTML document in ``en`` or ``zh``; write it as UTF-8.

    The document forbids itself every outside request and every script but its own (Content-Security-Policy).
    """
    text = Text(lang)
    frame = Frame(data)
    script, style = _part("report.js"), look.style() + _part("report.css")
    head = el("head", el("meta", charset="utf-8"),
              el("meta", http_equiv="Content-Security-Policy", content=_policy(script)),
              el("meta", name="viewport", content="width=device-width, initial-scale=1"),
              el("meta", name="color-scheme", content="light dark"),
              el("title", f"{data.title} · Lineshaft"), el("style", Markup(style)))
    body = el("body", _header(data, text),
              el("main", verdict(data, text), answers(data.answered, text), alarms(data, frame, text),
                 trends(data, frame, text), quality(data, text), trust(data, text), decided(data, text),
                 lineage(data, text)),
              _patterns(), el("script", Markup(script)))
    return join(Markup("<!doctype html>\n"), el("html", head, body, lang=text("page.lang"))) + "\n"


def in_theme(page: str, theme: str) -> str:
    """A rendered report that is ``light`` or ``dark`` on every screen; ``auto`` leaves it to the reader's system."""
    return page if theme == "auto" else page.replace("<html ", f'<html data-theme="{theme}" ', 1)


def _part(file: str) -> str:
    return (resources.files("lineshaft.app.report") / file).read_text("utf-8")


def _policy(script: str) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
            "base-uri 'none'; form-action 'none'")


def _header(data: ReportData, text: Text) -> Markup:
    rows = len(data.times)
    dated = bool(data.period_ns) and not data.by_row
    covered = None if data.by_row else text.html("page.covered", start=when(data, int(data.times[0]), text),
                        end=when(data, int(data.times[-1]), text)) if rows else None
    facts = [covered, text.html("page.size", rows=f"{rows:,}", tags=f"{len(data.tags):,}"),
             text.html("page.period", period=text.duration(data.period_ns)) if dated else None,
             text.html("page.made", created=moment(data.created))]
    links = ("answers", "alarms", "trends", "quality", "trust", "decided", "lineage")
    present = {"answers": data.answered is not None, "alarms": bool(data.alarms), "quality": data.quality is not None,
               "decided": bool(data.choices or data.findings)}
    return el("header", el("h1", name(data.title)),
              el("p", [el("span", fact) for fact in facts if fact], class_="facts"),
              el("nav", [el("a", text(f"{link}.title"), href=f"#{link}") for link in links
                         if present.get(link, True)]))


def _patterns() -> Markup:
    """The hatching of bad quality, shared by all charts."""
    return Markup('<svg width="0" height="0" aria-hidden="true" style="position:absolute"><defs>'
                  '<pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" '
                  'patternTransform="rotate(45)"><rect width="3" height="6" class="hatching"/></pattern>'
                  '</defs></svg>')
