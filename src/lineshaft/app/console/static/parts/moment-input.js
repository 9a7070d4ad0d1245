import { html } from "../lib/ui.js";
import { zone, zoneName } from "../lib/text.js";

// A moment typed or picked, as text of the reader's zone; `momentOf` is what it means in ms, NaN where nothing.
const pad = number => String(number).padStart(2, "0");
export const asMoment = ms => {
  const at = new Date(ms);
  return zone.get() === "utc" ? at.toISOString().slice(0, 19)
    : `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}T${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
};
export const momentOf = text => (text ? new Date(zone.get() === "utc" ? `${text}Z` : text).getTime() : NaN);

export const MomentInput = ({ label, value, set }) => html`<label class="field"><span>${label} (${zoneName()})</span>
  <input type="datetime-local" step="1" value=${value} onInput=${event => set(event.target.value)} /></label>`;
