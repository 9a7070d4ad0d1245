import { html, useState } from "../lib/ui.js";
import { percent, t } from "../lib/text.js";

// Which fault it was: those that the model knows, the likeliest first, those said before, or any other name.
const MOST = 8, LEAST_SHOWN = 0.005;

export const FaultKinds = ({ kinds, value, disabled, onPick }) => {
  const [text, set] = useState(""), [all, show] = useState(false);
  const known = kinds?.known || [], names = known.map(one => one.name);
  const listed = value && !names.includes(value) ? [{ name: value, probability: null }, ...known] : known;
  const shown = all ? listed : listed.slice(0, MOST);
  const send = event => { event.preventDefault(); if (text.trim()) { onPick(text.trim()); set(""); } };
  return html`<div class="kinds"><h4>${t("common.kinds.which")}</h4>
    ${shown.length ? html`<div class="row" role="group" aria-label=${t("common.kinds.which")}>${shown.map(one => html`<button type="button" key=${one.name} class="chip" disabled=${disabled}
      aria-pressed=${one.name === value ? "true" : "false"} onClick=${() => onPick(one.name === value ? "" : one.name)}><bdi>${one.name}</bdi>${one.probability >= LEAST_SHOWN
        ? html`<span class="soft n" title=${t("common.kinds.model")}>${percent(one.probability, 0)}</span>` : null}</button>`)}
      ${listed.length > MOST ? html`<button type="button" class="plain" onClick=${() => show(!all)}>${t(all ? "common.kinds.fewer" : "common.kinds.all", { n: listed.length })}</button>` : null}</div>` : null}
    <form class="row say" onSubmit=${send}><label class="field grow"><span>${t(shown.length ? "common.kinds.other" : "common.kinds.name")}</span>
      <input maxlength="200" list="fault-kinds" value=${text} disabled=${disabled} onInput=${event => set(event.target.value)} /></label>
      <datalist id="fault-kinds">${names.map(name => html`<option key=${name} value=${name} />`)}</datalist>
      <button disabled=${disabled || !text.trim()}>${t("common.kinds.say")}</button></form>
    ${kinds?.tag ? html`<p class="note">${t("common.kinds.tag", { tag: kinds.tag })}</p>` : kinds?.teaches ? html`<p class="note">${t("common.kinds.teaches")}</p>` : null}</div>`;
};
