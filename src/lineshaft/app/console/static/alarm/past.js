import { html, useState } from "../lib/ui.js";
import { serverNow } from "../lib/live.js";
import { useGet } from "../lib/load.js";
import { count, duration, near, short, t } from "../lib/text.js";
import { Empty } from "../parts/empty.js";
import { State } from "../parts/state.js";
import { Detail } from "./detail.js";
import { VerdictMark, timesLimit } from "./mark.js";
import { Rows } from "./rows.js";

// Alarms that were, the newest first; those that nobody has judged are easy to find.
export const DAY = 86400000;
export const SPANS = [["1d", DAY], ["7d", 7 * DAY], ["30d", 30 * DAY], ["90d", 90 * DAY], ["1y", 366 * DAY]];
const EVERY = 10000, SELDOM = 60000, MOST = 500, STEP = 60000;
const KINDS = { all: () => true, unjudged: one => !one.verdict, good: one => one.verdict?.verdict === "good", bad: one => one.verdict?.verdict === "bad" };

export const Spans = ({ span, change }) => html`<div class="group" role="group" aria-label=${t("alarm.span")}>${SPANS.map(([name]) => html`<button key=${name}
  aria-pressed=${name === span ? "true" : "false"} onClick=${() => change({ span: name })}>${t(`alarm.span.${name}`)}</button>`)}</div>`;
export const spanOf = (query, first = "7d") => { const found = SPANS.find(([name]) => name === query.get("span")); return found || SPANS.find(([name]) => name === first); };

export const Past = ({ query, change }) => {
  const [focused, focus] = useState(0);
  const [span, length] = spanOf(query), kind = KINDS[query.get("kind")] ? query.get("kind") : "all";
  const start = Math.floor((serverNow() - length) / STEP) * STEP; // whole minutes, so that not every drawing asks anew
  const { data, error, loading, again } = useGet("/alarm/occurrences", { start, limit: MOST }, { every: length > 7 * DAY ? SELDOM : EVERY });
  const rows = (data?.occurrences || []).filter(KINDS[kind]).map(one => ({ ...one, key: one.start }));
  const asked = Number(query.get("at")) || null;
  const chosen = asked ? rows.find(row => row.start <= asked && asked <= row.end)?.start ?? asked : rows[0]?.start;
  const columns = [
    { key: "start", label: t("alarm.began"), className: "c-began", cell: one => html`<span class="time">${near(one.start)}</span>${one.open ? html`<${State} level="alarm" text=${t("alarm.open")} />` : html`<span class="soft">${duration(one.duration_ms)}</span>`}` },
    { key: "cause", label: t("alarm.first_cause"), cell: one => html`<span class="cut" title=${one.causes[0]?.tag}>${one.causes[0] ? short(one.causes[0].tag) : t("common.no_cause")}</span>
        <span class="soft">${timesLimit(one.peak)}</span>` },
    { key: "said", label: t("alarm.said"), className: "c-said", cell: one => html`${one.verdict ? html`<${VerdictMark} verdict=${one.verdict.verdict} label=${one.verdict.label} />` : html`<span class="soft">${t("alarm.unjudged")}</span>`}
        ${one.notes.length ? html`<span class="soft">${t(one.notes.length === 1 ? "alarm.notes.one" : "alarm.notes.many", { n: one.notes.length })}</span>` : null}` }];
  return html`<div class="row filters"><${Spans} span=${span} change=${change} />
      <label><span class="sr">${t("alarm.kind")}</span><select value=${kind} onChange=${event => change({ kind: event.target.value === "all" ? null : event.target.value })}>
        ${Object.keys(KINDS).map(one => html`<option key=${one} value=${one}>${t(`alarm.kind.${one}`)}</option>`)}</select></label>
      <span class="soft">${data ? t("alarm.found", { n: count(rows.length), total: count(data.total) }) : ""}</span></div>
    ${error ? html`<div class="panel row" role="alert"><${State} level="warn" text=${error.message} /><button onClick=${again}>${t("common.again")}</button></div>` : null}
    <div class="split"><div class="side"><div class="panel list">
      ${rows.length ? html`<${Rows} label=${t("alarm.history")} columns=${columns} rows=${rows} chosen=${chosen} onChoose=${one => change({ at: one.start })} onOpen=${() => focus(times => times + 1)}
          rowClass=${one => (one.open ? "alarmrow open" : "alarmrow")} rowLabel=${one => `${near(one.start)}, ${duration(one.duration_ms)}`} />`
        : data ? html`<${Empty} title=${t("alarm.past.none")} text=${t(data.decisions ? "alarm.past.watched" : "alarm.past.unwatched")} />` : html`<p class="note">${loading ? t("common.loading") : ""}</p>`}</div></div>
      ${chosen ? html`<${Detail} key=${chosen} at=${chosen} focused=${focused} onSaid=${again} />` : html`<div></div>`}</div>`;
};
