"""The model card: what a person reads before trusting a bundle."""

from __future__ import annotations

from collections.abc import Sequence

from lineshaft.app.said import figure, numbered
from lineshaft.app.sizes import certified_line
from lineshaft.core.clock import format_duration, format_time
from lineshaft.core.listed import some
from lineshaft.core.manifest import Certificate, Manifest
from lineshaft.core.task import Task
from lineshaft.model.answer import Fitted
from lineshaft.model.evaluate.reliability import drawn
from lineshaft.model.learnt import Learnt
from lineshaft.model.train import Monitor

PURPOSE = {
    Task.FORECAST: "Forecasts {what} from {tags} tags",
    Task.DIAGNOSE: "Tells {many} kinds of operation apart by {tags} tags ({what})",
    Task.PROGNOSE: "Says from {tags} tags how long the machine will still run",
    Task.INFER: "Infers {what} from {tags} other tags",
    Task.SEGMENT: "Tells which of {many} operating modes the plant is in by {tags} tags",
}
MOST_NAMED = 8


def model_card(manifest: Manifest, learnt: Learnt, certificates: Sequence[Certificate]) -> str:
    """Markdown: purpose, data, choice, limits of use, certificate."""
    told = _of_monitor(manifest, learnt) if isinstance(learnt, Monitor) else _of_answer(manifest, learnt)
    lines = [
        f"# {manifest.loop}, version {manifest.version}", "", *told,
        "## Certificates", "", *(f"- {certified_line(one)}" for one in certificates),
        f"- made {format_time(manifest.lineage.created)} by Lineshaft {manifest.lineage.code}", ""]
    return "\n".join(lines)


def _of_monitor(manifest: Manifest, monitor: Monitor) -> list[str]:
    figures = monitor.figures
    return [
        f"Watches {len(manifest.tags)} tags, one decision every {format_duration(manifest.period_ns)}, and names the "
        "tags behind an alarm.", "",
        *_data(manifest),
        f"- {figures['fit_rows']:.0f} rows of normal operation to learn from, {figures['held_out_rows']:.0f} held out "
        "for the limit",
        f"- {monitor.modes} operating mode{'s' if monitor.modes > 1 else ''}; after a change of mode the score rests "
        f"for {monitor.settle} ticks",
        *("- each decision names the mode; known is false where the plant is in none of them" for _ in monitor.answers),
        f"- {manifest.lineage.feedback} verdicts of people used as labels", "",
        "## Learner", "", f"{monitor.why}.", "",
        "| learner | faults found | false alarms | |", "|---|---|---|---|",
        *(f"| {t.learner} | {'' if t.reason else f'{t.power:.1%}'} | {'' if t.reason else f'{t.false_alarms:.2%}'} "
          f"| {t.reason} |" for t in monitor.trials), "",
        "Faults were injected into held-out normal operation (bias, drift, noise, freeze, decoupling); no real fault "
        "was used to choose or to set a limit.", "",
        "## How far to trust it", "",
        f"- stated chance that a normal tick is over the limit: {monitor.settings.false_alarm_rate:g}. It holds while "
        "the plant runs as it did in the normal stretch; a slow drift beyond it will raise alarms",
        "- a gap in one tag is bridged from the others; a mode that the normal stretch did not hold is an alarm", ""]


def _of_answer(manifest: Manifest, learnt: Learnt) -> list[str]:
    names = list(dict.fromkeys(one.name for one in manifest.answers))
    what = some(names, MOST_NAMED)
    purpose = PURPOSE.get(learnt.task, "Says {what} from {tags} tags").format(
        what=what, tags=len(manifest.tags), many=len(names))
    ahead = [one.ahead for one in manifest.answers if one.ahead]
    reach = f", {min(ahead)} to {max(ahead)} periods ahead" if ahead else ""
    return [
        f"{purpose}{reach}, one decision every {format_duration(manifest.period_ns)}; it looks back over "
        f"{learnt.window} of them.", "",
        *_data(manifest), f"- {manifest.lineage.feedback} verdicts of people used as labels", "",
        "## Learner", "", f"{learnt.why}.", "", *_trials(learnt),
        "## Figures", "", "On rows that neither taught the model nor helped to choose it:", "",
        "| figure | |", "|---|---|", *(f"| {numbered(name)} | {figure(value)} |"
                                       for name, value in learnt.figures.items()), "",
        *_reliability(learnt),
        "## How far to trust it", "",
        "- each value comes with an interval whose ends were set on held-out rows (conformal); it holds while the "
        "plant runs as it did there",
        "- known is false where the tags are unlike anything that it learnt from, or no answer is sure enough: then "
        "the value is a guess, and history marks it as uncertain",
        "- where rule limits or the safe state decide in its place, there is no value at all", ""]


def _data(manifest: Manifest) -> list[str]:
    lineage = manifest.lineage
    return ["## Learnt from", "", f"- dataset `{lineage.dataset}`, history version `{lineage.history or 'none'}`"]


def _reliability(learnt: Learnt) -> list[str]:
    """How often what it is sure of came true, where held-out rows could tell."""
    if not isinstance(learnt, Fitted) or not learnt.reliability:
        return []
    return ["## Reliability", "",
            "How sure it said to be, and how often it was right, on held-out rows that set neither:", "",
            "| said | right | | rows |", "|---|---|---|---|", *drawn(learnt.reliability), ""]


def _trials(learnt: Learnt) -> list[str]:
    """Every candidate with its validation loss, a naive one among them."""
    if not isinstance(learnt, Fitted):
        return []
    return ["| candidate | validation loss | 95 % interval | seconds | |", "|---|---|---|---|---|",
            *(f"| {t.name} | {'' if t.reason else f'{t.loss:.4g}'} "
              f"| {'' if t.reason else f'{t.low:.4g} to {t.high:.4g}'} "
              f"| {t.seconds:.1f} | {t.reason} |" for t in learnt.trials), "",
            "Each was learnt without the rows that judged it, several times over; less is better.", ""]
