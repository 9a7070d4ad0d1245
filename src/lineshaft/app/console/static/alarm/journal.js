import { html, useState } from "../lib/ui.js";
import { useGet } from "../lib/load.js";
import { count, moment, t } from "../lib/text.js";
import { Empty } from "../parts/empty.js";
import { State, alarmText } from "../parts/state.js";

// Every transition: what happened to which alarm, when, by whom and why.
const STEP = 200, MOST = 10000, EVERY = 5000;
const WHO = { all: () => true, people: line => line.by !== "node", node: line => line.by === "node" };

export const Journal = ({ query, change }) => {
  const [limit, more] = useState(STEP);
  const { data, error, again } = useGet("/alarm/journal", { limit }, { every: EVERY });
  const who = WHO[query.get("who")] ? query.get("who") : "all", text = query.get("find") || "";
  const lines = (data || []).filter(WHO[who]).filter(line => !text || said(line).toLowerCase().includes(text.toLowerCase()));
  return html`<div class="row filters"><div class="group" role="group" aria-label=${t("alarm.journal.who")}>${Object.keys(WHO).map(one => html`<button key=${one}
        aria-pressed=${one === who ? "true" : "false"} onClick=${() => change({ who: one === "all" ? null : one })}>${t(`alarm.journal.${one}`)}</button>`)}</div>
      <label><span class="sr">${t("common.search")}</span><input type="search" placeholder=${t("common.search")} value=${text} onInput=${event => change({ find: event.target.value || null })} /></label>
      <span class="soft">${data ? t("alarm.journal.lines", { n: count(lines.length) }) : ""}</span></div>
    ${error ? html`<div class="panel row" role="alert"><${State} level="warn" text=${error.message} /><button onClick=${again}>${t("common.again")}</button></div>` : null}
    <div class="panel scroll">${lines.length ? html`<table class="journal" aria-label=${t("alarm.journal")}><thead><tr><th>${t("alarm.time")}</th><th>${t("alarm.name")}</th><th>${t("alarm.what")}</th>
        <th>${t("alarm.after")}</th><th>${t("alarm.by")}</th><th>${t("alarm.reason")}</th></tr></thead>
      <tbody>${lines.map((line, place) => html`<tr key=${`${line.time} ${line.event} ${place}`}><td class="time">${moment(line.time)}</td><td><bdi>${line.name}</bdi></td><td>${event(line)}</td>
        <td class="soft">${alarmText(line.after)}</td><td>${line.by === "node" ? html`<span class="soft">${t("alarm.node")}</span>` : html`<bdi>${line.by}</bdi>`}</td><td class="break"><bdi>${line.reason}</bdi></td></tr>`)}</tbody></table>
      ${data.length >= limit && limit < MOST ? html`<p><button onClick=${() => more(Math.min(MOST, limit * 4))}>${t("alarm.journal.more")}</button></p>` : null}`
      : data ? html`<${Empty} title=${t("alarm.journal.none")} text=${t("alarm.journal.none.text")} />` : html`<p class="note">${t("common.loading")}</p>`}</div>`;
};
const event = line => t(`alarm.event.${line.event.replaceAll(" ", "_")}`);
const said = line => [line.name, event(line), alarmText(line.after), line.by, line.reason].join(" ");
