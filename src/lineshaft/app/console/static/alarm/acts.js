import { html, useState } from "../lib/ui.js";
import { attempt, post, session } from "../lib/api.js";
import { clock, duration, t } from "../lib/text.js";
import { Dialog } from "../parts/dialog.js";
import { Icon } from "../parts/icon.js";
import { answer } from "./now.js";
import { useNow } from "../lib/now.js";

// What a person may do to an alarm, and the questions that come before it.
const MINUTE = 60000;
const SHELVES = [15, 60, 480], MOST_MINUTES = 1440;
const REASONS = { shelve: ["repair", "instrument", "cleaning", "test", "known"], suppress: ["maintenance", "standstill", "startup", "commissioning"] };
const MAY = { acknowledge: ["unacknowledged", "returned-unacknowledged"],
              shelve: ["normal", "unacknowledged", "acknowledged", "returned-unacknowledged"], unshelve: ["shelved"],
              suppress: ["normal", "unacknowledged", "acknowledged", "returned-unacknowledged", "shelved"], unsuppress: ["suppressed"] };
export const may = (action, state) => MAY[action].includes(state);
export const mayAct = () => { const { person } = session.get(); return Boolean(person) && person.role !== "viewer"; };

export const act = async (alarm, action, body) => {
  const told = await attempt(() => post(`/alarm/${encodeURIComponent(alarm.name)}/${action}`, body), t(`alarm.did.${action}`, { name: alarm.name }));
  if (told) answer(told);
  return Boolean(told);
};
export const acknowledge = alarm => { if (mayAct() && may("acknowledge", alarm.state)) act(alarm, "acknowledge"); };

const Reasons = ({ kind, reason, set }) => html`<label class="field"><span>${t("alarm.reason")}</span>
      <textarea rows="2" maxlength="500" required value=${reason} onInput=${event => set(event.target.value)}></textarea></label>
    <div class="row" role="group" aria-label=${t("alarm.reasons")}>${REASONS[kind].map(name => html`<button type="button" key=${name} class="chip"
      onClick=${() => set(t(`alarm.reason.${name}`))}>${t(`alarm.reason.${name}`)}</button>`)}</div>`;

const Shelve = ({ alarm, onClose }) => {
  const [minutes, set] = useState(60), [other, choose] = useState(false), [reason, say] = useState(""), [busy, wait] = useState(false);
  const now = useNow();
  const valid = Number.isInteger(minutes) && minutes >= 1 && minutes <= MOST_MINUTES;
  const send = async event => {
    event.preventDefault();
    wait(true);
    if (await act(alarm, "shelve", { minutes, reason: reason.trim() })) onClose();
    wait(false);
  };
  return html`<${Dialog} title=${t("alarm.shelve.title", { name: alarm.name })} onClose=${onClose}><form onSubmit=${send}>
    <div><span class="soft">${t("alarm.shelve.how_long")}</span>
      <div class="durations" role="group" aria-label=${t("alarm.shelve.how_long")}>${SHELVES.map(one => html`<button type="button" key=${one} autofocus=${one === minutes}
          aria-pressed=${!other && minutes === one ? "true" : "false"} onClick=${() => { choose(false); set(one); }}>${duration(one * MINUTE)}</button>`)}
        <button type="button" aria-pressed=${other ? "true" : "false"} onClick=${() => choose(true)}>${t("alarm.shelve.other")}</button></div></div>
    ${other ? html`<label class="field"><span>${t("alarm.shelve.minutes")}</span><input type="number" min="1" max=${MOST_MINUTES} step="1" required value=${minutes}
        onInput=${event => set(Number(event.target.value))} /></label>` : null}
    <${Reasons} kind="shelve" reason=${reason} set=${say} />
    <p class="note">${valid ? t("alarm.shelve.returns", { time: clock(now + minutes * MINUTE) }) : t("alarm.shelve.range", { most: duration(MOST_MINUTES * MINUTE) })}</p>
    <div class="actions"><button type="button" onClick=${onClose}>${t("common.cancel")}</button>
      <button class="primary" disabled=${busy || !valid || !reason.trim()}>${t("alarm.shelve.send", { time: valid ? duration(minutes * MINUTE) : "–" })}</button></div></form></${Dialog}>`;
};

const Suppress = ({ alarm, onClose }) => {
  const [reason, say] = useState(""), [busy, wait] = useState(false);
  const send = async event => {
    event.preventDefault();
    wait(true);
    if (await act(alarm, "suppress", { reason: reason.trim() })) onClose();
    wait(false);
  };
  return html`<${Dialog} title=${t("alarm.suppress.title", { name: alarm.name })} onClose=${onClose}><form onSubmit=${send}>
    <p class="note">${t("alarm.suppress.what")}</p>
    <${Reasons} kind="suppress" reason=${reason} set=${say} />
    <div class="actions"><button type="button" onClick=${onClose}>${t("common.cancel")}</button>
      <button class="primary" disabled=${busy || !reason.trim()}>${t("alarm.suppress.send")}</button></div></form></${Dialog}>`;
};

export const Actions = ({ alarm }) => {
  const [asking, ask] = useState("");
  session.use();
  const allowed = mayAct(), title = allowed ? undefined : t("alarm.viewer");
  const button = (action, extra = {}) => (may(action, alarm.state) ? html`<button key=${action} class=${extra.primary ? "primary" : ""} disabled=${!allowed} title=${title}
    onClick=${() => (extra.asks ? ask(action) : act(alarm, action))}>${extra.icon ? html`<${Icon} name=${extra.icon} size="18" />` : null}${t(`alarm.act.${action}`)}</button>` : null);
  return html`<div class="row acts" role="group" aria-label=${t("alarm.actions")}>
    ${button("acknowledge", { primary: true, icon: "check" })}${button("unshelve")}${button("unsuppress")}
    ${button("shelve", { asks: true })}${button("suppress", { asks: true })}
    ${asking === "shelve" ? html`<${Shelve} alarm=${alarm} onClose=${() => ask("")} />` : null}
    ${asking === "suppress" ? html`<${Suppress} alarm=${alarm} onClose=${() => ask("")} />` : null}</div>`;
};
