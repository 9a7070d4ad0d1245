import { html } from "../lib/ui.js";
import { t } from "../lib/text.js";
import { Icon } from "./icon.js";

// One of a few, each a big target. options: [{ value, label, note, disabled }]
export const Choice = ({ label, note, name, value, options, onChange, cards }) => html`<fieldset class=${`choice ${cards ? "cards-of" : ""}`}>
  <legend>${label}</legend>${note ? html`<p class="note">${note}</p>` : null}
  <div class="options">${options.map(one => html`<label key=${String(one.value)} class=${`option ${one.value === value ? "on" : ""} ${one.disabled ? "off" : ""}`}>
    <input type="radio" name=${name} checked=${one.value === value} disabled=${one.disabled} onChange=${() => onChange(one.value)} />
    <span><b>${one.label}</b>${one.note ? html`<small class="break">${one.note}</small>` : null}</span></label>`)}</div></fieldset>`;

// A number by − and +, or typed.
export const Stepper = ({ label, value, step, least, most, onChange }) => {
  const tidy = next => Number(Math.min(most ?? Infinity, Math.max(least ?? -Infinity, next)).toPrecision(6));
  return html`<span class="stepper" role="group" aria-label=${label}>
    <button type="button" aria-label=${t("setup.less", { name: label })} onClick=${() => onChange(tidy(value - step))}><${Icon} name="minus" size="16" /></button>
    <input type="number" aria-label=${label} value=${value} step="any" onChange=${event => { if (event.target.value !== "" && Number.isFinite(Number(event.target.value))) onChange(tidy(Number(event.target.value))); }} />
    <button type="button" aria-label=${t("setup.greater", { name: label })} onClick=${() => onChange(tidy(value + step))}><${Icon} name="plus" size="16" /></button></span>`;
};

export const Bar = ({ share, label }) => html`<span class="progress" role="progressbar" aria-label=${label} aria-valuemin="0" aria-valuemax="100"
  aria-valuenow=${Math.round(100 * share)}><i style=${{ width: `${Math.min(100, 100 * share)}%` }}></i></span>`;

// Something is being done; what, stands beside.
export const Busy = ({ text }) => html`<span class="busy"><i class="pulse" aria-hidden="true"></i>${text}</span>`;
