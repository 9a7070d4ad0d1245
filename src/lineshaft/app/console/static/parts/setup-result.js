import { html, useEffect } from "../lib/ui.js";
import { attempt, post } from "../lib/api.js";
import { count, duration, moment, number, percent, t } from "../lib/text.js";
import { href } from "../lib/route.js";
import { Bar, Busy } from "./setup-input.js";
import { standing, useJob } from "./setup-state.js";
import { Causes } from "./causes.js";
import { Chart } from "./chart.js";
import { Empty } from "./empty.js";
import { Icon } from "./icon.js";
import { figureName, figureValue } from "./model-compare.js";
import { State } from "./state.js";

// The seventh step: what the new bundle would have said of everything recorded.
const KIND = "rehearse", MOST_ALARMS = 50;
const inside = (alarm, stretches) => stretches.some(one => alarm.start < one.end && alarm.end > one.start);

export const ResultStep = () => {
  const now = standing.use(), job = useJob(KIND);
  const stale = job?.state === "done" && now.learnt && job.result.bundle !== now.learnt.digest;
  useEffect(() => { // shown without being asked for: the work of a moment for most histories
    if (now.learnt && job !== undefined && (job === null || stale)) attempt(() => post("/setup/rehearsal"));
  }, [now.learnt?.digest, job === null, stale]);
  if (!now.learnt) return html`<${Empty} title=${t("setup.result.empty")} text=${t("setup.result.empty_text")}><a class="button" href="#/setup?step=train">${t("setup.step.train")}</a></${Empty}>`;
  const { learnt } = now, { figures } = learnt, watches = now.task.task === "monitor";
  return html`<section class="panel" aria-label=${t("setup.result.what")}><h2>${t("setup.train.there", { version: learnt.version })}</h2><p lang="en">${learnt.why}.</p>
      <dl class="facts"><div><dt>${t("setup.result.learner")}</dt><dd>${learnt.learner}</dd></div><div><dt>${t("setup.result.tags")}</dt><dd>${count(learnt.tags)}</dd></div>
        ${watches ? null : Object.entries(figures).map(([name, value]) => html`<div key=${name}><dt>${figureName(name)}</dt><dd>${figureValue(name, value)}</dd></div>`)}
        ${watches ? html`<div><dt>${t("setup.result.rows")}</dt><dd>${count(figures.fit_rows || 0)} + ${count(figures.held_out_rows || 0)}</dd></div>
        <div><dt>${t("setup.result.power")}</dt><dd>${percent(figures.synthetic_power)}</dd></div><div><dt>${t("setup.result.false")}</dt><dd>${percent(figures.held_out_false_alarms, 3)}</dd></div>` : null}</dl>
      ${watches ? null : html`<p class="note">${t("setup.result.answer_note")}</p>`}
      <p><a href=${href("model", { version: learnt.version })}>${t("setup.result.all")}</a></p></section>
    <${Rehearsal} job=${job} stale=${stale} now=${now} />`;
};

const Rehearsal = ({ job, stale, now }) => {
  const again = () => attempt(() => post("/setup/rehearsal"));
  if (!job || stale) return html`<p class="soft" role="status"><${Busy} text=${t("setup.result.starting")} /></p>`;
  if (job.state === "running") return html`<div class="panel" role="status"><p><${Busy} text=${t("setup.result.running")} /></p>${job.total ? html`<${Bar} share=${job.done / job.total} label=${t("setup.result.progress")} />` : null}</div>`;
  if (job.state !== "done") return html`<p role="alert"><${State} level="warn" text=${job.error || t("setup.train.stopped")} /></p><button onClick=${again}>${t("common.again")}</button>`;
  const { result } = job, normal = now.judged.filter(one => one.normal), alarms = result.episodes;
  const within = alarms.filter(one => inside(one, normal)).length, outside = alarms.length - within;
  const score = { key: "score", label: t("setup.result.score"), unit: "", axis: "", color: "var(--trace)", t: result.scores.time, v: result.scores.score };
  const spans = [...normal.map(one => ({ ...one, kind: "normal" })), ...alarms.map(one => ({ start: one.start, end: one.end, kind: "alarm" }))];
  return html`<section aria-label=${t("setup.result.history")}><div class="row"><h2>${t("setup.result.history")}</h2><span class="grow"></span><button onClick=${again}><${Icon} name="play" size="16" />${t("setup.result.again")}</button></div>
    <p class="note">${t("setup.result.note", { n: count(result.ticks), start: moment(result.start), end: moment(result.end) })}</p>
    <div class="row verdicts"><${State} level=${within ? "warn" : "ok"} text=${t("setup.result.within", { n: count(within) })} /><${State} level=${outside ? "note" : "ok"} text=${t("setup.result.outside", { n: count(outside) })} />
      ${result.masked_ticks ? html`<${State} level="off" text=${t("setup.result.masked", { share: percent(result.masked_ticks / result.ticks) })} />` : null}</div>
    <${Chart} series=${[score]} range=${[result.start, result.end]} height=${190} spans=${spans} legend=${false} limit=${{ axis: "", value: 1, label: t("setup.result.limit") }} label=${t("setup.result.chart")} />
    ${alarms.length ? html`<div class="scroll"><table class="episodes"><thead><tr><th>${t("setup.result.when")}</th><th class="n">${t("setup.result.long")}</th><th class="n">${t("setup.result.peak")}</th><th>${t("setup.result.where")}</th><th>${t("setup.result.causes")}</th></tr></thead>
      <tbody>${alarms.slice(0, MOST_ALARMS).map(one => html`<tr key=${one.start}><td class="time"><a href=${href("trend", { tags: one.causes.slice(0, 4).map(cause => cause.tag), start: one.start - (one.end - one.start) - 30000, end: one.end + (one.end - one.start) + 30000 })}>${moment(one.start)}</a></td>
        <td class="n">${duration(one.end - one.start)}</td><td class="n">${number(one.peak, 3)}</td><td>${inside(one, normal) ? html`<${State} level="warn" text=${t("setup.result.in_normal")} />` : t("setup.result.elsewhere")}</td><td><${Causes} causes=${one.causes} most=${2} start=${one.start - 30000} end=${one.end + 30000} /></td></tr>`)}</tbody></table>
      ${alarms.length > MOST_ALARMS ? html`<p class="soft">${t("common.more", { n: count(alarms.length - MOST_ALARMS) })}</p>` : null}</div>` : html`<p><${State} level="ok" text=${t("setup.result.quiet")} /></p>`}
    ${now.task.task === "monitor" ? html`<p class="note">${t("setup.result.advice")}</p>` : null}</section>`;
};
