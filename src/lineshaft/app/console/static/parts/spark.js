import { html } from "../lib/ui.js";

// The last minutes at the size of a word. `low` and `high`: the least and the most of each part, null where nothing is known.
const WIDE = 100, HIGH = 24;

export const Spark = ({ low, high, band }) => {
  const known = low.filter(one => one !== null);
  if (known.length < 2) return html`<svg class="spark" viewBox=${`0 0 ${WIDE} ${HIGH}`} aria-hidden="true"></svg>`;
  let least = Math.min(...known, ...(band ? [band.low] : [])), most = Math.max(...high.filter(one => one !== null), ...(band ? [band.high] : []));
  if (!(most > least)) { least -= 1; most += 1; }
  const y = value => (HIGH - 2) * (1 - (value - least) / (most - least)) + 1, x = place => ((place + 0.5) * WIDE) / low.length;
  let path = "", open = false;
  low.forEach((bottom, place) => {
    if (bottom === null) { open = false; return; }
    const top = y(high[place]).toFixed(1), at = x(place).toFixed(1), under = y(bottom).toFixed(1);
    path += `${open ? "L" : "M"}${at} ${top}${under === top ? (open ? "" : "h0") : `L${at} ${under}`}`;
    open = true;
  });
  return html`<svg class="spark" viewBox=${`0 0 ${WIDE} ${HIGH}`} preserveAspectRatio="none" aria-hidden="true">
    ${band ? html`<rect class="band" x="0" width=${WIDE} y=${y(band.high).toFixed(1)} height=${Math.max(0.5, y(band.low) - y(band.high)).toFixed(1)} />` : null}
    <path d=${path} /></svg>`;
};

// Go on with a live value: parts move to the left as time goes.
export const sparkWith = (spark, time, value) => {
  const place = Math.floor((time - spark.start) / spark.step);
  if (place < 0) return spark;
  const gone = Math.max(0, place - spark.low.length + 1), count = spark.low.length;
  const low = [...spark.low.slice(gone), ...new Array(Math.min(gone, count)).fill(null)].slice(-count);
  const high = [...spark.high.slice(gone), ...new Array(Math.min(gone, count)).fill(null)].slice(-count);
  const at = Math.min(place, count - 1);
  if (value !== null) {
    low[at] = low[at] === null ? value : Math.min(low[at], value);
    high[at] = high[at] === null ? value : Math.max(high[at], value);
  }
  return { ...spark, start: spark.start + gone * spark.step, low, high };
};
