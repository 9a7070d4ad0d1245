import { html } from "../lib/ui.js";
import { href } from "../lib/route.js";
import { count, moment, number, short, t } from "../lib/text.js";
import { State } from "./state.js";

// What began to differ, since when, and whose fault it looks like: a sensor's, the process's, or the model's.
const LEVEL = { sensor: "warn", process: "note" };
const AROUND = 0.05;

// Where in the window it began: a bar from the begin to the end, thin over the time in which it may have begun.
const WIDE = 400;
const When = ({ one, result }) => {
  const start = Math.max(result.start, result.scores.length ? Math.min(result.scores[0].time, one.low) : result.start); // not the time before there was anything
  const x = time => WIDE * (Math.min(Math.max(time, start), result.end) - start) / Math.max(1, result.end - start);
  return html`<svg class="since" viewBox=${`0 0 ${WIDE} 12`} preserveAspectRatio="none" role="img" aria-label=${since(one)}><rect class="whole" x="0" y="5" width=${WIDE} height="2" />
    <rect class="changed" x=${x(one.begin)} y="2" width=${Math.max(2, WIDE - x(one.begin))} height="8" />
    <rect class="maybe" x=${x(one.low)} y="0" width=${Math.max(2, x(one.high) - x(one.low))} height="12" /></svg>`;
};
const since = one => t("model.began.between", { low: moment(one.low), high: moment(one.high) });
const sizeOf = one => (one.size === null ? t("model.never_moved") : one.change === "spread" ? `${number(one.size, 2)} |σ|` : `${one.size > 0 ? "+" : ""}${number(one.size, 2)} σ`);

const Row = ({ one, result }) => {
  const margin = AROUND * (result.end - result.start);
  return html`<tr><td class="break"><a href=${href("trend", { tags: one.tag, start: Math.round(Math.max(result.start, one.low - margin)), end: Math.round(Math.min(result.end, one.high + margin)) })} title=${one.tag}><bdi>${short(one.tag)}</bdi></a></td>
    <td><${State} level=${LEVEL[one.source]} text=${t(`model.began.${one.source}`)} /></td><td>${t(`model.change.${one.change}`)}</td><td class="n">${sizeOf(one)}</td>
    <td><span class="time">${one.begin <= result.start ? t("model.began.before", { time: moment(result.start) }) : moment(one.begin)}</span><br /><small class="soft">${since(one)}</small></td><td class="sincecell"><${When} one=${one} result=${result} /></td></tr>`;
};

export const Began = ({ result }) => {
  const found = [...result.began].sort((a, b) => (a.source === b.source ? a.begin - b.begin : a.source === "sensor" ? -1 : 1));
  const sensors = found.filter(one => one.source === "sensor").length, rest = found.length - sensors;
  return html`<section><h3 class="spaced">${t("model.began")}</h3>
    ${found.length ? html`<p>${sensors ? t("model.began.sensors", { n: count(sensors) }) : ""} ${rest ? t("model.began.processes", { n: count(rest) }) : ""}</p>
      <div class="scroll"><table class="began"><thead><tr><th>${t("model.tag")}</th><th>${t("model.began.whose")}</th><th>${t("model.began.how")}</th><th class="n">${t("model.began.size")}</th><th>${t("model.began.since")}</th><th>${t("model.began.window")}</th></tr></thead>
        <tbody>${found.map(one => html`<${Row} key=${one.tag} one=${one} result=${result} />`)}</tbody></table></div>`
      : html`<p><${State} level="ok" text=${t("model.began.none")} /></p>`}</section>`;
};
