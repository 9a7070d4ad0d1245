import { html } from "../lib/ui.js";
import { useGet } from "../lib/load.js";
import { href } from "../lib/route.js";
import { count, day, duration, near, number, percent, short, t } from "../lib/text.js";
import { State } from "../parts/state.js";
import { Spans, spanOf } from "./past.js";

// The alarm system as a whole, beside what EEMUA 191 and ISA-18.2 ask for.
const HOUR = 3600000, EVERY = 30000, MOST_LISTED = 8;
const lasting = ms => (ms ? duration(ms) : "0");
const shown = { per_hour: value => number(value, 2), most_in_ten_minutes: count, flood_share: value => percent(value, 1), chattering: count, stale: count };

export const Figures = ({ query, change }) => {
  const [span, length] = spanOf(query, "1d");
  const { data, error, again } = useGet("/alarm/rates", { hours: Math.round(length / HOUR) }, { every: EVERY });
  return html`<div class="row filters"><${Spans} span=${span} change=${change} />
      ${data ? html`<span class="soft">${t("alarm.watched", { time: lasting(data.watched_ms) })}</span>` : null}</div>
    ${error ? html`<div class="panel row" role="alert"><${State} level="warn" text=${error.message} /><button onClick=${again}>${t("common.again")}</button></div>` : null}
    ${data ? html`<${Benchmarks} data=${data} /><${Bars} data=${data} />
      <div class="cards"><${Top} data=${data} /><${Quality} data=${data} /><${Bursts} heading=${"alarm.floods"} none=${"alarm.floods.none"} what=${"alarm.floods.what"} bursts=${data.floods} />
        <${Bursts} heading=${"alarm.chattering"} none=${"alarm.chattering.none"} what=${"alarm.chattering.what"} bursts=${data.chattering} /><${Stale} data=${data} /></div>
      <p class="note">${t("alarm.figures.note")}</p>` : error ? null : html`<p class="note">${t("common.loading")}</p>`}`;
};

const judged = one => (one.value === null ? ["off", "alarm.bench.unknown"] : one.value <= one.acceptable ? ["ok", "alarm.bench.ok"]
  : one.value <= one.manageable ? ["note", "alarm.bench.strained"] : ["warn", "alarm.bench.over"]);
const Benchmarks = ({ data }) => html`<section class="panel benches" aria-label=${t("alarm.benchmarks")}>${data.benchmarks.map(one => {
  const [level, word] = judged(one), most = Math.max(one.manageable, one.value || 0, one.acceptable) * 1.25 || 1, share = value => `${Math.min(100, 100 * value / most)}%`;
  return html`<div key=${one.name} class="bench"><span class="soft">${t(`alarm.bench.${one.name}`)}</span>
    <span class="figure">${one.value === null ? "–" : shown[one.name](one.value)}</span>
    <span class="gauge" aria-hidden="true"><i class="good" style=${{ width: share(one.acceptable) }}></i><b style=${{ left: share(one.value || 0) }} hidden=${one.value === null}></b></span>
    <${State} level=${level} text=${t(word)} /><span class="soft">${t("alarm.bench.target", { value: shown[one.name](one.acceptable) })}</span></div>`;
})}</section>`;

const Bars = ({ data }) => {
  const daily = data.step_ms > HOUR, norm = 6 * (data.step_ms / HOUR), most = Math.max(norm * 1.15, ...data.counts), time = at => (daily ? day(at) : near(at).replace(/:00$/, "")); // whole hours
  const at = place => data.start + place * data.step_ms, marks = [0, 1, 2, 3, 4].map(one => Math.round(one * (data.counts.length - 1) / 4));
  return html`<section class="panel"><div class="row"><h2>${t(daily ? "alarm.per_day" : "alarm.per_hour")}</h2><span class="soft">${t("alarm.total", { n: count(data.alarms), time: lasting(data.stood_ms) })}</span>
      <span class="soft push normkey">${t("alarm.norm", { n: number(norm, 3) })}</span></div>
    <div class="bars" role="img" aria-label=${t("alarm.bars", { n: data.alarms, most: Math.max(0, ...data.counts) })}>
      <span class="norm" style=${{ bottom: `${100 * norm / most}%` }}></span>
      ${data.counts.map((one, place) => html`<i key=${at(place)} title=${`${time(at(place))}: ${one}`} class=${one > norm ? "over" : ""} style=${{ height: `${100 * one / most}%` }}></i>`)}</div>
    <div class="barmarks soft time" aria-hidden="true">${[...new Set(marks)].map(place => html`<span key=${place}>${time(at(place))}</span>`)}</div></section>`;
};

const Top = ({ data }) => {
  const most = Math.max(1, ...data.top.map(one => one.alarms));
  return html`<section class="panel two"><h2>${t("alarm.top")}</h2>${data.top.length ? html`<ol class="top-ten">${data.top.map(one => html`<li key=${one.tag}>
    <span class="bar" aria-hidden="true"><i style=${{ width: `${100 * one.alarms / most}%` }}></i></span><span class="n">${count(one.alarms)}</span>
    ${one.tag ? html`<a class="name" href=${href("trend", { tags: one.tag, start: data.start, end: data.end })} title=${one.tag}><bdi>${short(one.tag)}</bdi></a>` : html`<span class="soft">${t("common.no_cause")}</span>`}
    <span class="soft n">${duration(one.stood_ms)}</span></li>`)}</ol>` : html`<p class="note">${t("alarm.top.none")}</p>`}</section>`;
};

const Quality = ({ data }) => {
  const open = data.alarms - data.right - data.wrong;
  return html`<section class="panel"><h2>${t("alarm.quality")}</h2><dl class="facts"><div><dt>${t("alarm.verdict.good")}</dt><dd>${count(data.right)}</dd></div>
    <div><dt>${t("alarm.verdict.bad")}</dt><dd>${count(data.wrong)}</dd></div><div><dt>${t("alarm.unjudged")}</dt><dd>${count(Math.max(0, open))}</dd></div></dl>
    ${open > 0 ? html`<p><a href=${href("alarm", { tab: "history", kind: "unjudged" })}>${t("alarm.judge_them")}</a></p>` : null}</section>`;
};

const Bursts = ({ heading, none, what, bursts }) => html`<section class="panel"><h2>${t(heading)}</h2>${bursts.length ? html`<ul class="bursts">${bursts.slice(-MOST_LISTED).reverse().map(one => html`<li key=${one.start}>
    <a class="time" href=${href("alarm", { tab: "history", at: one.start })}>${near(one.start)}</a> <span class="soft">${t("alarm.burst", { n: count(one.alarms), time: duration(Math.max(1, one.end - one.start)) })}</span></li>`)}</ul>
    ${bursts.length > MOST_LISTED ? html`<p class="soft">${t("common.more", { n: bursts.length - MOST_LISTED })}</p>` : null}` : html`<p class="note">${t(none)}</p>`}<p class="note">${t(what)}</p></section>`;

const Stale = ({ data }) => html`<section class="panel"><h2>${t("alarm.stale_ones")}</h2>${data.stale.length ? html`<ul class="bursts">${data.stale.slice(-MOST_LISTED).map(one => html`<li key=${one.start}>
    <a class="time" href=${href("alarm", { tab: "history", at: one.start })}>${near(one.start)}</a> <span class="soft">${t("alarm.lasted", { time: duration(one.duration_ms) })}</span></li>`)}</ul>`
  : html`<p class="note">${t("alarm.stale_ones.none")}</p>`}<p class="note">${t("alarm.stale_ones.what")}</p></section>`;
