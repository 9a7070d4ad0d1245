import { html, useState } from "../lib/ui.js";
import { attempt, post } from "../lib/api.js";
import { useGet } from "../lib/load.js";
import { duration, t } from "../lib/text.js";
import { Dialog } from "./dialog.js";
import { FaultKinds } from "./fault-kinds.js";
import { MomentInput, asMoment, momentOf } from "./moment-input.js";

// What a stretch of time was, whether the loop alarmed in it or not: a fault by its name, or normal operation.
export const NameStretch = ({ start, end, onClose }) => {
  const [from, setFrom] = useState(asMoment(start)), [to, setTo] = useState(asMoment(end)), [comment, set] = useState(""), [busy, wait] = useState(false);
  const a = momentOf(from), b = momentOf(to), sound = a < b;
  const { data: kinds } = useGet(sound ? "/alarm/kinds" : null, { start: a, end: b });
  const say = async label => {
    wait(true);
    const told = await attempt(() => post("/alarm/stretch", { start: a, end: b, label, comment: comment.trim() }), label ? t("alarm.judged.named", { name: label }) : t("alarm.stretch.normal_kept"));
    wait(false);
    if (told) onClose();
  };
  return html`<${Dialog} title=${t("alarm.stretch")} onClose=${onClose}>
    <p class="note">${t("alarm.stretch.what")}</p>
    <form onSubmit=${event => event.preventDefault()}><${MomentInput} label=${t("trend.range.from")} value=${from} set=${setFrom} /><${MomentInput} label=${t("trend.range.to")} value=${to} set=${setTo} />
      <p class="note" role="status">${sound ? duration(b - a) : t("trend.range.empty")}</p>
      <label class="field"><span>${t("alarm.comment")}</span><input maxlength="2000" value=${comment} onInput=${event => set(event.target.value)} /></label></form>
    <${FaultKinds} kinds=${kinds} disabled=${busy || !sound} onPick=${label => { if (label) say(label); }} />
    <div class="actions"><button type="button" onClick=${onClose}>${t("common.cancel")}</button>
      <button type="button" disabled=${busy || !sound} onClick=${() => say("")}>${t("alarm.stretch.normal")}</button></div></${Dialog}>`;
};
