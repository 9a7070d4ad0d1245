import { html, useEffect, useMemo, useRef, useState } from "../lib/ui.js";
import { attempt, get, link as address, session } from "../lib/api.js";
import { serverNow, useWatch } from "../lib/live.js";
import { useGet } from "../lib/load.js";
import { notify } from "../lib/notice.js";
import { href, replace, route } from "../lib/route.js";
import { duration, moment, near, number, short, t } from "../lib/text.js";
import { Causes } from "../parts/causes.js";
import { Chart, PALETTE, colorOf, dashOf } from "../parts/chart.js";
import { Dialog } from "../parts/dialog.js";
import { Empty } from "../parts/empty.js";
import { Icon } from "../parts/icon.js";
import { NameStretch } from "../parts/name-stretch.js";
import { savePicture } from "../parts/picture.js";
import { RangeDialog } from "../parts/range-dialog.js";
import { State } from "../parts/state.js";
import { TagPicker } from "../parts/tag-picker.js";

const MINUTE = 60000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const WINDOWS = [["1min", MINUTE], ["10min", 10 * MINUTE], ["1h", HOUR], ["8h", 8 * HOUR], ["1d", DAY], ["7d", 7 * DAY], ["30d", 30 * DAY]];
const BEFORE = [["hour", HOUR], ["shift", 8 * HOUR], ["day", DAY], ["week", 7 * DAY]];
const MOST_LINES = 8, MOST_AXES = 4, MOST_POINTS = 12000, NARROWEST = 500, FAST = 100;

// The whole view is in the address, so that a copied link shows the same picture.
const viewOf = query => {
  const at = name => (query.has(name) ? Number(query.get(name)) : null);
  const start = at("start"), end = at("end");
  const fixed = Number.isFinite(start) && Number.isFinite(end) && start !== null && end !== null && start < end;
  return { tags: query.getAll("tags").slice(0, MOST_LINES), start: fixed ? start : null, end: fixed ? end : null,
           live: fixed ? 0 : at("live") || 10 * MINUTE, compare: at("compare") || 0, lanes: query.get("lanes") === "1",
           band: query.get("band") !== "0", score: query.get("score") !== "0" };
};
const queryOf = view => ({ tags: view.tags, start: view.live ? null : Math.round(view.start), end: view.live ? null : Math.round(view.end),
                           live: view.live || null, compare: view.compare || null, lanes: view.lanes ? 1 : null,
                           band: view.band ? null : 0, score: view.score ? null : 0 });

// The right edge of a live picture, moving; still while nobody looks.
const useEdge = wide => {
  const [edge, set] = useState(serverNow());
  useEffect(() => {
    if (!wide) return undefined;
    const every = Math.max(FAST, wide / 3000);
    const timer = setInterval(() => { if (!document.hidden) set(serverNow()); }, every);
    return () => clearInterval(timer);
  }, [wide]);
  return wide ? edge : null;
};

// Samples of a stretch from history, and while live what arrives after it: { tag: { t, v, q } }.
const useSamples = (tags, start, end, live, columns) => {
  const [found, set] = useState({ data: null });
  const [error, fail] = useState(null);
  const [round, again] = useState(0);
  const tail = useRef({}), base = useRef({});
  const key = JSON.stringify([tags, live ? live : [start, end], columns]);
  const show = () => set({ data: Object.fromEntries(tags.map(tag => [tag, joined(base.current[tag] || NONE, tail.current[tag] || NONE)])) });
  useEffect(() => { // while live the socket says when to read again, so that nothing falls between
    if (!tags.length) { set({ data: {} }); return undefined; }
    const stop = new AbortController();
    const from = live ? serverNow() - live : start, to = live ? serverNow() + 1000 : end;
    get("/trend", { tags, start: Math.floor(from), end: Math.ceil(to) + 1, columns }, stop.signal)
      .then(told => { base.current = told.series; fail(null); show(); })
      .catch(failure => { if (failure.name !== "AbortError") fail(failure); });
    return () => stop.abort();
  }, [key, round]);
  useEffect(() => { tail.current = {}; }, [tags.join("\n"), Boolean(live)]);
  useWatch(live ? tags : NO_TAGS, live > 2 * HOUR ? 1000 : FAST, (samples, lost) => {
    if (lost) { again(one => one + 1); return; }
    const least = serverNow() - live * 1.1;
    let many = 0;
    for (const [tag, came] of Object.entries(samples)) {
      tail.current[tag] = since(joined(tail.current[tag] || NONE, came), least);
      many = Math.max(many, tail.current[tag].t.length);
    }
    show();
    if (many > MOST_POINTS) { tail.current = {}; again(one => one + 1); }
  }, () => again(one => one + 1));
  return { data: found.data || NO_DATA, loading: !found.data && !error, error, again: () => again(one => one + 1) };
};
const NO_DATA = {};
const NONE = { t: [], v: [], q: [] }, NO_TAGS = [];
const part = (one, from) => (from ? { t: one.t.slice(from), v: one.v.slice(from), q: one.q.slice(from) } : one);
const since = (one, least) => { // one sample before the edge is kept: the line comes from there
  let from = 0;
  while (from < one.t.length - 1 && one.t[from + 1] < least) from++;
  return from > one.t.length / 8 ? part(one, from) : one;
};
const joined = (before, after) => {
  if (!after.t.length) return before;
  const last = before.t.length ? before.t[before.t.length - 1] : -Infinity;
  const first = after.t.findIndex(at => at > last);
  if (first < 0) return before;
  const rest = part(after, first);
  return { t: [...before.t, ...rest.t], v: [...before.v, ...rest.v], q: [...before.q, ...rest.q] };
};

// Alarms and score of the stretch; while live asked again as soon as the last answer is two seconds old.
const useDecisions = (start, end, live, wanted, columns) => {
  const [found, set] = useState({ spans: [], score: NONE });
  const from = live ? null : start, to = live ? null : end;
  useEffect(() => {
    if (!wanted) return undefined;
    const stop = new AbortController();
    let timer = null;
    const ask = async () => {
      const now = serverNow();
      try {
        set(await get("/trend/decisions", { start: Math.floor(live ? now - live : from), end: Math.ceil(live ? now : to) + 1, columns }, stop.signal));
      } catch (error) { /* before the first deployment there are none; the trend itself says what is wrong with history */ }
      if (live && !stop.signal.aborted) timer = setTimeout(ask, Math.max(2000, live / 1000));
    };
    ask();
    return () => { stop.abort(); clearTimeout(timer); };
  }, [live, from, to, wanted, columns]);
  return found;
};

const Toolbar = ({ view, change, range, onPick, onRange, page }) => {
  const [start, end] = range, wide = end - start;
  const still = (from, to) => change({ live: 0, start: from, end: Math.max(to, from + NARROWEST) });
  const pan = share => still(start + share * wide, end + share * wide);
  const zoom = factor => (view.live ? change({ live: Math.max(NARROWEST, view.live * factor) })
    : still((start + end) / 2 - wide * factor / 2, (start + end) / 2 + wide * factor / 2));
  return html`<div class="trendbar" role="toolbar" aria-label=${t("trend.toolbar")}>
    <button class="primary" onClick=${onPick}><${Icon} name="plus" size="18" />${t("trend.tags", { n: view.tags.length })}</button>
    <div class="group" role="group" aria-label=${t("trend.window")}>${WINDOWS.map(([name, ms]) => html`
      <button key=${name} aria-pressed=${view.live === ms ? "true" : "false"} onClick=${() => change({ live: ms })}>${t(`trend.window.${name}`)}</button>`)}
      <button aria-pressed=${view.live ? "false" : "true"} onClick=${onRange}>${t("trend.range")}</button></div>
    <div class="group" role="group" aria-label=${t("trend.move")}>
      <button onClick=${() => pan(-0.5)} aria-label=${t("trend.earlier")} title=${t("trend.earlier")}><${Icon} name="left" size="18" /></button>
      <button onClick=${() => zoom(0.5)} aria-label=${t("trend.closer")} title=${t("trend.closer")}><${Icon} name="plus" size="18" /></button>
      <button onClick=${() => zoom(2)} aria-label=${t("trend.farther")} title=${t("trend.farther")}><${Icon} name="minus" size="18" /></button>
      <button onClick=${() => pan(0.5)} disabled=${Boolean(view.live)} aria-label=${t("trend.later")} title=${t("trend.later")}><${Icon} name="right" size="18" /></button></div>
    <button aria-pressed=${view.live ? "true" : "false"} onClick=${() => (view.live ? still(start, end) : change({ live: Math.max(MINUTE, wide) }))}>
      <${Icon} name=${view.live ? "pause" : "play"} size="16" />${t(view.live ? "trend.hold" : "trend.live")}</button>
    <label><span class="sr">${t("trend.compare")}</span><select value=${view.compare} onChange=${event => change({ compare: Number(event.target.value) })}>
      <option value="0">${t("trend.compare.none")}</option>${BEFORE.map(([name, ms]) => html`<option value=${ms}>${t(`trend.compare.${name}`)}</option>`)}
      ${view.compare && !BEFORE.some(([, ms]) => ms === view.compare) ? html`<option value=${view.compare}>${t("trend.compare.other", { time: duration(view.compare) })}</option>` : null}</select></label>
    <div class="row" role="group" aria-label=${t("trend.show")}>
    <label><input type="checkbox" checked=${view.lanes} onChange=${event => change({ lanes: event.target.checked })} />${t("trend.lanes")}</label>
    <label><input type="checkbox" checked=${view.band} onChange=${event => change({ band: event.target.checked })} />${t("trend.band")}</label>
    <label><input type="checkbox" checked=${view.score} onChange=${event => change({ score: event.target.checked })} />${t("trend.decisions")}</label></div>
    <span class="grow"></span>
    <${Export} view=${view} range=${range} page=${page} disabled=${!view.tags.length} /></div>`;
};

const Export = ({ view, range, page, disabled }) => {
  const [open, set] = useState(false);
  const [start, end] = range.map(Math.round);
  const file = (format, layout) => address("/trend/export", { tags: view.tags, start, end: end + 1, format, layout });
  const copied = async () => {
    const fixed = new URL(href("trend", queryOf({ ...view, live: 0, start, end })), location.href).href;
    try { await navigator.clipboard.writeText(fixed); notify(t("trend.copied")); } catch { prompt(t("trend.copy"), fixed); }
  };
  return html`<div class="row"><button onClick=${copied} disabled=${disabled}><${Icon} name="link" size="18" />${t("trend.copy")}</button>
    <button onClick=${() => set(true)} disabled=${disabled} aria-haspopup="dialog"><${Icon} name="save" size="18" />${t("trend.export")}</button>
    ${open ? html`<${Dialog} title=${t("trend.export")} onClose=${() => set(false)}>
      <p class="note">${t("trend.export.what", { start: moment(start), end: moment(end), n: view.tags.length })}</p>
      <div class="actions stacked">
        <a class="button" download href=${file("csv", "wide")}>${t("trend.export.csv_wide")}</a>
        <a class="button" download href=${file("csv", "long")}>${t("trend.export.csv_long")}</a>
        <a class="button" download href=${file("parquet", "long")}>${t("trend.export.parquet")}</a>
        <button onClick=${() => attempt(() => savePicture(page.current, `${short(view.tags[0]).replaceAll("/", "-")}-${new Date(start).toISOString().slice(0, 19).replaceAll(":", "")}.png`))}>${t("trend.export.png")}</button>
      </div></${Dialog}>` : null}</div>`;
};

const seriesOf = (view, data, compared, tagsByPath, bands) => view.tags.flatMap((path, place) => {
  const about = tagsByPath.get(path) || { unit: "" };
  const one = data[path] || { t: [], v: [], q: [] };
  const base = { key: path, label: short(path), title: path, unit: about.unit, color: colorOf(place), dash: dashOf(place >= PALETTE / 2 ? place : 0),
                 axis: axisOf(about), steps: about.kind === "bool" || about.kind === "int", ...one, band: view.band ? bands[path] : undefined };
  const before = compared?.[path];
  return before ? [base, { ...base, ...before, key: `${path} before`, label: `${short(path)} · ${t("trend.before", { time: duration(view.compare) })}`,
                           shift: view.compare, dash: [2, 3], faint: true, band: undefined }] : [base];
});
const axisOf = about => about.unit || "";

const Decisions = ({ spans, chosen, choose, range }) => {
  const shown = spans.filter(one => one.end >= range[0] && one.start <= range[1]);
  const one = shown.find(span => span.start === chosen);
  const [named, name] = useState(null), { person } = session.use();
  const viewer = !person || person.role === "viewer";
  return html`<section class="panel decisions" aria-label=${t("trend.decisions")}>
    <div class="row"><h2>${shown.length ? t(shown.length === 1 ? "trend.alarms_one" : "trend.alarms_many", { n: shown.length }) : t("trend.alarms_none")}</h2><span class="grow"></span>
      <button disabled=${viewer} title=${viewer ? t("alarm.viewer") : t("alarm.stretch.what")} onClick=${() => name(one ? [one.start, one.end] : range.map(Math.round))}>${t("alarm.stretch.ask")}</button></div>
    ${named ? html`<${NameStretch} start=${named[0]} end=${named[1]} onClose=${() => name(null)} />` : null}
    <div class="row chips">${shown.slice(-40).map(span => html`<button key=${span.start} aria-pressed=${span.start === chosen ? "true" : "false"}
        onClick=${() => choose(span.start === chosen ? null : span.start)}><${State} level="alarm" text=${near(span.start)} /><span class="soft">${duration(span.end - span.start)}</span></button>`)}</div>
    ${one ? html`<div class="detail"><dl class="facts"><div><dt>${t("trend.began")}</dt><dd>${moment(one.start)}</dd></div><div><dt>${t("trend.lasted")}</dt><dd>${duration(one.end - one.start)}</dd></div>
      <div><dt>${t("trend.peak")}</dt><dd>${t("trend.times_limit", { x: number(one.peak, 3) })}</dd></div></dl>
      <${Causes} causes=${one.causes} start=${Math.round(one.start - (one.end - one.start) - MINUTE)} end=${Math.round(one.end + MINUTE)} />
      <a class="button" href=${href("alarm", { at: one.start })}>${t("trend.to_alarm")}</a></div>` : null}</section>`;
};

const View = () => {
  const { query } = route.use();
  const view = viewOf(query);
  const change = part => replace("trend", queryOf({ ...view, ...part }));
  const { data: tags, error: without } = useGet("/tag", null, { every: 30000 });
  const tagsByPath = useMemo(() => new Map((tags || []).map(one => [one.path, one])), [tags]);
  const [picking, pick] = useState(false), [ranging, setRanging] = useState(false), [chosen, choose] = useState(null);
  const page = useRef(null);
  const [wide, measure] = useState(900);
  useEffect(() => {
    if (!page.current) return undefined;
    const size = new ResizeObserver(([entry]) => measure(Math.max(200, Math.round(entry.contentRect.width / 100) * 100)));
    size.observe(page.current);
    return () => size.disconnect();
  }, []);
  const edge = useEdge(view.live);
  const range = view.live ? [edge - view.live, edge] : [view.start, view.end];
  const { data, loading, error, again } = useSamples(view.tags, view.start, view.end, view.live, wide);
  const coarse = view.live ? Math.max(5000, view.live / 5) : 1; // a live picture moves on: what it is compared with is read in stretches
  const before = useSamples(view.compare ? view.tags : NO_TAGS, Math.floor((range[0] - view.compare) / coarse) * coarse,
                            Math.ceil((range[1] - view.compare) / coarse) * coarse, 0, wide);
  const { data: bands } = useGet(view.band && view.tags.length ? "/trend/band" : null, { tags: view.tags });
  const { spans, score } = useDecisions(range[0], range[1], view.live, view.score, wide);
  const series = useMemo(() => seriesOf(view, data, view.compare ? before.data : null, tagsByPath, bands?.bands || {}),
                         [data, before.data, tagsByPath, bands, query.toString()]);
  const marks = useMemo(() => spans.map(one => ({ start: one.start, end: one.end, kind: "alarm" })), [spans]);
  const scored = useMemo(() => [{ key: "score", label: t("trend.score"), unit: "1", axis: "score", color: "var(--trace)", ...score }], [score]);
  const onRange = (from, to) => change({ live: 0, start: from, end: Math.max(to, from + NARROWEST) });
  const axes = [...new Set(series.map(one => one.axis))];
  const lanes = view.lanes || axes.length > MOST_AXES;
  const groups = lanes ? view.tags.map(path => series.filter(one => one.title === path)) : [series];
  const widest = lanes ? 1 : axes.length;
  const shared = { range, onRange, spans: marks, sync: "trend", now: view.live ? edge : undefined,
                   gutter: [Math.ceil(widest / 2), Math.floor(widest / 2)] };

  return html`<div class="trend" ref=${page}><div class="head"><h1>${t("trend.title")}</h1>
      <span class="time soft">${moment(range[0])} – ${moment(range[1])} · ${duration(range[1] - range[0])}</span>
      ${view.live ? html`<${State} level="ok" text=${t("trend.following")} />` : null}</div>
    <${Toolbar} view=${view} change=${change} range=${range} onPick=${() => pick(true)} onRange=${() => setRanging(true)} page=${page} />
    ${without ? html`<div class="panel"><${State} level="warn" text=${without.message} /></div>` : null}
    ${error ? html`<div class="panel row" role="alert"><${State} level="warn" text=${error.message} /><button onClick=${again}>${t("common.again")}</button></div>` : null}
    ${!view.tags.length ? html`<div class="panel"><${Empty} title=${t("trend.empty")} text=${t("trend.empty.text")}>
        <button class="primary" onClick=${() => pick(true)}>${t("trend.choose")}</button></${Empty}></div>`
      : groups.map((group, place) => html`<section class="panel plot" key=${lanes ? view.tags[place] : "all"}>
          <${Chart} ...${shared} loading=${loading} series=${group} height=${lanes ? Math.max(130, 420 / groups.length) : 340} /></section>`)}
    ${view.score ? html`<section class="panel plot"><h2>${t("trend.score")}</h2>
      <${Chart} ...${shared} series=${scored} height=${120} legend=${false} limit=${{ axis: "score", value: 1, label: t("trend.limit") }} /></section>
      <${Decisions} spans=${spans} chosen=${chosen} choose=${choose} range=${range} />` : null}
    <p class="note hint">${t("trend.hint")}</p>
    ${picking ? html`<${TagPicker} tags=${(tags || []).filter(one => one.kind !== "text")} chosen=${view.tags} most=${MOST_LINES} onClose=${() => pick(false)} onChange=${paths => change({ tags: paths })} />` : null}
    ${ranging ? html`<${RangeDialog} start=${range[0]} end=${range[1]} compare=${view.compare} onClose=${() => setRanging(false)}
        onChange=${(start, end, compare) => { setRanging(false); change({ live: 0, start, end, compare }); }} />` : null}</div>`;
};

export const page = { name: "trend", order: 2, icon: "trend", view: View };
