import { html, useMemo, useState } from "../lib/ui.js";
import { useGet } from "../lib/load.js";
import { useNow } from "../lib/now.js";
import { href } from "../lib/route.js";
import { ago, count, duration, moment, number, percent, short, t } from "../lib/text.js";
import { Chart } from "./chart.js";
import { Began } from "./drift-began.js";
import { Right } from "./drift-truth.js";
import { State } from "./state.js";

const OVER = ["hour", "day", "week"], ORDER = ["drifted", "moved", "unsure", "steady", "silent"];
const LEVEL = { drifted: "warn", moved: "note", unsure: "off", steady: "ok", silent: "off" };
const ASK_SOON = 1500, ASK_LATE = 60000, NOTICEABLE = 0.1, LARGE = 0.25;

// Expected against found shares of each bin: outline is training, fill is now.
const Bins = ({ one, wide = 96, high = 24 }) => {
  const most = Math.max(...one.expected, ...one.found, 0.01), step = wide / Math.max(1, one.expected.length);
  const bar = share => Math.max(0.5, share / most * (high - 1));
  return html`<svg class="bins" width=${wide} height=${high} role="img" aria-label=${t("model.bins")}>${one.found.map((share, place) => html`<g key=${place}>
    <rect class="now" x=${place * step + 1} y=${high - bar(share)} width=${Math.max(1, step - 2)} height=${bar(share)} />
    <path class="then" d=${`M${place * step},${high - bar(one.expected[place])}h${step}`} /></g>`)}</svg>`;
};

const Size = ({ one }) => { // PSI on a scale to 0.5 with both marks
  const x = value => Math.min(100, value / 0.5 * 100);
  return html`<span class="psi" aria-hidden="true"><i style=${{ width: `${x(one.psi)}%` }}></i><s style=${{ left: `${x(NOTICEABLE)}%` }}></s><s style=${{ left: `${x(LARGE)}%` }}></s></span>`;
};

const sigmas = value => (value === null ? t("model.never_moved") : `${value > 0 ? "+" : ""}${number(value, 2)} σ`);

const Line = ({ one, result, open, toggle }) => html`<tr>
    <td><button class="plain name" aria-expanded=${open} onClick=${toggle} title=${one.tag}><bdi>${short(one.tag)}</bdi></button></td>
    <td><${State} level=${LEVEL[one.state]} text=${t(`model.drift.${one.state}`)} /></td>
    <td class="psicell"><${Size} one=${one} /> <span class="n">${number(one.psi, 2)}</span></td>
    <td class="n soft">${number(one.psi_chance, 2)}</td><td class="n">${number(one.ks, 2)}</td><td class="n">${sigmas(one.shift)}</td>
    <td class="n">${percent(one.outside, 0)}</td><td class="n">${number(one.reference.effective, 2)} / ${number(one.window.effective, 3)}</td><td><${Bins} one=${one} /></td></tr>
  ${open ? html`<tr class="opened"><td colspan="9"><div class="row opening"><${Bins} one=${one} wide=${360} high=${90} />
    <div><p>${t(`model.drift_said.${one.state}`, { psi: number(one.psi, 2), chance: number(one.psi_chance, 2), n: number(one.window.effective, 3), m: number(one.reference.effective, 3) })}</p>
      <p class="soft">${t("model.bins_said", { low: number(one.edges[0]), high: number(one.edges[one.edges.length - 1]) })}</p>
      <p class="soft">${t("model.ks_said", { ks: number(one.ks, 2), chance: number(one.ks_chance, 2), spread: one.spread === null ? "–" : number(one.spread, 2) })}</p>
      <a href=${href("trend", { tags: one.tag, start: result.start, end: result.end })}>${t("model.see_window")}</a></div></div></td></tr>` : null}`;

const Told = ({ result }) => {
  const left = [["taught", result.taught_rows], ["abnormal", result.abnormal_rows], ["unseen", result.unseen_rows]].filter(([, rows]) => rows);
  return html`<p>${t("model.drift_rows", { window: count(result.window_rows), reference: count(result.reference_rows) })}
    ${left.map(([name, rows]) => ` ${t(`model.left.${name}`, { n: count(rows) })}`)}${result.sliced ? ` ${t("model.sliced")}` : ""}${result.modes.length ? ` ${t("model.by_mode", { tags: result.modes.map(short).join(", ") })}` : ""}</p>
    ${result.same_data ? null : html`<p><${State} level="warn" text=${t("model.proof.changed")} /></p>`}`;
};

const ScoreTrend = ({ result }) => {
  const series = useMemo(() => {
    const times = result.scores.map(one => one.time), line = (key, label, of, color, dash) => ({ key, label, unit: "1", axis: "score", t: times, v: result.scores.map(of), color, dash });
    return [line("median", t("model.score_median"), one => one.median, "var(--s1)", []), line("high", t("model.score_high"), one => one.high, "var(--s6)", [2, 3])];
  }, [result]);
  const spans = useMemo(() => result.began.map(one => ({ start: one.low, end: one.high, kind: "event", label: "" })), [result]);
  if (!result.scores.length) return null;
  return html`<section><h3 class="spaced">${t("model.score_trend")}</h3>
    <${Chart} series=${series} spans=${spans} range=${[Math.max(result.start, result.scores[0].time), result.end]} height=${150} limit=${{ axis: "score", value: 1, label: t("model.limit") }} label=${t("model.score_trend")} /></section>`;
};

export const Drift = ({ version, over, change }) => {
  const [soon, hurry] = useState(true);
  const { data, error } = useGet(`/model/${version}/drift`, { over }, { every: soon ? ASK_SOON : ASK_LATE });
  const [opened, open] = useState(""), [all, showAll] = useState(false);
  const now = useNow(5000), wait = Boolean(data?.running) || !data;
  if (wait !== soon) hurry(wait);
  const result = data?.result, failed = error?.message || (!data?.running && data?.error) || "";
  const sorted = useMemo(() => [...(result?.tags || [])].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || b.psi - a.psi), [result]);
  const counts = Object.fromEntries(ORDER.map(state => [state, sorted.filter(one => one.state === state).length]));
  const shown = all ? sorted : sorted.filter(one => one.state === "drifted" || one.state === "moved" || one.state === "unsure").slice(0, 25);
  return html`<section class="drift">
    <div class="row"><span class="group" role="group" aria-label=${t("model.over")}>${OVER.map(one => html`<button key=${one} aria-pressed=${one === over} onClick=${() => change(one)}>${t(`model.window.${one}`)}</button>`)}</span>
      ${data?.running ? html`<span class="soft pulse" role="status">${t(result ? "model.measuring_anew" : "model.measuring")}</span>` : null}
      ${result ? html`<span class="soft">${t("model.measured_at", { time: ago(now - result.measured) })}</span>` : null}</div>
    ${failed ? html`<p><${State} level="warn" text=${failed} /></p>` : null}
    ${result ? html`
      <div class="figures">${ORDER.filter(state => counts[state] || state === "drifted" || state === "steady").map(state => html`<div key=${state}><b>${counts[state]}</b><span><${State} level=${counts[state] ? LEVEL[state] : "off"} text=${t(`model.drift.${state}`)} /></span></div>`)}
        ${result.began.length ? html`<div><b>${result.began.length}</b><span><${State} level="warn" text=${t("model.drift.began")} /></span></div>` : null}</div>
      <${Told} result=${result} />
      <${Began} result=${result} />
      <${Right} result=${result} />
      <${ScoreTrend} result=${result} />
      <h3 class="spaced">${t("model.drift_tags")}</h3>
      ${shown.length ? html`<div class="scroll"><table class="drifts"><thead><tr><th>${t("model.tag")}</th><th>${t("model.state")}</th><th title=${t("model.psi_long")}>PSI</th><th class="n">${t("model.by_chance")}</th>
        <th class="n" title=${t("model.ks_long")}>KS</th><th class="n">${t("model.shift")}</th><th class="n">${t("model.outside")}</th><th class="n" title=${t("model.effective_long")}>${t("model.effective")}</th><th>${t("model.bins_head")}</th></tr></thead>
        <tbody>${shown.map(one => html`<${Line} key=${one.tag} one=${one} result=${result} open=${opened === one.tag} toggle=${() => open(opened === one.tag ? "" : one.tag)} />`)}</tbody></table></div>` : null}
      ${sorted.length > shown.length || all ? html`<button onClick=${() => showAll(!all)}>${t(all ? "model.show_few" : "model.show_all", { n: sorted.length })}</button>` : null}
      <p class="note">${t("model.drift_how", { chance: percent(result.chance * result.tags.length, 0) })}</p>` : !failed && !data?.running ? html`<p class="soft">${t("common.loading")}</p>` : null}</section>`;
};
