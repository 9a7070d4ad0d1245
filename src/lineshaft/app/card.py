"""The model card: what a person reads before trusting a bundle."""

from __future__ import annotations

from collections.abc import Sequence

from lineshaft.app.sizes import certified_line
from lineshaft.core.clock import format_duration, format_time
from lineshaft.core.manifest import Certificate, Manifest
from lineshaft.model.train import Monitor


def model_card(manifest: Manifest, monitor: Monitor, certificates: Sequence[Certificate]) -> str:
    """Markdown: purpose, data, choice, limits of use, certificate."""
    figures = monitor.figures
    lines = [
        f"# {manifest.loop}, version {manifest.version}", "",
        f"Watches {len(manifest.tags)} tags, one decision every {format_duration(manifest.period_ns)}, and names the "
        "tags behind an alarm.", "",
        "## Learnt from", "",
        f"- dataset `{manifest.lineage.dataset}`, history version `{manifest.lineage.history or 'none'}`",
        f"- {figures['fit_rows']:.0f} rows of normal operation to learn from, {figures['held_out_rows']:.0f} held out "
        "for the limit",
        f"- {monitor.modes} operating mode{'s' if monitor.modes > 1 else ''}; after a change of mode the score rests "
        f"for {monitor.settle} ticks",
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
        "- a gap in one tag is bridged from the others; a mode that the normal stretch did not hold is an alarm", "",
        "## Certificates", "", *(f"- {certified_line(one)}" for one in certificates),
        f"- made {format_time(manifest.lineage.created)} by Lineshaft {manifest.lineage.code}", ""]
    return "\n".join(lines)
