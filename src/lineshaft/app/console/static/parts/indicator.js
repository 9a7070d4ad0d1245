import { html } from "../lib/ui.js";
import { fixed, number } from "../lib/text.js";

// The analogue indicator of ISA-101: where a value is in its range, and where it is when all is well.

// The range to draw: the instrument's, else round the normal band, else none.
export const rangeOf = (tag, band) => {
  if (tag.low !== null && tag.high !== null) return [tag.low, tag.high];
  if (!band) return null;
  const air = (band.high - band.low || Math.abs(band.high) || 1) / 2;
  return [tag.low ?? band.low - air, tag.high ?? band.high + air];
};
// As many decimals as a thousandth of the range needs.
export const decimalsOf = range => (range ? Math.min(6, Math.max(0, Math.ceil(-Math.log10((range[1] - range[0]) / 1000)))) : null);
export const valueText = (value, range) => {
  const decimals = decimalsOf(range);
  return decimals === null || Math.abs(value ?? 0) >= 1e7 ? number(value) : fixed(value, decimals);
};

export const Indicator = ({ value, range, band, doubtful, limit }) => {
  if (!range) return html`<span class="indicator none" aria-hidden="true"></span>`;
  const [low, high] = range, share = at => Math.min(1, Math.max(0, (at - low) / (high - low)));
  const there = value !== null && value !== undefined, beyond = there && (value < low || value > high);
  return html`<span class=${`indicator ${doubtful ? "doubtful" : ""}`} aria-hidden="true">
    ${band ? html`<i class="band" style=${{ left: `${100 * share(band.low)}%`, width: `${100 * Math.max(0.012, share(band.high) - share(band.low))}%` }}></i>` : null}
    ${limit === undefined ? null : html`<i class="limit" style=${{ left: `${100 * share(limit)}%` }}></i>`}
    ${there ? html`<i class=${`pointer ${beyond ? "beyond" : ""} ${beyond && value < low ? "left" : ""}`} style=${{ left: `${100 * share(value)}%` }}></i>` : null}</span>`;
};
