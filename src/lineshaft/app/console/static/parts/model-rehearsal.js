import { html, useEffect, useState } from "../lib/ui.js";
import { attempt, post, session } from "../lib/api.js";
import { jobs } from "../lib/live.js";
import { useGet } from "../lib/load.js";
import { count, percent, t } from "../lib/text.js";
import { Chart } from "./chart.js";
import { may } from "./model-road.js";
import { State } from "./state.js";

// Both bundles over the same recorded history, before the newer one may say anything.
const LAST = ["hour", "shift", "day"];

const Progress = ({ job, version }) => html`<p role="status"><span class="soft">${t("model.rehearsing", { n: version })}</span> <progress aria-label=${t("model.rehearsing", { n: version })} max=${job.total || undefined} value=${job.total ? job.done : undefined}></progress></p>`;

export const Rehearsal = ({ versions }) => {
  const [last, choose] = useState("hour");
  const { person } = session.use(), all = jobs.use();
  const asked = versions.map(version => ({ version, ...useGet(`/model/${version}/rehearsal`, { last }) }));
  const live = asked.map(({ version, data }) => {
    const newest = Object.values(all).filter(job => job.kind === `rehearsal/${version}/${last}`).sort((a, b) => b.number - a.number)[0];
    return newest && newest.number >= (data?.job?.number ?? 0) ? newest : data?.job;
  });
  const states = live.map(job => job?.state || "").join();
  useEffect(() => { if (states.includes("done") || states.includes("failed")) asked.forEach(one => one.again()); }, [states]);
  const busy = live.some(job => job?.state === "running"), results = asked.map(one => one.data?.result).filter(Boolean);
  const begin = async () => { for (const version of versions) await attempt(() => post(`/model/${version}/rehearsal`, {}, { last })); asked.forEach(one => one.again()); };
  const line = ({ version, data }, place) => ({ key: String(version), label: t("model.version", { n: version }), unit: "1", axis: "score", t: data.result.scores.time, v: data.result.scores.score, color: place ? "var(--s2)" : "var(--s1)", dash: place ? [8, 3] : [] });
  return html`<section><h3 class="spaced">${t("model.rehearsal")}</h3>
    <div class="row"><span class="group" role="group" aria-label=${t("model.over")}>${LAST.map(one => html`<button key=${one} aria-pressed=${one === last} onClick=${() => choose(one)}>${t(`model.last.${one}`)}</button>`)}</span>
      <button disabled=${busy || !may(person)} onClick=${begin}>${t("model.rehearse", { n: versions.length })}</button></div>
    ${live.map((job, place) => (job?.state === "running" ? html`<${Progress} key=${versions[place]} job=${job} version=${versions[place]} />` : job?.state === "failed" ? html`<p key=${versions[place]} class="break"><${State} level="warn" text=${t("model.failed")} /> ${job.error}</p>` : null))}
    ${results.length ? html`<${Chart} series=${asked.filter(one => one.data?.result).map(line)} range=${[Math.min(...results.map(one => one.scores.time[0] ?? one.start)), Math.max(...results.map(one => one.end))]} height=${180} limit=${{ axis: "score", value: 1, label: t("model.limit") }} label=${t("model.rehearsal")} />
      <div class="scroll"><table class="sides"><thead><tr><td></td>${asked.map(one => html`<th key=${one.version} scope="col" class="n">${t("model.version", { n: one.version })}</th>`)}</tr></thead><tbody>
        <tr><th scope="row">${t("model.rehearsed_ticks")}</th>${asked.map(one => html`<td key=${one.version} class="n">${one.data?.result ? count(one.data.result.ticks) : "–"}</td>`)}</tr>
        <tr><th scope="row">${t("model.rehearsed_alarms")}</th>${asked.map(one => html`<td key=${one.version} class="n">${one.data?.result ? count(one.data.result.alarms) : "–"}</td>`)}</tr>
        <tr><th scope="row">${t("model.alarm_ticks")}</th>${asked.map(one => html`<td key=${one.version} class="n">${one.data?.result ? `${count(one.data.result.alarm_ticks)} (${percent(one.data.result.alarm_ticks / Math.max(1, one.data.result.ticks), 2)})` : "–"}</td>`)}</tr></tbody></table></div>`
      : html`<p class="soft">${t("model.rehearsal_about")}</p>`}</section>`;
};
