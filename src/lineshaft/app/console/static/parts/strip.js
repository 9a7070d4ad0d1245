import { html } from "../lib/ui.js";

// A tag's quality over time, the same strip as in the report: plain where good, hatched where bad, open where missing.
const WIDE = 1000, HIGH = 100;
const KINDS = { b: "bad", m: "missing", u: "doubtful", ".": "unseen" };

// The hatching that strips share; once a page.
export const Hatching = () => html`<svg width="0" height="0" aria-hidden="true" class="hatchings"><defs><pattern id="hatch" width="6" height="6"
  patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="3" height="6" class="hatching" /></pattern></defs></svg>`;

export const Strip = ({ letters, label }) => {
  const paths = {};
  for (let from = 0; from < letters.length;) {
    let to = from + 1;
    while (to < letters.length && letters[to] === letters[from]) to += 1;
    const kind = KINDS[letters[from]], x = (WIDE * from) / letters.length, wide = (WIDE * (to - from)) / letters.length;
    const [top, high] = kind === "doubtful" ? [0.6 * HIGH, 0.4 * HIGH] : kind === "unseen" ? [0, 0.85 * HIGH] : [0, HIGH];
    if (kind) paths[kind] = `${paths[kind] || ""}M${x.toFixed(1)} ${top}h${wide.toFixed(1)}v${high}h-${wide.toFixed(1)}z`;
    from = to;
  }
  return html`<svg class="strip" viewBox=${`0 0 ${WIDE} ${HIGH}`} preserveAspectRatio="none" role="img" aria-label=${label}>
    ${Object.entries(paths).map(([kind, path]) => html`<path class=${kind} d=${path} />`)}</svg>`;
};
