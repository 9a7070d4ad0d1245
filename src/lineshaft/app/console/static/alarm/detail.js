import { html, useEffect, useRef, useState } from "../lib/ui.js";
import { useGet } from "../lib/load.js";
import { clock, duration, moment, near, percent, short, t } from "../lib/text.js";
import { Causes } from "../parts/causes.js";
import { Empty } from "../parts/empty.js";
import { State } from "../parts/state.js";
import { Actions } from "./acts.js";
import { Cases } from "./cases.js";
import { Priority, StateMark, timesLimit, useChange } from "./mark.js";
import { useNow } from "../lib/now.js";
import { Onset } from "./onset.js";
import { Notes, Verdict } from "./word.js";

// One alarm: as it stands (`alarm`), or one that was (`at`, ms); what, since when, why, what was like it, what was done.
const EVERY = 4000, MOST_CAUSES = 6;

export const Detail = ({ alarm, at, focused, onSaid, from }) => {
  const head = useRef(null), clockNow = useNow(), now = from ?? clockNow; // `from`: nothing newer is known
  const since = alarm ? alarm.since : at;
  const [changed, change] = useState(null), [round, turn] = useState(0), [moving, move] = useState(true);
  const { data, error, again } = useGet(since ? `/alarm/occurrences/${since}` : null, null, { every: moving ? EVERY : 0 });
  useEffect(() => { if (focused) head.current?.focus(); }, [focused]);
  useChange(again, [alarm?.changed]);
  useEffect(() => { change(null); move(Boolean(alarm?.active || data?.open || (alarm && !data))); }, [data, alarm?.active]); // history lags behind the node
  const occurrence = changed || data;
  const told = one => { change(one); turn(count => count + 1); onSaid?.(); };
  if (alarm && !since) return html`<${Frame} head=${head} alarm=${alarm} old=${Boolean(from)}><${Empty} title=${t("alarm.never")} text=${t("alarm.never.text")} /></${Frame}>`;
  return html`<${Frame} head=${head} alarm=${alarm} old=${Boolean(from)} occurrence=${occurrence} at=${since}>
    ${error && !occurrence ? html`<p role="status"><${State} level=${error.status === 404 ? "off" : "warn"} text=${error.status === 404 && alarm?.active ? t("alarm.not_yet") : error.message} /></p>` : null}
    ${alarm?.state === "normal" ? html`<p class="note">${t("alarm.last_time")}</p>` : null}
    <div class="why"><${Facts} alarm=${alarm} occurrence=${occurrence} now=${now} />
      <section><h3>${t("alarm.causes")}</h3><${Blame} alarm=${alarm} occurrence=${occurrence} /></section></div>
    ${occurrence ? html`<${Onset} start=${occurrence.start} end=${occurrence.end} open=${occurrence.open} causes=${occurrence.causes} />
      <div class="words"><${Verdict} occurrence=${occurrence} onChange=${told} /><${Notes} occurrence=${occurrence} onChange=${told} /></div>
      <${Cases} at=${occurrence.start} round=${round} />` : null}</${Frame}>`;
};

const Frame = ({ head, alarm, old, occurrence, at, children }) => html`<article class=${`panel detail ${old ? "outdated" : ""}`} aria-label=${t("alarm.detail")}>
  <header class="detailhead"><div class="row"><h2 ref=${head} tabindex="-1"><bdi>${alarm ? alarm.name : occurrence?.loop || ""}</bdi>${alarm ? null : html` <span class="time">${moment(at)}</span>`}</h2>
      ${alarm ? html`<${StateMark} state=${alarm.state} /><${Priority} priority=${alarm.priority} />`
        : occurrence ? html`<${State} level=${occurrence.open ? "alarm" : "off"} text=${t(occurrence.open ? "alarm.open" : "alarm.over")} />` : null}</div>
    ${alarm ? html`<${Actions} alarm=${alarm} />` : null}</header>
  ${alarm ? html`<${Away} alarm=${alarm} />` : null}${children}</article>`;

// Out of sight: until when, by whom, why.
const Away = ({ alarm }) => {
  const now = useNow();
  if (alarm.state === "shelved") return html`<p class="away"><${State} level="note" text=${t("alarm.shelved_until", { time: clock(alarm.until), rest: duration(Math.max(0, alarm.until - now)) })} />
    <span class="break"><bdi>${alarm.reason}</bdi> <span class="soft">· <bdi>${alarm.by}</bdi></span></span></p>`;
  if (alarm.state === "suppressed") return html`<p class="away"><${State} level="off" text=${t("alarm.suppressed_since", { time: near(alarm.changed) })} />
    <span class="break"><bdi>${alarm.reason}</bdi> <span class="soft">· <bdi>${alarm.by}</bdi></span></span></p>`;
  return null;
};

const Facts = ({ alarm, occurrence, now }) => {
  const start = occurrence?.start ?? alarm?.since, stands = alarm ? alarm.active : occurrence?.open;
  const lasted = stands ? now - start : occurrence?.duration_ms;
  return html`<dl class="facts" aria-busy=${occurrence ? "false" : "true"}><div><dt>${t("alarm.since")}</dt><dd>${moment(start)}</dd></div>
    <div><dt>${t(stands ? "alarm.stands_for" : "alarm.stood_for")}</dt><dd>${duration(lasted)}</dd></div>
    ${stands ? null : html`<div><dt>${t("alarm.ended")}</dt><dd>${occurrence ? near(occurrence.end) : "–"}</dd></div>`}
    ${alarm ? html`<div><dt>${t("alarm.score_now")}</dt><dd>${timesLimit(alarm.score)}</dd></div>` : null}
    <div><dt>${t("alarm.peak")}</dt><dd>${timesLimit(occurrence?.peak)}</dd></div>
    <div><dt>${t("alarm.confidence")}</dt><dd>${percent(occurrence?.confidence, 2)}</dd></div></dl>`;
};

// What the newest decision blames while the alarm stands; what its beginning blamed once it is over.
const Blame = ({ alarm, occurrence }) => {
  const live = alarm?.active && alarm.causes.some(cause => cause.share !== null);
  const causes = live ? alarm.causes : occurrence?.causes || alarm?.causes || [];
  if (!occurrence && !live) return html`<p class="note">${causes.length ? causes.map(cause => short(cause.tag)).join(" · ") : t("common.loading")}</p>`; // names come with the alarm, shares from history
  return html`<${Causes} causes=${causes} most=${MOST_CAUSES} start=${occurrence ? occurrence.start - 600000 : undefined} end=${occurrence ? occurrence.end + 60000 : undefined} />`;
};
