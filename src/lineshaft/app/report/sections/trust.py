"""How far to trust it: what was learnt from, how many false alarms, which learner and why, at what cost."""

from __future__ import annotations

from lineshaft.app.report.data import Latency, LearnerRow, Passage, ReportData, Trust
from lineshaft.app.report.markup import Markup, el, join, name, table
from lineshaft.app.report.sections.verdict import stretch
from lineshaft.app.report.text import Text, number, percent
from lineshaft.core.manifest import Certificate

Facts = list[tuple[str, str | Markup]]
PASSAGES = 6


def trust(data: ReportData, text: Text) -> Markup:
    """Facts side by side, then the table of learners."""
    return el("section", el("h2", text("trust.title")),
              el("div",
                 _card(text("trust.learnt"), _learnt(data, text)),
                 _card(text("trust.false_alarms"), _false_alarms(data.trust, text)),
                 _card(text("trust.certificate"), _certificate(data.certificate, text)),
                 _card(text("trust.loop"), _loop(data.latency, text)),
                 class_="cards"),
              el("ul", [el("li", note) for note in data.trust.notes]) if data.trust.notes else None,
              _learners(data, text), id="trust")


def _card(title: str, facts: Facts) -> Markup | None:
    if not facts:
        return None
    rows = [el("div", el("dt", key), el("dd", value)) for key, value in facts]
    return el("div", el("h3", title), el("dl", rows), class_="card")


def _learnt(data: ReportData, text: Text) -> Facts:
    facts: Facts = []
    for one in data.passages if len(data.passages) <= PASSAGES else ():
        label = text.known(f"passage.{one.use}") or one.use
        facts.append((label, _passage(data, one, text)))
    counts = (("fit_rows", data.trust.fit_rows), ("calibration_rows", data.trust.calibration_rows),
              ("held_out_rows", data.trust.held_out_rows))
    facts += [(text(f"trust.{key}"), f"{rows:,}") for key, rows in counts if rows]
    facts.append((text("trust.masked"), percent(data.trust.masked_share)))
    return facts


def _passage(data: ReportData, one: Passage, text: Text) -> Markup:
    called = data.run_name(one.run)
    return join(stretch(data, one.start, one.end, text, one.run), [" (", name(called), ")"] if called else None)


def _false_alarms(trust: Trust, text: Text) -> Facts:
    facts: Facts = []
    rates = (("expected", trust.expected_rate), ("observed", trust.observed_rate))
    top = max((rate for _, rate in rates if rate), default=0.0)
    for key, rate in rates:
        if rate is not None:
            bar = el("span", el("i", style=f"width:{100 * rate / top if top else 0:.0f}%"), class_="bar")
            facts.append((text(f"trust.{key}"), el("span", bar, el("span", percent(rate), class_="rate"))))
    if trust.expected_rate is not None and trust.observed_rate is None:
        facts.append((text("trust.observed"), text("trust.not_measured")))
    if trust.method:
        facts.append((text("trust.method"), trust.method))
    return facts


def _certificate(certificate: Certificate | None, text: Text) -> Facts:
    if certificate is None:
        return []
    return [(text("trust.backend"), f"{certificate.backend} · {certificate.target}"),
            (text("trust.parity"), f"{certificate.parity:.2g}"),
            (text("trust.flips"), f"{certificate.flips:,}"),
            (text("trust.step"), _microseconds(certificate.latency_ns)),
            (text("trust.memory"), f"{certificate.memory_bytes / 2**20:.1f} MB"),
            (text("trust.machine"), ", ".join(certificate.machine.values()))]


def _microseconds(latency: tuple[int, int, int, int]) -> str:
    return " / ".join(number(one / 1000) for one in latency) + " µs"


def _loop(latency: Latency | None, text: Text) -> Facts:
    if latency is None:
        return []
    facts: Facts = [(text("trust.ticks"), f"{latency.ticks:,}"),
                    (text("trust.latency"), _microseconds((latency.p50_ns, latency.p99_ns, latency.p999_ns,
                                                           latency.max_ns)))]
    if latency.deadline_ns:
        facts.append((text("trust.deadline"), text.duration(latency.deadline_ns)))
    facts.append((text("trust.missed"), f"{latency.missed:,}"))
    return facts


def _learners(data: ReportData, text: Text) -> Markup | None:
    if not data.learners:
        return el("p", data.learner_why) if data.learner_why else None
    heads = list(dict.fromkeys(key for row in data.learners for key in row.figures))
    return el("div", el("h3", text("trust.learners")), el("p", data.learner_why, class_="note"),
              table([_learner(row, heads, text) for row in data.learners],
                    [el("th", text("trust.learner")),
                     *(el("th", text.known(f"figure.{head}") or head, class_="n") for head in heads),
                     el("th", text("trust.note"))]))


def _learner(row: LearnerRow, heads: list[str], text: Text) -> Markup:
    figures = [el("td", _figure(head, row.figures[head]) if head in row.figures else "-", class_="n")
               for head in heads]
    return el("tr", el("td", "✓ " if row.chosen else "", row.name,
                       el("small", text("trust.chosen")) if row.chosen else None),
              figures, el("td", row.note), class_="chosen" if row.chosen else None)


def _figure(key: str, value: float) -> str:
    return percent(value) if key.endswith(("rate", "share")) else number(value)
