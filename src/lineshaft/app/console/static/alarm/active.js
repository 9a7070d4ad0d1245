import { html, useState } from "../lib/ui.js";
import { serverNow } from "../lib/live.js";
import { useGet } from "../lib/load.js";
import { href } from "../lib/route.js";
import { ago, count, duration, near, short, t } from "../lib/text.js";
import { Empty } from "../parts/empty.js";
import { State, alarmText } from "../parts/state.js";
import { acknowledge } from "./acts.js";
import { Detail } from "./detail.js";
import { PRIORITIES, Priority, StateMark, VerdictMark } from "./mark.js";
import { useNow } from "../lib/now.js";
import { useAlarms } from "./now.js";
import { Rows } from "./rows.js";

// The alarms as they stand: what needs a person first.
const DAY = 86400000, STEP = 60000, EVERY = 10000, RECENT = 8;
const URGENCY = ["unacknowledged", "returned-unacknowledged", "acknowledged", "shelved", "suppressed", "normal"];
const SHOWN = { standing: alarm => URGENCY.indexOf(alarm.state) < 3, waiting: alarm => URGENCY.indexOf(alarm.state) < 2, shelved: alarm => alarm.state === "shelved",
                suppressed: alarm => alarm.state === "suppressed", all: () => true };
const state = alarm => URGENCY.indexOf(alarm.state), rank = alarm => PRIORITIES.indexOf(alarm.priority), age = alarm => -(alarm.since || 0);
const SORTS = { state: [state, rank, age], priority: [rank, state, age], since: [age, state, rank], name: [alarm => alarm.name] };
const sorted = (alarms, by) => [...alarms].sort((one, other) => {
  for (const key of SORTS[by]) { const a = key(one), b = key(other); if (a !== b) return a < b ? -1 : 1; }
  return one.name < other.name ? -1 : 1;
});

export const Active = ({ query, change }) => {
  const { alarms, fresh, why, from, loading } = useAlarms();
  const tick = useNow(), now = from ?? tick;
  const [focused, focus] = useState(0);
  const show = SHOWN[query.get("show")] ? query.get("show") : "standing", sort = SORTS[query.get("sort")] ? query.get("sort") : "state";
  const rows = sorted((alarms || []).filter(SHOWN[show]), sort);
  const named = (alarms || []).find(alarm => alarm.name === query.get("name"));
  const chosen = named || rows[0];
  const columns = [
    { key: "state", label: t("alarm.state"), sort: true, className: "c-state", cell: alarm => html`<${StateMark} state=${alarm.state} />` },
    { key: "priority", label: t("alarm.priority"), sort: true, className: "c-priority", cell: alarm => html`<${Priority} priority=${alarm.priority} />` },
    { key: "name", label: t("alarm.name"), sort: true, cell: alarm => html`<bdi class="name" title=${alarm.name}>${alarm.name}</bdi>
        <span class="soft cut" title=${alarm.causes[0]?.tag}>${alarm.state === "shelved" || alarm.state === "suppressed" ? html`<bdi>${alarm.reason}</bdi>` : alarm.since && alarm.state !== "normal" && alarm.causes[0] ? short(alarm.causes[0].tag) : ""}</span>` },
    { key: "since", label: t("alarm.since"), sort: true, className: "n c-since", cell: alarm => (alarm.since ? html`<span class="time">${near(alarm.since)}</span>
        <span class="soft">${alarm.state === "shelved" ? t("alarm.back_in", { time: duration(Math.max(0, alarm.until - now)) }) : alarm.active ? duration(now - alarm.since) : t("alarm.returned")}</span>` : "–") }];
  return html`<div class="row filters" role="group" aria-label=${t("alarm.show")}>${Object.keys(SHOWN).map(one => html`<button key=${one} aria-pressed=${one === show ? "true" : "false"}
      onClick=${() => change({ show: one === "standing" ? null : one })}>${t(`alarm.show.${one}`)} <span class="count">${alarms ? alarms.filter(SHOWN[one]).length : "–"}</span></button>`)}</div>
    ${fresh || !why ? null : html`<div class="panel stale-line" role="alert"><${State} level="warn" text=${from ? t("alarm.stale", { time: ago(tick - from) }) : t("alarm.unknown")} /><span class="soft break">${why}</span></div>`}
    <div class="split"><div class="side">${alarms || loading ? html`<div class=${`panel list ${fresh ? "" : "outdated"}`}>
      ${rows.length ? html`<${Rows} label=${t("alarm.list")} columns=${columns} rows=${rows} chosen=${chosen?.key} sort=${sort} onSort=${by => change({ sort: by === "state" ? null : by })}
          onChoose=${alarm => change({ name: alarm.name })} onOpen=${() => focus(count => count + 1)} keys=${{ a: acknowledge }}
          rowClass=${alarm => `alarmrow ${alarm.state}`} rowLabel=${alarm => `${alarm.name}: ${alarmText(alarm.state)}, ${t(`alarm.priority.${alarm.priority}`)}`} />
          <p class="note keys">${t("alarm.keys")}</p>`
        : alarms ? html`<${Empty} title=${t(`alarm.none.${show}`)} text=${show === "standing" ? calm(alarms) : ""} />`
        : html`<p class="note">${t("common.loading")}</p>`}</div>` : null}
      <${Recent} /></div>
      ${chosen ? html`<${Detail} key=${`${chosen.name} ${chosen.since}`} alarm=${chosen} from=${fresh ? null : from} focused=${focused} />` : html`<div></div>`}</div>`;
};

// What came and went within a day: whether this is the first or the tenth time.
const Recent = () => {
  const start = Math.floor((serverNow() - DAY) / STEP) * STEP;
  const { data } = useGet("/alarm/occurrences", { start, limit: RECENT }, { every: EVERY });
  const over = (data?.occurrences || []).filter(one => !one.open);
  if (!data) return null;
  return html`<section class="panel recent"><div class="row"><h2>${t("alarm.recent")}</h2><a class="push" href=${href("alarm", { tab: "history" })}>${t("alarm.recent.all", { n: count(data.total) })}</a></div>
    ${over.length ? html`<ul class="bursts">${over.map(one => html`<li key=${one.start}><a class="time" href=${href("alarm", { tab: "history", at: one.start })}>${near(one.start)}</a>
      <span class="soft n">${duration(one.duration_ms)}</span><span class="cut" title=${one.causes[0]?.tag}>${one.causes[0] ? short(one.causes[0].tag) : t("common.no_cause")}</span>
      ${one.verdict ? html`<${VerdictMark} verdict=${one.verdict.verdict} label=${one.verdict.label} />` : html`<span></span>`}</li>`)}</ul>` : html`<p class="note">${t(data.decisions ? "alarm.recent.none" : "alarm.recent.unwatched")}</p>`}</section>`;
};

const calm = alarms => {
  const away = alarms.filter(alarm => alarm.state === "shelved" || alarm.state === "suppressed").length;
  return away ? t("alarm.none.away", { n: away }) : t("alarm.none.calm");
};
