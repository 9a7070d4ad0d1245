import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../lib/ui.js";
import { get } from "../lib/api.js";
import { link, pulse, serverNow, useWatch } from "../lib/live.js";
import { useGet } from "../lib/load.js";
import { href, replace, route } from "../lib/route.js";
import { store } from "../lib/store.js";
import { count, duration, near, number, percent, t, unit } from "../lib/text.js";
import { Causes } from "../parts/causes.js";
import { Chart } from "../parts/chart.js";
import { Empty } from "../parts/empty.js";
import { Indicator, rangeOf, valueText } from "../parts/indicator.js";
import { Spark, sparkWith } from "../parts/spark.js";
import { alarmLevel, alarmText, healthLevel, healthText, Shape, State } from "../parts/state.js";
import { Tree } from "../parts/tree.js";

// Shape by how much a state needs a person; the word beside it tells them apart.
const LEVELS = { normal: "ok", uncertain: "note", masked: "note", stale: "warn", bad: "warn", alarm: "alarm" };
const WORST = ["alarm", "bad", "stale", "masked", "uncertain"];
const LEAST_SHARE = 0.05, SETTLE_MS = 250;
const SAYS = 6, MINUTES = 10, BINS = 60, COLUMN = 24, LOOK_MS = 1000, BATCH = 100;

// Newest samples by tag, each followed by the row that shows it.
const makeLive = () => {
  const values = new Map(), sparks = new Map(), followers = new Map();
  const tell = path => followers.get(path)?.forEach(redraw => redraw());
  return {
    get: path => values.get(path), spark: path => sparks.get(path),
    put: (path, time, value, quality) => {
      const was = values.get(path);
      if (was && was.t > time) return;
      values.set(path, { t: time, v: value, q: quality });
      const spark = sparks.get(path);
      if (spark) sparks.set(path, sparkWith(spark, time, quality < 2 ? value : null));
      tell(path);
    },
    drawn: (path, spark) => { sparks.set(path, spark); tell(path); },
    use: path => {
      const [, draw] = useState(0);
      useEffect(() => {
        const redraw = () => draw(round => round + 1);
        if (!followers.has(path)) followers.set(path, new Set());
        followers.get(path).add(redraw);
        return () => followers.get(path).delete(redraw);
      }, [path]);
      return values.get(path);
    },
  };
};
// Ages grow though nothing arrives: one clock for all rows.
const beat = store(0);
setInterval(() => beat.set(Date.now()), LOOK_MS);

const counted = counts => WORST.filter(state => counts?.[state]).map(state => t(`plant.counted.${state}`, { n: count(counts[state]) }));
const total = counts => Object.values(counts || {}).reduce((sum, one) => sum + one, 0);

const Mark = ({ found }) => {
  if (!found) return null;
  const many = found.counts[found.state] || 0, quiet = found.state === "normal";
  const said = quiet ? t("plant.tags", { n: count(total(found.counts)) }) : many ? t(`plant.counted.${found.state}`, { n: count(many) }) : t(`plant.state.${found.state}`);
  return html`<span class=${`levelmark ${LEVELS[found.state]}`}><span class="n soft" aria-hidden="true">${quiet ? count(total(found.counts)) : many ? count(many) : ""}</span>
    <${Shape} level=${LEVELS[found.state]} size="12" /><span class="sr">${said}</span></span>`;
};

const Row = ({ tag, live, band, state }) => {
  const sample = live.use(tag.path);
  beat.use();
  const { up } = link.use();
  const range = rangeOf(tag, band), spark = live.spark(tag.path);
  const age = sample ? serverNow() - sample.t : null;
  const stale = !sample || age > tag.stale_ms || !up, bad = sample && (sample.q === 2 || sample.v === null);
  const level = state?.state ?? (stale ? "stale" : "normal");
  const name = tag.path.slice(tag.path.lastIndexOf("/") + 1);
  return html`<li class=${`tagrow ${stale ? "stale" : ""} ${bad ? "bad" : ""}`}>
    ${level === "normal" ? html`<span></span>` : html`<${Shape} level=${LEVELS[level]} size="11" />`}
    <a class="name" href=${href("trend", { tags: tag.path })} title=${[tag.path, tag.description].filter(Boolean).join("\n")}><bdi>${name}</bdi></a>
    <${Indicator} value=${sample?.v} range=${range} band=${band} doubtful=${stale || bad} />
    <span class="tagvalue"><span class="v">${valueText(sample?.v, range)}</span></span> <span class="unit" title=${tag.unit}>${unit(tag.unit)}</span>
    ${stale ? html`<span class="age warn">${sample ? duration(age) : t("plant.never")}</span>`
      : spark ? html`<${Spark} low=${spark.low} high=${spark.high} band=${band} />` : html`<span></span>`}
    ${level === "normal" || level === "stale" ? (level === "stale" ? html`<span class="sr">${t("plant.state.stale")}</span>` : null)
      : html`<span class=${`tagwhy ${LEVELS[level]}`}>${level === "alarm"
          ? html`<a href=${href("alarm")}>${t("plant.state.alarm")}${state.share === null ? "" : ` · ${t("plant.share", { share: percent(state.share, 0) })}`}</a>`
          : html`${t(`plant.state.${level}`)}${state?.why ? html` <span class="soft break">${state.why}</span>` : null}`}</span>`}</li>`;
};

const ROW_PX = 27, HEAD_PX = 38;
const Card = ({ level, under, tags, live, bands, found, states, watchNear }) => {
  const place = useRef(null);
  const [shown, show] = useState(false);
  useEffect(() => watchNear(place.current, level.path, show), []);
  const title = level.path === under ? level.name : level.path.slice(under ? under.length + 1 : 0);
  return html`<section class="panel assetcard" ref=${place} aria-label=${level.path || level.name} style=${{ minHeight: `${HEAD_PX + ROW_PX * tags.length}px` }}>
    <h3><a href=${href("plant", { at: level.path })} title=${level.path}><bdi>${shortened(title)}</bdi></a>
      ${found && found.state !== "normal" ? html`<${State} level=${LEVELS[found.state]} text=${counted(found.counts)[0]} />` : null}</h3>
    ${shown ? html`<ul>${tags.map(tag => html`<${Row} key=${tag.path} tag=${tag} live=${live} band=${bands[tag.path]} state=${states?.[tag.path]} />`)}</ul>` : null}</section>`;
};
// The last two levels say which asset it is; all of them are in the title.
const shortened = path => { const parts = path.split("/"); return parts.length > 3 ? `…/${parts.slice(-2).join("/")}` : path; };

// Cards in columns of about the same length; a state that changes moves none of them.
const columnsOf = (cards, many) => {
  const columns = Array.from({ length: many }, () => ({ rows: 0, cards: [] }));
  const goal = cards.reduce((sum, card) => sum + card.tags.length + 2, 0) / many;
  let at = 0;
  for (const card of cards) {
    if (at < many - 1 && columns[at].rows + (card.tags.length + 2) / 2 > goal) at += 1;
    columns[at].cards.push(card);
    columns[at].rows += card.tags.length + 2;
  }
  return columns;
};

const useNear = () => { // which cards are near the screen: only those are drawn and kept alive
  const [nearby, setNearby] = useState(() => new Set());
  const seen = useRef(null), known = useRef(new Map());
  if (!seen.current) seen.current = new IntersectionObserver(entries => {
    for (const entry of entries) { const one = known.current.get(entry.target); if (one) { one.near = entry.isIntersecting; one.show(one.near); } }
    setNearby(new Set([...known.current.values()].filter(one => one.near).map(one => one.path)));
  }, { rootMargin: "400px" });
  const watchNear = (element, path, show) => {
    known.current.set(element, { path, show, near: false });
    seen.current.observe(element);
    return () => { known.current.delete(element); seen.current.unobserve(element); };
  };
  return [nearby, watchNear];
};

// Columns are as wide as their text needs, whatever size the reader gives it.
const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);

// What all these paths begin with, in whole levels: saying it on every card helps nobody.
const common = paths => {
  if (!paths.length) return "";
  const parts = paths.map(path => path.split("/")), shortest = Math.min(...parts.map(one => one.length)) - 1;
  let same = 0;
  while (same < shortest && parts.every(one => one[same] === parts[0][same])) same += 1;
  return parts[0].slice(0, same).join("/");
};

const Overview = ({ plant, at, bands, now, live }) => {
  const [nearby, watchNear] = useNear();
  const [many, setMany] = useState(1);
  const place = useRef(null);
  const tags = useMemo(() => new Map(plant.tags.map(tag => [tag.path, tag])), [plant]);
  const cards = useMemo(() => plant.levels.filter(level => level.tags.length && (at === "" || level.path === at || level.path.startsWith(`${at}/`)))
    .map(level => ({ level, tags: level.tags.map(path => tags.get(path)) })), [plant, at]);
  const stem = useMemo(() => common(cards.map(card => card.level.path)), [cards]);
  useLayoutEffect(() => {
    const size = new ResizeObserver(() => setMany(Math.max(1, Math.floor((place.current.clientWidth + 12) / (COLUMN * rem())))));
    size.observe(place.current);
    return () => size.disconnect();
  }, []);
  const wanted = useMemo(() => cards.filter(card => nearby.has(card.level.path)).flatMap(card => card.level.tags), [cards, nearby]);
  const first = async () => {
    const found = await get("/plant/newest").catch(() => null);
    found?.tags.forEach((path, i) => { if (found.t[i] !== null) live.put(path, found.t[i], found.v[i], found.q[i]); });
  };
  useEffect(() => { first(); }, []);
  useWatch(wanted, LOOK_MS, samples => {
    for (const [path, column] of Object.entries(samples)) {
      const last = column.t.length - 1;
      live.put(path, column.t[last], column.v[last], column.q[last]);
    }
  }, first, true);
  useEffect(() => { // the last minutes of what came near, a batch at a time
    const stop = new AbortController();
    const missing = wanted.filter(path => !live.spark(path));
    const settled = setTimeout(async () => {
      for (let from = 0; from < missing.length; from += BATCH) {
        const found = await get("/plant/recent", { tags: missing.slice(from, from + BATCH), minutes: MINUTES, bins: BINS }, stop.signal).catch(() => null);
        if (!found) return;
        for (const [path, one] of Object.entries(found.series)) live.drawn(path, { start: found.start, step: found.step, low: one.low, high: one.high });
      }
    }, SETTLE_MS);
    return () => { clearTimeout(settled); stop.abort(); };
  }, [wanted.join("\n")]);
  return html`<div class="assetcolumns" ref=${place}>${columnsOf(cards, Math.min(many, cards.length || 1)).map((column, i) => html`<div key=${i}>
    ${column.cards.map(card => html`<${Card} key=${card.level.path} ...${card} under=${stem} live=${live} bands=${bands}
      found=${now?.levels[card.level.path]} states=${now?.tags} watchNear=${watchNear} />`)}</div>`)}</div>`;
};

// The score of the last minutes: what history has, and then what the pulse brings.
const useScore = () => {
  const [kept, keep] = useState({ t: [], v: [] });
  const beatNow = pulse.use();
  const { up } = link.use();
  useEffect(() => {
    if (!up) return undefined;
    const stop = new AbortController();
    get("/plant/score", { minutes: MINUTES, bins: 300 }, stop.signal).then(found => {
      const t0 = found.high.map((_, i) => Math.round(found.start + (i + 0.5) * found.step));
      let last = found.high.length;
      while (last && found.high[last - 1] === null) last -= 1;
      keep({ t: t0.slice(0, last), v: found.high.slice(0, last) });
    }).catch(() => null);
    return () => stop.abort();
  }, [up]);
  useEffect(() => {
    const said = beatNow?.decision;
    if (!said) return;
    keep(was => {
      if (was.t.length && said.time <= was.t[was.t.length - 1]) return was;
      const from = was.t.findIndex(time => time > said.time - MINUTES * 60000);
      const start = from < 0 ? was.t.length : from;
      return { t: [...was.t.slice(start), said.time], v: [...was.v.slice(start), said.score] };
    });
  }, [beatNow?.decision?.time]);
  return kept;
};

// What a task with an answer says: its values with their units and intervals, the surest class first.
const Says = ({ answer, fresh }) => {
  const classes = answer.values.every(one => !one.unit && !one.ahead) && answer.values.length > 1;
  const shown = classes ? [...answer.values].sort((a, b) => b.value - a.value) : answer.values;
  const rest = answer.more + Math.max(0, shown.length - SAYS);
  return html`<div class="loopsays"><h3>${t("plant.says.name")}</h3>
    ${answer.known ? null : html`<p><${State} level="note" text=${t("plant.says.unknown")} /></p>`}
    <ul class="plain">${shown.slice(0, SAYS).map(one => html`<li key=${`${one.name}+${one.ahead}`} class=${answer.known && fresh ? "" : "soft"}>
      <bdi>${one.name}</bdi>${one.ahead ? html` <span class="soft small">${t("plant.says.ahead", { n: one.ahead })}</span>` : null}
      <b class="v">${number(one.value, 4)}</b> <span class="unit">${unit(one.unit)}</span>
      ${one.low === null ? null : html`<span class="soft small">${t("plant.says.between", { low: number(one.low, 4), high: number(one.high, 4) })}</span>`}</li>`)}</ul>
    ${rest ? html`<p class="soft small">${t("common.more", { n: rest })}</p>` : null}</div>`;
};

const Loop = ({ loop }) => {
  const now = pulse.use(), score = useScore();
  const { up } = link.use();
  beat.use();
  const said = now?.reached ? now.decision : null, end = serverNow();
  const fresh = up && said && end - said.time < 10000;
  const standing = (now?.alarms || []).filter(alarm => alarm.active || alarm.state !== "normal");
  const blamed = standing.some(alarm => alarm.active) && said?.alarm ? said.causes.filter(cause => cause.share >= LEAST_SHARE) : [];
  const series = [{ key: "score", label: t("plant.score.name"), unit: "", t: score.t, v: score.v, color: "var(--trace)" }];
  return html`<section class="panel looppanel" aria-label=${t("plant.loop")}>
    <div class="loophealth"><h2>${t("plant.loop")} <bdi class="soft">${loop}</bdi></h2>
      <p><${State} level=${up ? healthLevel(now) : "warn"} text=${up ? healthText(now) : t("common.health.unknown")} /></p>
      <p class="soft">${t(`plant.health.${!now || !up ? "unknown" : now.reached ? now.health.state : "none"}`)}</p>
      ${(now?.reached ? now.health.reasons : []).slice(0, 3).map(reason => html`<p class="break small">${reason}</p>`)}
      ${(now?.health?.reasons?.length || 0) > 3 ? html`<p class="soft small">${t("common.more", { n: now.health.reasons.length - 3 })}</p>` : null}</div>
    ${now?.reached ? html`<div class="loopscore"><h3>${t("plant.score.name")}</h3>
      <p class=${`scorevalue ${fresh ? "" : "scoreold"} ${said?.alarm ? "alarm" : ""}`}><span class="v">${said ? number(said.score, 3) : "–"}</span> <span class="unit">${t("plant.score.of")}</span></p>
      <${Indicator} value=${said?.score} range=${[0, 2]} band=${{ low: 0, high: 1 }} limit=${1} doubtful=${!fresh} />
      <p class="scorescale" aria-hidden="true"><span>0</span><span>${t("plant.score.limit")}</span><span>2</span></p>
      ${standing.map(alarm => html`<p key=${alarm.name}><a href=${href("alarm")} class="plainlink"><${State} level=${alarmLevel(alarm.state)} text=${alarmText(alarm.state)} /></a>
        <span class="soft small alarmsince">${t("plant.since", { time: near(alarm.since), long: duration(Math.max(0, (alarm.active ? end : alarm.changed) - alarm.since)) })}</span></p>`)}
      ${standing.length ? null : html`<p class="soft">${t("plant.no_alarm")}</p>`}</div>
    <div class="loopline">${now.status?.answer ? html`<${Says} answer=${now.status.answer} fresh=${fresh} />` : null}${blamed.length ? html`<div class="loopblamed"><h3>${t("plant.look_here")}</h3><${Causes} causes=${blamed} most=${4} /></div>` : null}
      <div class="loopdrawn"><${Chart} series=${series} range=${[end - MINUTES * 60000, end]} now=${end} height=${128} legend=${false}
        limit=${{ axis: "", value: 1, label: t("plant.score.limit") }} label=${t("plant.score.trend", { n: MINUTES })} /></div></div>`
    : html`<div class="loopline"><p class="soft break">${now?.why || ""}</p></div>`}</section>`;
};

const Head = ({ plant, at, now }) => {
  const found = now?.levels[at], parts = at ? at.split("/") : [];
  const level = plant.levels.find(one => one.path === at);
  const words = counted(found?.counts), oneSite = plant.levels.filter(one => one.parent === "").length === 1;
  return html`<div class="head"><h1 class="crumbs">${at && oneSite ? null : html`<a href=${href("plant")}>${plant.levels[0].name || t("plant.nav")}</a>`}${parts.map((part, i) => html`
      ${i || !oneSite ? html`<span class="soft at" aria-hidden="true">/</span>` : null}<a href=${href("plant", { at: parts.slice(0, i + 1).join("/") })} aria-current=${i + 1 === parts.length ? "page" : undefined}><bdi>${part}</bdi></a>`)}</h1>
    ${found ? html`<${State} level=${LEVELS[found.state]} text=${words.length ? words.join(" · ") : t("plant.all_normal", { n: count(total(found.counts)) })} />` : null}
    ${level ? null : html`<${State} level="note" text=${t("plant.gone")} />`}</div>`;
};

const Plant = () => {
  const { query } = route.use();
  const { data: plant, error, again } = useGet("/plant", {});
  const { data: now } = useGet(plant ? "/plant/state" : null, {}, { every: LOOK_MS });
  const [bands, setBands] = useState({});
  const live = useMemo(makeLive, []);
  const many = total(now?.levels?.[""]?.counts);
  useEffect(() => { // tags that are recorded from now on
    if (plant && now && many !== plant.tags.length) again();
  }, [many]);
  useEffect(() => {
    const stop = new AbortController();
    let timer = null;
    const ask = () => get("/plant/bands", {}, stop.signal).then(found => {
      setBands(found.bands);
      timer = setTimeout(ask, found.ready ? 60000 : 700);
    }).catch(() => { if (!stop.signal.aborted) timer = setTimeout(ask, 10000); });
    if (plant?.tags.length) ask();
    return () => { stop.abort(); clearTimeout(timer); };
  }, [plant?.tags.length]);
  if (!plant) return error ? html`<div class="panel"><${Empty} title=${t(error.status === 404 ? "plant.nothing" : "plant.failed")} text=${error.message}>
    ${error.status === 404 ? html`<a class="button" href=${href("setup")}>${t("plant.set_up")}</a>` : html`<button onClick=${again}>${t("common.again")}</button>`}</${Empty}></div>` : html`<p class="soft" role="status">${t("common.loading")}</p>`;
  if (!plant.tags.length) return html`<div class="head"><h1>${plant.levels[0].name}</h1></div><div class="panel"><${Empty} title=${t("plant.nothing_recorded")} text=${t("plant.nothing_recorded_do")} /></div>`;
  const wanted = query.get("at") || "", at = plant.levels.some(level => level.path === wanted) ? wanted : "";
  return html`<${Head} plant=${plant} at=${at} now=${now} />
    <${Loop} loop=${plant.loop} />
    <p class="stripkeys soft small"><span><i class="key normal"></i>${t("look.legend.band")}</span></p>
    <div class="plantbody"><nav class="panel levelpanel" aria-label=${t("plant.levels")}>
      <${Tree} levels=${plant.levels} chosen=${at} label=${t("plant.levels")} onChoose=${path => replace("plant", { at: path })}
        row=${level => html`<${Mark} found=${now?.levels[level.path]} />`} /></nav>
      <${Overview} key=${plant.tags.length} plant=${plant} at=${at} bands=${bands} now=${now} live=${live} /></div>`;
};

export const page = { name: "plant", order: 1, icon: "plant", view: Plant };
