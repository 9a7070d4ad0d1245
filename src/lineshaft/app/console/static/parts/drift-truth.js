import { html, useMemo } from "../lib/ui.js";
import { count, moment, number, percent, t } from "../lib/text.js";
import { Chart } from "./chart.js";
import { State } from "./state.js";

// Whether the model still is right: by what was recorded later, and by what people said of its decisions.
const Told = ({ since, said, grew }) => html`<p class="row"><span>${said}</span>${since.begin === null ? html`<${State} level="ok" text=${t("model.right.same")} />`
  : html`<${State} level=${grew ? "warn" : "note"} text=${t(grew ? "model.right.worse" : "model.right.better", { time: moment(since.begin) })} />
    <small class="soft">${t("model.began.between", { low: moment(since.low), high: moment(since.high) })}</small>`}</p>`;

const Errors = ({ truth, result }) => {
  const shown = value => (truth.of_classes ? percent(value) : number(value, 3));
  const series = useMemo(() => [{ key: "error", label: t("model.right.error"), unit: "", axis: "", color: "var(--s1)", t: truth.parts.map(one => one.time), v: truth.parts.map(one => one.error) }], [truth]);
  const spans = truth.begin === null ? [] : [{ start: truth.low, end: truth.high, kind: "event", label: "" }];
  return html`<${Told} since=${truth} grew=${truth.now > truth.before} said=${t(truth.of_classes ? "model.right.classes" : "model.right.numbers", { n: count(truth.rows), now: shown(truth.now), before: shown(truth.before) })} />
    ${truth.parts.length > 1 ? html`<${Chart} series=${series} spans=${spans} range=${[truth.parts[0].time, Math.max(result.end, truth.parts[truth.parts.length - 1].time)]} height=${150} legend=${false} limit=${{ axis: "", value: truth.before, label: t("model.right.before") }} label=${t("model.right.error")} />` : null}`;
};

export const Right = ({ result }) => {
  const { truth, concept } = result;
  return html`<section><h3 class="spaced">${t("model.right")}</h3>
    ${truth ? html`<${Errors} truth=${truth} result=${result} />` : html`<p class="soft">${t("model.right.no_truth")}</p>`}
    ${concept.verdicts ? html`<${Told} since=${concept} grew=${concept.size > 0} said=${t("model.right.people", { n: count(concept.verdicts), wrong: count(concept.wrong) })} />` : html`<p class="soft">${t("model.right.nobody")}</p>`}</section>`;
};
