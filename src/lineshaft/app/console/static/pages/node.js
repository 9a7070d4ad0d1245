import { html, useState } from "../lib/ui.js";
import { post, attempt, session } from "../lib/api.js";
import { link, pulse, serverNow } from "../lib/live.js";
import { useGet } from "../lib/load.js";
import { useNow } from "../lib/now.js";
import { href, replace, route } from "../lib/route.js";
import { ago, count, duration, moment, near, t } from "../lib/text.js";
import { Digest, versionOf } from "../parts/bundle.js";
import { Latency, us } from "../parts/latency.js";
import { Sure, may } from "../parts/model-road.js";
import { Inputs } from "../parts/node-inputs.js";
import { Logs } from "../parts/node-logs.js";
import { Shape, State, healthLevel, healthText } from "../parts/state.js";

const EVERY = 2000, DEEP = 50, RECENT = 5 * 60000;
const LEVELS = ["info", "warning", "error"];

// Does data move? The one line that must be seen from the door.
const Health = ({ told, beat, up, act }) => {
  const now = useNow(500), reached = up && Boolean(beat?.reached), decision = reached ? beat.decision : null;
  const level = up ? healthLevel(beat) : "warn", state = up ? healthText(beat) : t("common.health.unknown");
  const life = told.lives[0], age = decision ? now - decision.time : null, late = age !== null && told.period_ms && age > 5 * told.period_ms + 1000;
  const reasons = !up ? [t("node.lost")] : !beat?.reached ? [beat?.why || told.why] : beat.health.reasons;
  const meaning = !reached ? t("node.meaning.away") : beat.health.state === "active" && !late ? t("node.meaning.active", { time: duration(told.period_ms ?? 0) }) : t(`node.meaning.${beat.health.state}`);
  return html`<section class=${`panel health ${level}`} aria-label=${t("node.health")}><div class="big"><${Shape} level=${level} size="34" /><div><h2>${state}</h2><p>${meaning}</p></div></div>
    <div class="since"><dl class="facts">
      <div><dt>${t("node.newest")}</dt><dd class=${late ? "old" : ""}>${age === null ? "–" : age < 1000 ? t("node.just_now") : duration(age)}</dd></div>
      <div><dt>${t("node.up")}</dt><dd>${life ? (life.ended ? t("node.ended", { time: near(life.ended) }) : duration(now - life.began)) : "–"}</dd></div>
      <div><dt>${t("node.decides")}</dt><dd>${reached ? html`<${State} level=${told.source === "bundle" ? "ok" : "warn"} text=${t(`node.source.${told.source || "bundle"}`)} />` : "–"}</dd></div></dl></div>
    <div class="act">${reached ? act : null}</div>
    ${reasons.length ? html`<ul class="reasons">${reasons.map(reason => html`<li key=${reason}><${Shape} level="warn" /><span class="break">${reason}</span></li>`)}</ul>` : null}</section>`;
};

const Figure = ({ value, text, level, title }) => html`<div title=${title}><b>${value}</b><span><${State} level=${level} text=${text} /></span></div>`;

// What was counted long ago needs nobody now: only what still grows is marked.
const grows = (one, now) => Boolean(one?.bad && one.grew && now - one.grew < RECENT);
const when = (one, now) => (!one?.bad || !one.count ? "" : one.grew ? t("node.last_grew", { time: ago(now - one.grew) }) : t("node.not_grown"));

const Figures = ({ told }) => {
  const now = useNow(5000), of = name => told.counters.find(one => one.name === name);
  const counted = (name, counter) => html`<${Figure} value=${count(of(counter)?.count ?? 0)} text=${t(`node.figure.${name}`)} level=${grows(of(counter), now) ? "warn" : "ok"} title=${when(of(counter), now)} />`;
  const shown = (name, value, bad) => html`<${Figure} value=${count(value)} text=${t(`node.figure.${name}`)} level=${bad ? "warn" : "ok"} />`;
  return html`<section class="panel"><div class="figures">
    ${counted("decisions", "ticks")}${counted("misses", "deadline_misses")}${counted("slots", "missed_slots")}${shown("buffer", told.buffer, told.buffer > DEEP)}${counted("dropped", "buffer_dropped")}${shown("unusable", told.unusable, told.unusable > 0)}</div></section>`;
};

const Counters = ({ told }) => {
  const now = useNow(5000);
  return html`<section class="panel"><h2>${t("node.counters")}</h2><p class="soft">${t("node.counters_since")}</p>
  <table><tbody>${told.counters.map(one => html`<tr key=${one.name}><td>${t(`node.counter.${one.name}`)}${one.bad && one.count ? html`<div class="soft">${when(one, now)} ${t(`node.means.${one.name}`)}</div>` : null}</td>
    <td class="n">${grows(one, now) ? html`<${State} level="warn" text=${count(one.count)} />` : count(one.count)}</td></tr>`)}</tbody></table></section>`;
};

const Bundle = ({ one }) => (one ? html`${one.version === null ? versionOf(one) : html`<a href=${href("model", { version: one.version })}>${versionOf(one)}</a>`} <${Digest} digest=${one.digest} />` : "–");

const Versions = ({ told }) => html`<section class="panel"><h2>${t("node.versions")}</h2><dl class="facts">
    <div><dt>${t("node.name")}</dt><dd><bdi>${told.name}</bdi></dd></div>
    <div><dt>${t("node.loop")}</dt><dd><bdi>${told.loop}</bdi></dd></div>
    <div><dt>${t("node.asset")}</dt><dd><bdi>${told.asset || "–"}</bdi></dd></div>
    <div><dt>${t("model.role.decides")}</dt><dd><${Bundle} one=${told.bundle} /></dd></div>
    <div><dt>${t("model.role.last-good")}</dt><dd><${Bundle} one=${told.last_good} /></dd></div>
    <div><dt>${t("model.role.shadow")}</dt><dd><${Bundle} one=${told.shadow} /></dd></div>
    <div><dt>${t("node.lineshaft")}</dt><dd>${told.lineshaft}</dd></div>
    <div><dt>${t("node.folder")}</dt><dd><code class="break">${told.folder}</code></dd></div></dl>
  <h3 class="spaced">${t("node.lives")}</h3>
  ${told.lives.length ? html`<table class="lives"><tbody>${told.lives.map(life => html`<tr key=${life.began}><td class="time">${moment(life.began)}</td><td class="time">${life.ended ? t("node.ended", { time: near(life.ended) }) : t("node.alive")}</td><td class="n">${life.ended ? duration(life.ended - life.began) : ""}</td></tr>`)}</tbody></table>` : html`<p class="soft">–</p>`}
  <p class="soft">${t("node.lives_since")}</p></section>`;

const Nodes = () => {
  const at = route.use(), beat = pulse.use(), { up } = link.use(), { person } = session.use();
  const { data: told, error } = useGet("/node", {}, { every: EVERY });
  const [asked, ask] = useState(false);
  if (!told) return html`<h1>${t("node.title")}</h1>${error ? html`<p><${State} level="warn" text=${error.message} /></p>` : html`<p class="soft">${t("common.loading")}</p>`}`;
  const view = { filter: at.query.get("filter") || "", only: at.query.get("only") === "1", log: at.query.get("log") || "", level: LEVELS.includes(at.query.get("level")) ? at.query.get("level") : "info", find: at.query.get("find") || "" };
  const change = part => { const next = { ...view, ...part }; replace("node", { ...next, only: next.only ? 1 : null, level: next.level === "info" ? null : next.level }); };
  const stop = html`<button class="danger" disabled=${!may(person)} title=${may(person) ? undefined : t("node.engineer")} onClick=${() => ask(true)}>${t("node.stop")}</button>`;
  return html`<div class="nodes"><div class="head"><h1>${t("node.title")}</h1><span class="soft"><bdi>${told.name}</bdi></span></div>
    <${Health} told=${told} beat=${beat} up=${up} act=${stop} />
    ${!told.reached ? html`<section class="panel"><p>${t("node.away_do")}</p><p><code>${`lineshaft run --project ${told.folder.replace(/[/\\][^/\\]+$/, "")}`}</code></p></section>` : null}
    ${told.reached ? html`<${Figures} told=${told} />
      <section class="panel"><h2>${t("node.latency")}</h2><p class="soft">${t("node.latency_about", { n: count(told.latency.decisions) })}</p>
        ${told.latency.percentiles ? html`<${Latency} told=${told.latency} />` : html`<p class="soft">${t("node.no_decision")}</p>`}
        ${told.latency.deadline_us === null ? html`<p class="soft">${t("node.no_deadline")}</p>` : html`<p><${State} level=${grows(told.counters.find(one => one.name === "deadline_misses"), serverNow()) ? "warn" : told.latency.misses ? "off" : "ok"} text=${t(told.latency.misses ? "node.late_decisions" : "node.all_kept", { n: count(told.latency.misses), time: us(told.latency.deadline_us) })} /></p>`}</section>` : null}
    <${Inputs} beat=${beat} up=${up} filter=${view.filter} only=${view.only} change=${change} />
    <div class="cards">${told.reached ? html`<${Counters} told=${told} />` : null}<${Versions} told=${told} /></div>
    <${Logs} log=${view.log} level=${view.level} find=${view.find} change=${change} />
    ${asked ? html`<${Sure} title=${t("node.stop_title", { name: told.name })} text=${t("node.stop_sure")} act=${t("node.stop")} danger=${true} onClose=${() => ask(false)} work=${() => attempt(() => post("/node/stop"), t("node.did_stop"))} />` : null}</div>`;
};

export const page = { name: "node", order: 5, icon: "node", view: Nodes };
