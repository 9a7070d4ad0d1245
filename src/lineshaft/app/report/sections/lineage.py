"""What the reader of the file decided, where everything comes from, and where it was written."""

from __future__ import annotations

from lineshaft import __version__
from lineshaft.app.report.data import ReportData
from lineshaft.app.report.markup import Markup, el, table
from lineshaft.app.report.text import Text, moment


def decided(data: ReportData, text: Text) -> Markup | None:
    """Time column, separator, period, units and the like: what, the answer, why."""
    if not data.choices and not data.findings:
        return None
    rows = [el("tr", el("th", one.what), el("td", one.chosen), el("td", one.why)) for one in data.choices]
    return el("section", el("h2", text("decided.title")), el("p", text("decided.note"), class_="note"),
              table(rows, style="choices") if rows else None,
              el("ul", [el("li", one) for one in data.findings]) if data.findings else None, id="decided")


def lineage(data: ReportData, text: Text) -> Markup:
    """Digests and versions, so that every alarm can be traced to the data it was learnt from."""
    rows = [el("tr", el("th", text(f"lineage.{key}")), el("td", el("code", value)))
            for key, value in _facts(data) if value]
    files = [el("li", el("span", what), " ", el("code", path)) for what, path in data.files]
    written = [el("h3", text("lineage.files")), el("ul", files, class_="files")] if files else None
    return el("section", el("h2", text("lineage.title")), table(rows, style="lineage"), written, id="lineage")


def _facts(data: ReportData) -> list[tuple[str, str]]:
    made = data.manifest
    facts = [("bundle", data.bundle), ("dataset", data.dataset)]
    if made is not None:
        facts += [("history", made.lineage.history), ("loop", f"{made.loop} v{made.version}"),
                  ("learner", made.lineage.learner), ("why", made.lineage.why), ("code", made.lineage.code),
                  ("parent", made.lineage.parent)]
    if data.certificate is not None:
        facts.append(("graph", data.certificate.graph))
    return [*facts, ("source", data.source), ("created", f"{moment(data.created)} UTC"),
            ("lineshaft", __version__), ("command", data.command)]
