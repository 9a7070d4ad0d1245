import { html, useEffect, useMemo, useState } from "../lib/ui.js";
import { get } from "../lib/api.js";
import { serverNow } from "../lib/live.js";
import { useGet } from "../lib/load.js";
import { href, replace, route } from "../lib/route.js";
import { ago, clock, count, duration, fixed, language, moment, near, number, percent, split, t, unit } from "../lib/text.js";
import { Dialog } from "../parts/dialog.js";
import { Empty } from "../parts/empty.js";
import { Icon } from "../parts/icon.js";
import { rangeOf, valueText } from "../parts/indicator.js";
import { SpanPicker, spanOf } from "../parts/span.js";
import { Shape, State } from "../parts/state.js";
import { Hatching, Strip } from "../parts/strip.js";

const PAGE = 50, LOOK_MS = 5000, ASK_MS = 700;
const RARE = { range: 0.001 }, RARELY = 0.01; // as the quality check itself tells a warning from a remark
// How much a tag's history needs a person; higher first.
const RANK = { out: 4, fault: 3, warning: 2, info: 1, fine: 0 };
const LEVEL = { out: "warn", fault: "warn", warning: "warn", info: "ok", fine: "ok" };

const breachRank = one => (one.promise === "unit" || one.count <= (RARE[one.promise] ?? RARELY) * one.looked ? "info" : "warning");
const stateOf = tag => (tag.unusable ? "out" : [tag.severity || "fine", ...tag.broken.map(breachRank)]
  .reduce((worst, one) => (RANK[one] > RANK[worst] ? one : worst), "fine"));
const stateText = (tag, state) => (state === "out" ? t(`look.unusable.${tag.unusable}`) : RANK[state] < RANK.warning ? t("look.quality.usable") : t(`look.severity.${state}`));

// Asked again until it is worked out.
const useQuality = ({ start, end }) => {
  const [found, set] = useState({ quality: null, done: 0, total: 0, error: null });
  const [round, again] = useState(0);
  const lang = language.use();
  useEffect(() => {
    const stop = new AbortController();
    let timer = null;
    const ask = async () => {
      try {
        const told = await get("/data/quality", { start, end, lang }, stop.signal);
        set(was => ({ ...told, quality: told.quality || was.quality, error: null }));
        if (told.state !== "done") timer = setTimeout(ask, ASK_MS);
      } catch (error) {
        if (error.name !== "AbortError") set(was => ({ ...was, state: "failed", error }));
      }
    };
    set(was => ({ ...was, state: "running", done: 0, total: 0, error: null }));
    ask();
    return () => { stop.abort(); clearTimeout(timer); };
  }, [start, end, lang, round]);
  return { ...found, again: () => again(one => one + 1) };
};

const bytes = size => (size >= 2 ** 30 ? t("data.gib", { n: number(size / 2 ** 30, 3) }) : t("data.mib", { n: fixed(size / 2 ** 20, 1) }));

const Sources = ({ quality }) => {
  const { data, error } = useGet("/data/sources", {}, { every: LOOK_MS });
  if (error && !data) return html`<section class="panel"><h2>${t("data.sources")}</h2><${State} level="warn" text=${error.message} /></section>`;
  return html`${(data || []).map(one => html`<section class="panel sourcepanel" key=${one.uri} aria-label=${t("data.sources")}>
    <div><h2>${t("data.sources")}</h2><p><b>${one.title}</b> <code class="break">${one.uri}</code></p>
      <p><${State} level=${one.state === "fresh" ? "ok" : one.state === "stale" ? "warn" : "off"} text=${t(`data.source.${one.state}`)} />
        ${one.newest === null ? null : html`<span class="soft"> ${t("data.source.newest", { age: ago(serverNow() - one.newest) })}</span>`}</p></div>
    <dl class="facts"><div><dt>${t("data.source.rate")}</dt><dd>${t("data.a_second", { n: number(one.rate, 3) })}</dd></div>
      <div><dt>${t("data.source.good")}</dt><dd>${percent(one.good, 2)}</dd></div>
      <div><dt>${t("data.source.lost")}</dt><dd>${quality ? html`${count(quality.lost.length)}${quality.lost.length ? html` <span class="soft">${t("data.source.lost_last", { time: near(quality.lost[quality.lost.length - 1].start), long: duration(quality.lost[quality.lost.length - 1].end - quality.lost[quality.lost.length - 1].start) })}</span>` : null}` : "–"}</dd></div></dl>
    <dl class="facts"><div><dt>${t("data.source.since")}</dt><dd>${one.since === null ? "–" : moment(one.since)}</dd></div>
      <div><dt>${t("data.source.rows")}</dt><dd>${count(one.rows)}</dd></div>
      <div><dt>${t("data.source.size")}</dt><dd title=${t("data.source.size_of", { hot: bytes(one.hot_bytes), cold: bytes(one.cold_bytes) })}>${bytes(one.hot_bytes + one.cold_bytes)}</dd></div></dl>
    <dl class="facts"><div><dt>${t("data.source.hot")}</dt><dd>${bytes(one.hot_bytes)}</dd></div>
      <div><dt>${t("data.source.cold")}</dt><dd>${bytes(one.cold_bytes)}</dd></div>
      <div><dt>${t("data.source.version")}</dt><dd><code>${one.version}</code></dd></div></dl></section>`)}`;
};

const brokenText = (tag, one, timed) => {
  const shown = value => `${number(value)} ${unit(tag.unit)}`.trim();
  const { figures } = one;
  const told = t(`data.broken.${one.promise}`, {
    n: count(one.count), share: percent(one.count / (one.looked || 1), 2), least: shown(figures.least), most: shown(figures.most),
    longest: duration((figures.longest_ns ?? 0) / 1e6), period: duration((figures.period_ns ?? 0) / 1e6) });
  if (!timed || one.first === null) return told;
  return `${told} ${one.first === one.last ? t("data.broken.once", { time: near(one.first) }) : t("data.broken.between", { first: near(one.first), last: near(one.last) })}`;
};

// Everything that was found of a tag, the worst first: { rank, text }.
const told = (tag, timed) => [
  ...tag.findings.map(one => ({ rank: one.severity, text: one.sentence, key: one.kind })),
  ...tag.broken.map(one => ({ rank: breachRank(one), text: brokenText(tag, one, timed), key: `promise-${one.promise}` })),
].sort((one, other) => RANK[other.rank] - RANK[one.rank]);

const Findings = ({ tag, most, timed }) => {
  const all = told(tag, timed), shown = all.slice(0, most);
  return html`<ul class="findings">${shown.map(one => html`<li key=${one.key}><span class=${`state ${LEVEL[one.rank]}`} title=${t(`look.severity.${one.rank}`)}><${Shape} level=${LEVEL[one.rank]} size="10" /></span> ${one.text}</li>`)}
    ${all.length > shown.length ? html`<li class="soft">${t("common.more", { n: all.length - shown.length })}</li>` : null}</ul>`;
};

const stripText = tag => {
  const of = letter => [...tag.strip].filter(one => one === letter).length / tag.strip.length;
  return t("data.strip", { bad: percent(of("b"), 0), missing: percent(of("m"), 0) });
};

const Row = ({ tag, state, sample, about, onOpen }) => {
  const [where, name] = split(tag.path), age = sample?.t ? serverNow() - sample.t : null;
  const stale = age === null || (about && age > about.stale_ms);
  return html`<tr class=${`data ${stale ? "stale" : ""}`}>
    <td class="taglevel"><${State} level=${LEVEL[state]} text=${stateText(tag, state)} /></td>
    <td class="tagwho"><button class="plain name" type="button" onClick=${onOpen} title=${tag.path}><bdi>${name}</bdi></button><span class="soft tagpath" title=${tag.path}><bdi>${where}</bdi></span></td>
    <td class="n tagnewest"><span class="v">${valueText(sample?.v, about ? rangeOf(about) : null)}</span> <span class="unit">${unit(tag.unit)}</span><span class=${`age ${stale ? "warn" : "soft"}`}>${age === null ? t("plant.never") : ago(age)}</span></td>
    <td class="n">${tag.samples ? percent(tag.good, 2) : "–"}</td>
    <td><${Strip} letters=${tag.strip} label=${stripText(tag)} /></td>
    <td class="tagfound"><${Findings} tag=${tag} most=${2} /></td></tr>`;
};

const Histogram = ({ found, tag }) => {
  const most = Math.max(1, ...found.counts), wide = 100 / found.counts.length;
  const place = value => Math.min(100, Math.max(0, (100 * (value - found.low)) / (found.high - found.low)));
  return html`<figure class="histogram"><svg viewBox="0 0 100 40" preserveAspectRatio="none" role="img" aria-label=${t("data.histogram.said", { low: number(found.low), high: number(found.high), middle: number(found.quantiles["0.5"]), unit: unit(tag.unit) })}>
      ${found.counts.map((one, i) => html`<rect key=${i} x=${(i * wide).toFixed(2)} width=${(wide * 0.94).toFixed(2)} y=${(40 - (38 * one) / most).toFixed(2)} height=${((38 * one) / most).toFixed(2)} />`)}
      ${[found.promised_low, found.promised_high].filter(one => one !== null && one >= found.low && one <= found.high).map(one => html`<line x1=${place(one)} x2=${place(one)} y1="0" y2="40" />`)}</svg>
    <figcaption class="row"><span class="n">${number(found.low)}</span><span class="grow"></span><span class="n">${number(found.high)} ${unit(tag.unit)}</span></figcaption></figure>`;
};

const promised = (found, tag) => [
  [t("data.promise.unit"), tag.unit ? `${unit(tag.unit)}` : "–"],
  [t("data.promise.range"), found.promised_low === null && found.promised_high === null ? "–" : `${found.promised_low === null ? "…" : number(found.promised_low)} – ${found.promised_high === null ? "…" : number(found.promised_high)}`],
  [t("data.promise.period"), found.promised_ms === null ? "–" : duration(found.promised_ms)],
  [t("data.promise.deadband"), found.deadband ? number(found.deadband) : "–"],
  [t("data.promise.kind"), t(`data.kind.${["bool", "int", "text"].includes(found.kind) ? found.kind : "float"}`)],
  [t("data.promise.address"), found.address || "–"],
];
const seenFacts = (found, tag) => [
  [t("data.seen.samples"), count(tag.samples)],
  [t("data.seen.interval"), found.typical_ms ? duration(found.typical_ms) : "–"],
  [t("data.seen.longest"), found.longest_ms ? duration(found.longest_ms) : "–"],
  [t("data.seen.middle"), `${number(found.quantiles["0.5"])} ${unit(tag.unit)}`],
  [t("data.seen.most_of"), found.counts.length ? `${number(found.quantiles["0.01"])} – ${number(found.quantiles["0.99"])} ${unit(tag.unit)}` : "–"],
  [t("data.seen.noise"), tag.noise === null ? "–" : `± ${number(tag.noise, 2)} ${unit(tag.unit)}`],
];
const Facts = ({ facts }) => html`<dl class="facts">${facts.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;

const Detail = ({ tag, span, onClose }) => {
  const { data: found, error } = useGet("/data/tag", { path: tag.path, start: span.start, end: span.end });
  const [where, name] = split(tag.path);
  return html`<${Dialog} title=${name} onClose=${onClose} wide><div class="tagdetail">
    <p class="soft break"><bdi>${where}</bdi>${found?.description ? html` · ${found.description}` : null}</p>
    <p class="row"><a class="button" href=${href("trend", { tags: tag.path, start: span.start, end: span.end })}><${Icon} name="trend" size="16" />${t("data.trend")}</a>
      <span class="soft">${t(tag.whole ? "data.whole" : "data.sampled", { looked: duration(tag.looked_ms), span: duration(span.end - span.start) })}</span></p>
    <h3>${t("look.quality.timeline")}</h3><${Strip} letters=${tag.strip} label=${stripText(tag)} />
    <p class="row soft stripends"><span class="time">${moment(span.start)}</span><span class="grow"></span><span class="time">${moment(span.end)}</span></p>
    <h3>${t("look.quality.findings")}</h3>${told(tag).length ? html`<${Findings} tag=${tag} most=${50} timed />` : html`<p class="soft">${t("data.nothing_found")}</p>`}
    ${error ? html`<${State} level="warn" text=${error.message} />` : null}
    ${found ? html`<div class="cards"><div><h3>${t("data.histogram")}</h3>${found.counts.length ? html`<${Histogram} found=${found} tag=${tag} />` : html`<p class="soft">${t("data.no_value")}</p>`}<${Facts} facts=${seenFacts(found, tag)} /></div>
      <div><h3>${t("data.promises")}</h3><${Facts} facts=${promised(found, tag)} />
        ${found.gaps.length ? html`<h3>${t("data.gaps", { n: count(tag.gaps), long: duration(tag.missing_ms) })}</h3><ul class="gaps">${found.gaps.slice(-8).map(gap => html`<li key=${gap.start}><a href=${href("trend", { tags: tag.path, start: gap.start - 30000, end: gap.end + 30000 })}>${near(gap.start)}</a> <span class="soft">${duration(gap.end - gap.start)}</span></li>`)}</ul>` : html`<p class="soft">${t("data.no_gap")}</p>`}</div></div>` : null}</div></${Dialog}>`;
};

const Legend = () => html`<p class="stripkeys soft small"><span><i class="key band"></i>${t("data.legend.good")}</span><span><i class="key doubtful"></i>${t("common.uncertain")}</span>
  <span><i class="key bad"></i>${t("common.bad")}</span><span><i class="key missing"></i>${t("data.legend.missing")}</span><span><i class="key unseen"></i>${t("data.legend.unseen")}</span></p>`;

const Progress = ({ found }) => (found.state !== "running" ? null : html`<div class="row makingrow" role="status">
  <progress aria-label=${t("data.working")} value=${found.total ? found.done : undefined} max=${found.total || undefined}></progress>
  <span class="soft">${t("data.working")}${found.total ? ` · ${percent(found.done / found.total, 0)}` : ""}</span></div>`);

const Summary = ({ quality, ranked }) => {
  const many = state => ranked.filter(one => one.state === state).length;
  const parts = [["out", many("out")], ["fault", many("fault")], ["warning", many("warning")]].filter(([, n]) => n);
  const sampled = quality.tags.find(tag => !tag.whole);
  return html`<div class="tagsummary"><p>${parts.length ? parts.map(([state, n]) => html`<${State} key=${state} level=${LEVEL[state]} text=${t(`data.summary.${state}`, { n: count(n) })} />`)
      : html`<${State} level="ok" text=${t("data.summary.fine", { n: count(quality.tags.length) })} />`}
      <span class="soft">${t("data.summary.of", { n: count(quality.tags.length) })}</span></p>
    ${quality.findings.map(one => html`<p key=${one.kind}>${one.sentence}</p>`)}
    ${sampled ? html`<p class="soft small">${t("data.sampled_all", { looked: duration(sampled.looked_ms), span: duration(quality.end - quality.start) })}</p>` : null}</div>`;
};

const SHOW = ["all", "attention", "broken", "gaps"];
const shows = { all: () => true, attention: one => RANK[one.state] >= RANK.warning, broken: one => one.tag.broken.length > 0, gaps: one => one.tag.gaps > 0 };

const Data = () => {
  const { query } = route.use();
  const [span, setSpan] = useState(() => spanOf(query, "hour"));
  const search = query.get("q") || "", show = SHOW.includes(query.get("show")) ? query.get("show") : "all", opened = query.get("tag");
  const at = Math.max(0, Number(query.get("page")) || 0);
  const found = useQuality(span), { quality } = found;
  const { data: newest } = useGet("/plant/newest", {}, { every: LOOK_MS }), { data: plant, error } = useGet("/plant", {});
  const put = change => replace("data", { span: span.span === "custom" ? null : span.span, start: span.span === "custom" ? span.start : null,
    end: span.span === "custom" ? span.end : null, q: search, show: show === "all" ? null : show, tag: opened, page: at || null, ...change });
  const ranked = useMemo(() => (quality?.tags || []).map(tag => ({ tag, state: stateOf(tag), much: Math.max(0, 1 - tag.good, tag.missing_ms / (tag.looked_ms || 1)) }))
    .sort((one, other) => RANK[other.state] - RANK[one.state] || other.much - one.much), [quality]);
  const samples = useMemo(() => new Map((newest?.tags || []).map((path, i) => [path, { t: newest.t[i], v: newest.v[i], q: newest.q[i] }])), [newest]);
  const abouts = useMemo(() => new Map((plant?.tags || []).map(tag => [tag.path, tag])), [plant]);
  const wanted = search.toLowerCase();
  const rows = ranked.filter(one => shows[show](one) && (!wanted || one.tag.path.toLowerCase().includes(wanted)));
  const page = Math.min(at, Math.max(0, Math.ceil(rows.length / PAGE) - 1)), open = opened && quality?.tags.find(tag => tag.path === opened);
  const head = html`<div class="head"><h1>${t("data.nav")}</h1><${SpanPicker} chosen=${span} onChange=${next => {
    setSpan(next);
    put({ span: next.span === "custom" ? null : next.span, start: next.span === "custom" ? next.start : null, end: next.span === "custom" ? next.end : null, page: null });
  }} /></div>`;
  if (error && !plant) return html`${head}<div class="panel"><${Empty} title=${t("data.nothing")} text=${error.message}><a class="button" href=${href("setup")}>${t("plant.set_up")}</a></${Empty}></div>`;
  if (plant && !plant.tags.length) return html`${head}<${Sources} /><div class="panel"><${Empty} title=${t("plant.nothing_recorded")} text=${t("plant.nothing_recorded_do")} /></div>`;
  return html`${head}<${Hatching} /><${Sources} quality=${quality} />
    <section class="panel tagspanel" aria-label=${t("data.tags")}><div class="head"><h2>${t("data.tags")}</h2>${quality ? html`<${Summary} quality=${quality} ranked=${ranked} />` : null}<${Progress} found=${found} /></div>
      ${found.error ? html`<p><${State} level="warn" text=${found.error.message} /> <button onClick=${found.again}>${t("common.again")}</button></p>` : null}
      ${quality ? html`<div class="row tagfilters"><label><span class="sr">${t("common.search")}</span><input type="search" placeholder=${t("data.filter")} value=${search} onInput=${event => put({ q: event.target.value, page: null })} /></label>
        <div class="row" role="group" aria-label=${t("data.show.label")}>${SHOW.map(one => html`<button key=${one} type="button" aria-pressed=${String(show === one)} onClick=${() => put({ show: one === "all" ? null : one, page: null })}>${t(`data.show.${one}`)} <span class="soft">${count(ranked.filter(shows[one]).length)}</span></button>`)}</div>
        <span class="grow"></span><${Pager} page=${page} rows=${rows.length} onChange=${next => put({ page: next || null })} /></div><${Legend} />
        <div class="scroll"><table class="tagquality"><thead><tr><th>${t("look.quality.state")}</th><th>${t("look.quality.tag")}</th><th class="n">${t("common.newest")}</th><th class="n">${t("look.quality.good")}</th><th>${t("look.quality.timeline")}</th><th>${t("look.quality.findings")}</th></tr></thead>
        <tbody>${rows.slice(page * PAGE, (page + 1) * PAGE).map(({ tag, state }) => html`<${Row} key=${tag.path} tag=${tag} state=${state} sample=${samples.get(tag.path)} about=${abouts.get(tag.path)} onOpen=${() => put({ tag: tag.path })} />`)}</tbody></table></div>
        ${rows.length ? null : html`<p class="soft">${t("data.none_match")}</p>`}` : null}</section>
    ${open ? html`<${Detail} key=${opened} tag=${open} span=${span} onClose=${() => put({ tag: null })} />` : null}`;
};

const Pager = ({ page, rows, onChange }) => (rows <= PAGE ? null : html`<div class="row tagpager"><button type="button" disabled=${page === 0} aria-label=${t("data.before")} onClick=${() => onChange(page - 1)}><${Icon} name="left" size="16" /></button>
  <span class="n soft">${t("data.page", { first: count(page * PAGE + 1), last: count(Math.min(rows, (page + 1) * PAGE)), n: count(rows) })}</span>
  <button type="button" disabled=${(page + 1) * PAGE >= rows} aria-label=${t("data.after")} onClick=${() => onChange(page + 1)}><${Icon} name="right" size="16" /></button></div>`);

export const page = { name: "data", order: 6, icon: "data", view: Data };
