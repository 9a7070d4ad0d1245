import { html, useLayoutEffect, useRef, useState } from "../lib/ui.js";
import { count, duration, percent, t } from "../lib/text.js";

// How long decisions take: bars over a logarithmic axis of time, the percentiles, and the deadline that they must keep.
const MARKS = ["p50", "p99", "p999", "most"], HIGH = 150, TOP = 46, BOTTOM = 30, LEFT = 8, RIGHT = 8;
export const us = value => duration(value / 1000);

const decades = (low, high) => {
  const found = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++)
    for (const part of [1, 2, 5]) {
      const value = part * 10 ** power;
      if (value >= low && value <= high) found.push({ value, whole: part === 1 });
    }
  return found;
};

// Labels that would lie on each other move up a row.
const rows = (marks, wide) => {
  const ends = [];
  return marks.map(mark => {
    const half = mark.text.length * 3.6 + 6, from = Math.max(0, Math.min(wide - 2 * half, mark.x - half));
    let row = ends.findIndex(end => end < from);
    if (row < 0) row = ends.length;
    ends[row] = from + 2 * half;
    return { ...mark, row, middle: from + half };
  });
};

export const Latency = ({ told }) => {
  const place = useRef(null);
  const [wide, set] = useState(600);
  useLayoutEffect(() => {
    const size = new ResizeObserver(() => { if (place.current) set(place.current.clientWidth); });
    size.observe(place.current);
    return () => size.disconnect();
  }, []);
  const { bars, percentiles, deadline_us: deadline } = told;
  const low = Math.min(...bars.map(bar => bar.low), deadline || Infinity) / 1.3, high = Math.max(...bars.map(bar => bar.high), deadline || 0) * 1.4;
  const x = value => LEFT + (Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low)) * (wide - LEFT - RIGHT);
  const most = Math.max(...bars.map(bar => bar.count)), base = TOP + HIGH;
  const tall = number => (number ? Math.max(2, number / most * HIGH) : 0); // one that was slow must be seen among a million
  const marks = rows(MARKS.map(name => ({ name, x: x(percentiles[name]), text: `${t(`node.percentile.${name}`)} ${us(percentiles[name])}` })), wide);
  const levels = Math.max(...marks.map(mark => mark.row)) + 1, raised = levels > 2 ? (levels - 2) * 16 : 0;
  const said = t("node.latency_said", { n: count(told.decisions), p50: us(percentiles.p50), p99: us(percentiles.p99), p999: us(percentiles.p999), most: us(percentiles.most), misses: count(told.misses) });
  return html`<div class="latency" ref=${place}><svg width=${wide} height=${base + BOTTOM + raised} viewBox=${`0 ${-raised} ${wide} ${base + BOTTOM + raised}`} role="img" aria-label=${said}>
    ${decades(low, high).map(({ value, whole }) => html`<g key=${value}><line class=${whole ? "grid whole" : "grid"} x1=${x(value)} x2=${x(value)} y1=${TOP} y2=${base} />
      ${whole || wide > 700 ? html`<text class="tick" x=${x(value)} y=${base + 16} text-anchor="middle">${us(value)}</text>` : null}</g>`)}
    ${deadline ? html`<rect class="late" x=${x(deadline)} y=${TOP} width=${Math.max(0, wide - RIGHT - x(deadline))} height=${HIGH} />` : null}
    ${bars.map(bar => html`<rect key=${bar.high} class=${deadline && bar.low >= deadline ? "took overdue" : "took"} x=${x(bar.low) + 0.5} width=${Math.max(1, x(bar.high) - x(bar.low) - 1)} y=${base - tall(bar.count)} height=${tall(bar.count)}>
      <title>${t("node.bar", { low: us(bar.low), high: us(bar.high), n: count(bar.count), share: percent(bar.count / told.decisions, 2) })}</title></rect>`)}
    <line class="axis" x1=${LEFT} x2=${wide - RIGHT} y1=${base} y2=${base} />
    ${marks.map(mark => html`<g key=${mark.name} class="mark"><line x1=${mark.x} x2=${mark.x} y1=${TOP - 12 - mark.row * 16} y2=${base} /><text x=${mark.middle} y=${TOP - 16 - mark.row * 16} text-anchor="middle">${mark.text}</text></g>`)}
    ${deadline ? html`<g class="deadline"><line x1=${x(deadline)} x2=${x(deadline)} y1=${TOP} y2=${base + 4} /><text x=${x(deadline) - 6} y=${TOP + 14} text-anchor="end">${t("node.deadline", { time: us(deadline) })}</text></g>` : null}</svg></div>`;
};
