import { html, useEffect, useMemo, useRef, useState } from "../lib/ui.js";
import { useWatch } from "../lib/live.js";
import { useGet } from "../lib/load.js";
import { useNow } from "../lib/now.js";
import { href } from "../lib/route.js";
import { duration, number, short, t, unit } from "../lib/text.js";
import { State } from "./state.js";

// What goes into the bundle: newest value, age that ticks, quality. The worst first, the stale struck through.
const MOST_ROWS = 150, EVERY = 5000;
const QUALITY = ["good", "uncertain", "bad"];

const useInputs = reached => {
  const { data, error, again } = useGet(reached ? "/node/inputs" : null, {}, { every: EVERY });
  const [live, set] = useState({});
  const tags = useMemo(() => (data?.inputs || []).map(one => one.tag), [data?.inputs.length]);
  const newest = useRef({});
  useWatch(tags, 1000, samples => {
    for (const [tag, { t: times, v, q }] of Object.entries(samples)) {
      const last = times.length - 1;
      newest.current[tag] = { time: times[last], value: v[last], severity: q[last] };
    }
    set({ ...newest.current });
  }, undefined, true);
  const rows = (data?.inputs || []).map(one => {
    const came = live[one.tag];
    return came && (one.time === null || came.time > one.time) ? { ...one, time: came.time, value: came.value, severity: came.severity } : one;
  });
  return { rows, stale: data?.stale_ms ?? null, error, again, loaded: Boolean(data) };
};

const severityOf = one => (one.severity !== undefined ? QUALITY[one.severity] : !one.quality ? "" : one.quality.startsWith("Good") ? "good" : one.quality.startsWith("Uncertain") ? "uncertain" : "bad");
const grade = (one, age, stale, why) => (why ? 0 : one.time === null ? 0 : stale !== null && age > 2 * stale ? 1 : severityOf(one) === "bad" ? 1 : severityOf(one) === "uncertain" ? 2 : 3);

const Age = ({ age, old }) => html`<span class=${old ? "old" : ""}>${age === null ? "–" : duration(Math.max(1, age))}</span>`;

export const Inputs = ({ beat, up, filter, only, change }) => {
  const reached = Boolean(beat?.reached);
  const { rows, stale, error, loaded, again } = useInputs(reached), now = useNow(1000);
  const unusable = (reached && beat.unusable) || {};
  const bad = JSON.stringify(Object.keys(unusable));
  const seen = useRef(bad);
  useEffect(() => { if (seen.current !== bad) { seen.current = bad; again(); } }, [bad]);
  const text = filter.trim().toLowerCase();
  const graded = rows.map(one => {
    const age = one.time === null ? null : now - one.time, why = reached ? unusable[one.tag] || "" : one.why;
    return { ...one, age, why, grade: grade(one, age, stale, why) };
  });
  const found = graded.filter(one => (!text || one.tag.toLowerCase().includes(text)) && (!only || one.grade < 3)).sort((a, b) => a.grade - b.grade);
  const shown = found.slice(0, MOST_ROWS);
  const line = one => {
    const old = !up || one.grade <= 1, uncertain = one.grade === 2;
    return html`<tr key=${one.tag} class=${old ? "lost" : ""}><td><a class="name" href=${href("trend", { tags: one.tag, live: 600000 })} title=${one.tag}><bdi>${short(one.tag)}</bdi></a></td>
      <td class="n value"><span>${number(one.value)}</span> <span class="unit">${unit(one.unit)}</span></td><td class="n"><${Age} age=${one.age} old=${old} /></td>
      <td>${one.why ? html`<${State} level="warn" text=${t("node.unusable")} />` : one.grade === 1 ? html`<${State} level="warn" text=${t(severityOf(one) === "bad" ? "node.quality.bad" : "node.late")} />` : uncertain ? html`<${State} level="note" text=${t("node.quality.uncertain")} />` : html`<${State} level="ok" text=${t("node.quality.good")} />`}</td>
      <td class="soft break">${one.why || (one.grade < 3 ? one.quality : "")}</td></tr>`;
  };
  return html`<section class="panel inputs"><div class="row"><h2>${reached ? t("node.inputs", { n: rows.length }) : t("node.inputs_title")}</h2><span class="grow"></span>
      ${reached ? html`<label><span class="sr">${t("node.filter")}</span><input type="search" value=${filter} placeholder=${t("node.filter")} onInput=${event => change({ filter: event.target.value })} /></label>
      <label><input type="checkbox" checked=${only} onChange=${event => change({ only: event.target.checked })} />${t("node.only_bad")}</label>` : null}</div>
    ${error ? html`<p><${State} level="warn" text=${error.message} /></p>` : null}
    ${!reached ? html`<p class="soft">${t("node.inputs_away")}</p>` : !loaded ? html`<p class="soft">${t("common.loading")}</p>` : !found.length ? html`<p class="soft">${t(only && !text ? "node.none_bad" : "node.none_found")}</p>` : html`
      <div class="scroll"><table><thead><tr><th>${t("node.tag")}</th><th class="n">${t("node.value")}</th><th class="n">${t("node.age")}</th><th>${t("node.quality.title")}</th><th>${t("node.why")}</th></tr></thead><tbody>${shown.map(line)}</tbody></table></div>
      ${found.length > shown.length ? html`<p class="soft">${t("node.more", { n: found.length - shown.length })}</p>` : null}`}</section>`;
};
