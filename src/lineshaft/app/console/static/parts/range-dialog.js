import { html, useState } from "../lib/ui.js";
import { duration, t, zone, zoneName } from "../lib/text.js";
import { Dialog } from "./dialog.js";

// Two moments typed or picked, and another beginning to compare with where `compare` (ms, 0 for none) is given.
const pad = number => String(number).padStart(2, "0");
const shown = ms => {
  const at = new Date(ms);
  return zone.get() === "utc" ? at.toISOString().slice(0, 19)
    : `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}T${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
};
const read = text => (text ? new Date(zone.get() === "utc" ? `${text}Z` : text).getTime() : NaN);

export const RangeDialog = ({ start, end, compare, onClose, onChange }) => {
  const [from, setFrom] = useState(shown(start)), [to, setTo] = useState(shown(end));
  const [other, setOther] = useState(compare ? shown(start - compare) : "");
  const a = read(from), b = read(to), c = read(other);
  const wrong = !(a < b) ? t("trend.range.empty") : other && !(c < a) ? t("trend.range.later") : "";
  const field = (label, value, set) => html`<label class="field"><span>${label} (${zoneName()})</span>
    <input type="datetime-local" step="1" value=${value} onInput=${event => set(event.target.value)} /></label>`;
  return html`<${Dialog} title=${t("trend.range")} onClose=${onClose}><form onSubmit=${event => {
      event.preventDefault();
      if (!wrong) onChange(a, b, other ? a - c : 0);
    }}>${field(t("trend.range.from"), from, setFrom)}${field(t("trend.range.to"), to, setTo)}
      ${compare === undefined ? null : field(t("trend.range.compare"), other, setOther)}
      <p class="note" role="status">${wrong || duration(b - a)}</p>
      <div class="actions"><button type="button" onClick=${onClose}>${t("common.cancel")}</button><button class="primary" disabled=${Boolean(wrong)}>${t("trend.range.show")}</button></div>
    </form></${Dialog}>`;
};
