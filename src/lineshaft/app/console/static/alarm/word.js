import { html, useMemo, useState } from "../lib/ui.js";
import { attempt, post, session } from "../lib/api.js";
import { useGet } from "../lib/load.js";
import { near, t } from "../lib/text.js";
import { FaultKinds } from "../parts/fault-kinds.js";
import { Icon } from "../parts/icon.js";
import { mayAct } from "./acts.js";

// A person's word on an alarm: was it right, which fault it was, and what was done. All are kept in history, and training reads the first two.
export const Verdict = ({ occurrence, onChange }) => {
  const given = occurrence.verdict;
  const [comment, set] = useState(null), [busy, wait] = useState(false);
  const span = useMemo(() => ({ start: occurrence.start, end: occurrence.end }), [occurrence.start]); // what it looked like at first
  const { data: kinds, again } = useGet("/alarm/kinds", span);
  session.use();
  const allowed = mayAct(), words = comment ?? given?.comment ?? "", label = given?.verdict === "good" ? given.label : "";
  const send = async (verdict, named = label) => {
    wait(true);
    const told = await attempt(() => post(`/alarm/occurrences/${occurrence.start}/verdict`, { verdict, comment: words.trim(), label: named }),
                               named ? t("alarm.judged.named", { name: named }) : t(`alarm.judged.${verdict}`));
    if (told && named && !kinds?.known.some(one => one.name === named)) again();
    if (told) { set(null); onChange(told); }
    wait(false);
  };
  const button = (verdict, icon) => html`<button type="button" aria-pressed=${given?.verdict === verdict ? "true" : "false"} disabled=${busy || !allowed} onClick=${() => send(verdict)}>
    <${Icon} name=${icon} size="18" />${t(`alarm.verdict.${verdict}`)}</button>`;
  const changed = given && comment !== null && comment.trim() !== given.comment;
  return html`<section class="word"><h3>${t("alarm.judge")}</h3>
    <div class="row" role="group" aria-label=${t("alarm.judge")}>${button("good", "check")}${button("bad", "close")}</div>
    ${given?.verdict === "bad" ? null : html`<${FaultKinds} kinds=${kinds} value=${label} disabled=${busy || !allowed} onPick=${name => send("good", name)} />`}
    <form class="row say" onSubmit=${event => { event.preventDefault(); if (changed) send(given.verdict); }}>
      <label class="field grow"><span>${t("alarm.comment")}</span><input maxlength="2000" value=${words} disabled=${!allowed} onInput=${event => set(event.target.value)} /></label>
      ${changed ? html`<button disabled=${busy}>${t("common.save")}</button>` : null}</form>
    <p class="note">${given ? t("alarm.verdict.by", { by: given.by, time: near(given.given) }) : t("alarm.verdict.none")}${occurrence.open ? ` ${t("alarm.verdict.open")}` : ""}</p></section>`;
};

export const Notes = ({ occurrence, onChange }) => {
  const [text, set] = useState(""), [busy, wait] = useState(false);
  session.use();
  const allowed = mayAct();
  const send = async event => {
    event.preventDefault();
    if (!text.trim()) return;
    wait(true);
    const told = await attempt(() => post(`/alarm/occurrences/${occurrence.start}/note`, { text: text.trim() }), t("alarm.note.kept"));
    if (told) { set(""); onChange(told); }
    wait(false);
  };
  return html`<section class="word"><h3>${t("alarm.notes")}</h3>
    <${Done} occurrence=${occurrence} />
    <form class="row say" onSubmit=${send}><label class="field grow"><span>${t("alarm.note.label")}</span>
      <input maxlength="2000" value=${text} disabled=${!allowed} onInput=${event => set(event.target.value)} /></label>
      <button disabled=${busy || !allowed || !text.trim()}>${t("alarm.note.add")}</button></form></section>`;
};

// Notes and acts of people in the order in which they came.
export const Done = ({ occurrence, brief }) => {
  const lines = [...occurrence.notes.map(one => ({ time: one.given, by: one.by, text: one.text })),
                 ...occurrence.acts.map(one => ({ time: one.time, by: one.by, act: one.event, text: one.reason }))].sort((a, b) => a.time - b.time);
  if (!lines.length) return brief ? null : html`<p class="note">${t("alarm.notes.none")}</p>`;
  return html`<ul class="done">${lines.map((one, place) => html`<li key=${place}><span class="time soft" title=${near(one.time)}>${near(one.time)}</span>
    <span class="break">${one.act ? html`${t(`alarm.event.${one.act.replaceAll(" ", "_")}`)}${one.text ? ": " : ""}` : null}${one.text ? html`<bdi>${one.text}</bdi>` : null}
      <span class="soft"> · <bdi>${one.by}</bdi></span></span></li>`)}</ul>`;
};
