import { html, useEffect, useMemo, useState } from "../lib/ui.js";
import { attempt, get, post } from "../lib/api.js";
import { useGet } from "../lib/load.js";
import { count, duration, moment, near, number, percent, short, t } from "../lib/text.js";
import { notify } from "../lib/notice.js";
import { standing } from "./setup-state.js";
import { Chart, colorOf, dashOf } from "./chart.js";
import { Busy } from "./setup-input.js";
import { Empty } from "./empty.js";
import { Icon } from "./icon.js";
import { RangeDialog } from "./range-dialog.js";
import { State } from "./state.js";
import { TagPicker } from "./tag-picker.js";

// The fifth step: a stretch in which the plant ran well, drawn on its trend; what its data is like; and saying so.
const MOST = 4, COLUMNS = 800, NUDGES = 20, WAIT_MS = 350;
const LEVELS = { stop: "warn", look: "warn", know: "note" };
const view = { tags: null, range: null, span: null }; // stays while somebody looks at another step

const useLines = (tags, range) => {
  const [found, set] = useState({ series: {}, error: "" });
  const key = JSON.stringify([tags, range]);
  useEffect(() => {
    if (!tags.length || !range) return undefined;
    const stop = new AbortController();
    get("/trend", { tags, start: range[0], end: range[1], columns: COLUMNS }, stop.signal).then(told => set({ series: told.series, error: "" }))
      .catch(error => { if (error.name !== "AbortError") set({ series: {}, error: error.message }); });
    return () => stop.abort();
  }, [key]);
  return found;
};

export const NormalStep = () => {
  const now = standing.use();
  const { data: known } = useGet(now.loop ? "/tag" : null, {});
  const [tags, setTags] = useState(view.tags), [range, setRange] = useState(view.range), [span, setSpan] = useState(view.span);
  const [mode, setMode] = useState("choose"), [picking, pick] = useState(false), [asking, ask] = useState(false), [found, judge] = useState(null), [busy, work] = useState(false);
  Object.assign(view, { tags, range, span });
  const own = useMemo(() => (known || []).filter(tag => !tag.own && tag.kind !== "text"), [known]);
  const held = now.recorded;
  useEffect(() => { if (!tags && own.length) setTags(liveliest(own)); }, [own]);
  const whole = held.end > held.start ? [held.start, held.end] : null;
  const shown = range || whole;
  const { series, error } = useLines(tags || [], shown && shown.map(Math.round));
  useEffect(() => {
    judge(null);
    if (!span) return undefined;
    const stop = new AbortController();
    const timer = setTimeout(() => get("/setup/stretch", { start: Math.round(span[0]), end: Math.round(span[1]) }, stop.signal).then(judge)
      .catch(failure => { if (failure.name !== "AbortError") judge({ error: failure.message }); }), WAIT_MS);
    return () => { stop.abort(); clearTimeout(timer); };
  }, [span && span[0], span && span[1]]);
  if (!held.end) return html`<${Empty} title=${t("setup.normal.empty")} text=${t("setup.normal.empty_text")}><a class="button" href="#/setup?step=record">${t("setup.step.record")}</a></${Empty}>`;
  const choose = (start, end) => setSpan([Math.max(held.start, Math.min(start, end)), Math.min(held.end, Math.max(start, end))].map(Math.round));
  const nudge = (place, way) => { const next = [...span]; next[place] += way * (shown[1] - shown[0]) / NUDGES; if (next[0] < next[1]) choose(...next); };
  const say = async () => {
    work(true);
    const after = await attempt(() => post("/setup/stretch", { start: span[0], end: span[1] }), t("setup.normal.said"));
    work(false);
    if (after !== undefined) { standing.set(after); setSpan(null); }
  };
  const lines = (tags || []).map((path, place) => ({ key: path, label: short(path), title: path, unit: own.find(tag => tag.path === path)?.unit || "", color: colorOf(place), dash: dashOf(place), ...(series[path] || { t: [], v: [], q: [] }) }));
  const spans = [...now.judged.map(one => ({ ...one, kind: one.normal ? "normal" : "event", label: "" })), ...(span ? [{ start: span[0], end: span[1], kind: "chosen" }] : [])];
  const latest = minutes => choose(held.end - minutes * 60000, held.end);
  return html`<p class="note">${t(now.task.task === "monitor" ? "setup.normal.note" : "setup.normal.answer_note")}</p>
    <div class="row" role="toolbar" aria-label=${t("setup.normal.tools")}>
      <button onClick=${() => pick(true)}><${Icon} name="plus" size="18" />${t("setup.normal.tags")}</button>
      <div class="group" role="group" aria-label=${t("setup.normal.mouse")}><button aria-pressed=${mode === "choose" ? "true" : "false"} onClick=${() => setMode("choose")}>${t("setup.normal.choose")}</button>
        <button aria-pressed=${mode === "zoom" ? "true" : "false"} onClick=${() => setMode("zoom")}>${t("setup.normal.zoom")}</button></div>
      <button disabled=${!range} onClick=${() => setRange(null)}>${t("setup.normal.all_time")}</button>
      ${span ? html`<button onClick=${() => setRange(around(span))}>${t("setup.normal.closer")}</button>` : null}</div>
    ${error ? html`<p role="alert"><${State} level="warn" text=${error} /></p>` : null}
    ${shown ? html`<${Chart} series=${lines} range=${shown} height=${250} spans=${spans} label=${t("setup.normal.chart")} select=${mode === "choose" ? choose : undefined} onRange=${(a, b) => setRange([Math.max(a, held.start - (b - a)), Math.min(b, held.end + (b - a))].map(Math.round))} />` : null}
    <div class="row" role="group" aria-label=${t("setup.normal.quick")}>${[10, 30, 120, 480].filter(minutes => minutes * 60000 < held.end - held.start).map(minutes => html`<button key=${minutes} onClick=${() => latest(minutes)}>${t("setup.normal.latest", { time: duration(minutes * 60000) })}</button>`)}
      <button onClick=${() => choose(held.start, held.end)}>${t("setup.normal.everything")}</button><button onClick=${() => ask(true)}>${t("setup.normal.typed")}</button></div>
    ${span ? html`<section class="panel" aria-label=${t("setup.normal.stretch")}><div class="row"><h2>${moment(span[0])} – ${near(span[1])}</h2><span class="soft">${duration(span[1] - span[0])}</span><span class="grow"></span>
        ${[["begin", 0], ["stop", 1]].map(([name, place]) => html`<span key=${name} class="row nudge" role="group" aria-label=${t(`setup.normal.${name}`)}><span class="soft">${t(`setup.normal.${name}`)}</span><button aria-label=${t(`setup.normal.${name}_earlier`)} onClick=${() => nudge(place, -1)}><${Icon} name="left" size="16" /></button><button aria-label=${t(`setup.normal.${name}_later`)} onClick=${() => nudge(place, 1)}><${Icon} name="right" size="16" /></button></span>`)}</div>
      <${Judged} found=${found} />
      <div class="row"><button class="primary" disabled=${busy || !found || found.error || found.concerns.some(one => one.level === "stop")} onClick=${say}><${Icon} name="check" size="18" />${t("setup.normal.say")}</button><button onClick=${() => setSpan(null)}>${t("common.cancel")}</button></div></section>`
      : html`<p class="soft" role="status">${t("setup.normal.draw")}</p>`}
    <${Said} judged=${now.judged} onShow=${one => setRange(around([one.start, one.end]))} />
    ${picking ? html`<${TagPicker} tags=${own} chosen=${tags || []} most=${MOST} onChange=${setTags} onClose=${() => pick(false)} />` : null}
    ${asking ? html`<${RangeDialog} start=${span ? span[0] : held.start} end=${span ? span[1] : held.end} compare=${0} onClose=${() => ask(false)} onChange=${(start, end) => { ask(false); if (end <= held.start || start >= held.end) notify(t("setup.normal.outside"), "failed"); else choose(start, end); }} />` : null}`;
};
const around = ([start, end]) => [start - (end - start) / 4, end + (end - start) / 4].map(Math.round);
// Analog tags of different assets first: they show best what the plant did.
const liveliest = tags => {
  const seen = new Set(), first = [], rest = [];
  for (const tag of tags.filter(one => one.kind === "float" && one.low !== null)) {
    const asset = tag.path.slice(0, tag.path.lastIndexOf("/"));
    (seen.has(asset) ? rest : first).push(tag.path);
    seen.add(asset);
  }
  const found = [...first, ...rest].slice(0, MOST);
  return found.length ? found : tags.slice(0, MOST).map(tag => tag.path);
};

const Judged = ({ found }) => {
  if (!found) return html`<p class="soft" role="status"><${Busy} text=${t("setup.normal.looking")} /></p>`;
  if (found.error) return html`<p role="alert"><${State} level="warn" text=${found.error} /></p>`;
  return html`<p role="status">${t("setup.normal.found", { rows: count(found.rows), usable: count(found.usable), tags: count(found.tags) })}</p>
    ${found.concerns.length ? html`<ul class="concerns">${found.concerns.map(one => html`<li key=${one.kind}><${State} level=${LEVELS[one.level]} text=${t(`setup.concern.${one.kind}`, { n: count(one.count), share: percent(one.share) })} />
      ${one.tags.length ? html`<details><summary>${t("setup.normal.which", { n: count(one.count) })}</summary><ul class="break">${one.tags.map(tag => html`<li key=${tag}>${tag}</li>`)}</ul></details>` : null}</li>`)}</ul>`
      : html`<p><${State} level="ok" text=${t("setup.normal.good")} /></p>`}
    ${found.findings.length ? html`<details><summary>${t("setup.normal.findings", { n: found.findings.length })}</summary><ul class="break">${found.findings.map((one, at) => html`<li key=${at} lang="en">${one.sentence}</li>`)}</ul></details>` : null}`;
};

const Said = ({ judged, onShow }) => (judged.length ? html`<section aria-label=${t("setup.normal.list")}><h2>${t("setup.normal.list")}</h2><div class="scroll"><table><tbody>${[...judged].reverse().slice(0, 20).map(one => html`<tr key=${one.given}>
  <td><${State} level=${one.normal ? "ok" : "note"} text=${t(one.normal ? "setup.normal.is" : "setup.normal.is_not")} /></td><td class="time">${moment(one.start)} – ${near(one.end)}</td><td class="n">${duration(one.end - one.start)}</td><td class="break">${one.by}</td>
  <td><button class="plain" onClick=${() => onShow(one)}>${t("setup.normal.show")}</button></td></tr>`)}</tbody></table></div></section>` : null);
