"""How good the answers are, in the order in which a person asks."""

from __future__ import annotations

from lineshaft.app.report.answered import Answered
from lineshaft.app.report.markup import Markup, el, join
from lineshaft.app.report.sections.answer.classes import confusion, recalls
from lineshaft.app.report.sections.answer.measured import measured
from lineshaft.app.report.sections.answer.modes import modes
from lineshaft.app.report.sections.answer.search import search
from lineshaft.app.report.sections.answer.sure import sure
from lineshaft.app.report.sections.answer.weights import weights
from lineshaft.app.report.text import Text, moment, number, percent


def answers(found: Answered | None, text: Text) -> Markup | None:
    """The protocol, the figure beside the baseline, then what the task has to show."""
    if found is None:
        return None
    own = (modes(found, text),) if found.of_modes else (
        (confusion(found, text), recalls(found, text)) if found.of_classes else (measured(found, text),))
    return el("section", el("h2", text("answers.title")),
              el("p", text("answers.protocol", rows=f"{len(found.times):,}", known=f"{found.known_rows:,}",
                           start=moment(int(found.times.min())), end=moment(int(found.times.max()))), class_="note"),
              _beside(found, text), *own, sure(found, text), weights(found, text), search(found, text), id="answers")


def _beside(found: Answered, text: Text) -> Markup:
    """Loss of the model and of the baseline on the same rows."""
    parts = [text("answers.loss", learner=found.learner, loss=number(found.loss))]
    if found.naive_name:
        parts.append(text("answers.naive", name=found.naive_name, loss=number(found.naive_loss)))
    parts.append(text("answers.known", share=percent(float(found.known.mean()))))
    return el("p", join([el("span", f"{part} ") for part in parts]))
