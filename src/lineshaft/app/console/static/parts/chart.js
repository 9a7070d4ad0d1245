import { html, useEffect, useLayoutEffect, useRef, useState } from "../lib/ui.js";
import uPlot from "../vendor/uplot.js";
import { clock, day, language, moment, number, t, unit as shownUnit, zone } from "../lib/text.js";

// One chart over time. uPlot draws; here is what a plant needs besides: quality, bands, alarms, a shared cursor.
//
// series: [{ key, label, unit, t: [ms], v: [number|null], q: [0 good, 1 uncertain, 2 bad], color, dash, band: {low, high},
//            axis (series of one axis share a scale), shift (ms added to t), faint }]
// range: [start, end] ms; onRange(start, end) when the reader zooms or pans; select: (start, end) => ... instead of zoom.
// spans: [{ start, end, kind: "alarm"|"event"|"normal"|"chosen", label }]; limit: { axis, value, label }
// gutter: [left, right] axes that charts above or below have, so that their times stand in one line.
// now: ms, the live edge; what lies beyond the newest sample is hatched as unknown.
const DASHES = [[], [8, 3], [2, 3], [10, 3, 2, 3], [5, 5], [1, 2], [14, 4], [6, 2, 2, 2]];
export const PALETTE = 8;
export const colorOf = place => `var(--s${(place % PALETTE) + 1})`;
export const dashOf = place => DASHES[place % DASHES.length];

const css = name => getComputedStyle(document.documentElement).getPropertyValue(name.replace(/^var\(|\)$/g, "")).trim();

// The newest sample at or before x: what the plant said at that moment.
export const asOf = (times, values, quality, x) => {
  let low = 0, high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= x) low = middle + 1; else high = middle;
  }
  return low ? { t: times[low - 1], v: values[low - 1], q: quality?.[low - 1] ?? 0 } : null;
};

const parted = one => { // good and doubtful as two lines; the doubtful one reaches to its good neighbours
  const good = new Array(one.v.length), doubt = new Array(one.v.length);
  let any = false;
  for (let i = 0; i < one.v.length; i++) {
    const sure = !one.q || one.q[i] === 0;
    good[i] = sure ? one.v[i] : null;
    const beside = one.q && ((i && one.q[i - 1] > 0) || (i + 1 < one.q.length && one.q[i + 1] > 0));
    doubt[i] = !sure || beside ? one.v[i] : null;
    any = any || (!sure && one.v[i] !== null);
  }
  return { good, doubt: any ? doubt : null };
};

const joined = series => {
  const lines = series.map(parted);
  const tables = [];
  const order = [];
  series.forEach((one, place) => {
    const times = one.shift ? one.t.map(at => at + one.shift) : one.t;
    tables.push([times, lines[place].good]);
    order.push({ place, doubt: false });
    if (lines[place].doubt) { tables.push([times, lines[place].doubt]); order.push({ place, doubt: true }); }
  });
  const data = tables.length ? uPlot.join(tables, tables.map(() => [1, 1])) : [[]];
  return { data, order };
};

const hatch = (context, x, y, width, height, color) => {
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.strokeStyle = color;
  context.lineWidth = devicePixelRatio;
  context.beginPath();
  for (let at = x - height; at < x + width; at += 6 * devicePixelRatio) {
    context.moveTo(at, y + height);
    context.lineTo(at + height, y);
  }
  context.stroke();
  context.restore();
};

const drawBelow = (plot, props) => {
  const { ctx, bbox } = plot, { series, spans = [], focus } = props;
  const x = at => Math.round(plot.valToPos(at, "x", true));
  const clampX = at => Math.max(bbox.left, Math.min(bbox.left + bbox.width, at));
  ctx.save();
  for (const span of spans) {
    const left = clampX(x(span.start)), right = clampX(Math.max(x(span.end), x(span.start) + devicePixelRatio));
    if (right <= left) continue;
    ctx.fillStyle = css(span.kind === "alarm" ? "--alarm-soft" : span.kind === "chosen" ? "--band" : span.kind === "normal" ? "--band" : "--note-soft");
    ctx.fillRect(left, bbox.top, right - left, bbox.height);
    if (span.kind === "alarm") { ctx.fillStyle = css("--alarm"); ctx.fillRect(left, bbox.top, right - left, 3 * devicePixelRatio); }
    if (span.kind === "chosen") { ctx.strokeStyle = css("--ink"); ctx.lineWidth = devicePixelRatio; ctx.strokeRect(left, bbox.top, right - left, bbox.height); }
  }
  const banded = series.filter(one => one.band), chosen = banded.length > 1 ? banded.filter(one => one.key === focus) : banded;
  for (const one of chosen) { // of several bands only that of the line in focus: more would be mud
    const scale = one.axis ?? one.unit ?? "";
    if (!plot.scales[scale]) continue;
    const top = plot.valToPos(one.band.high, scale, true), bottom = plot.valToPos(one.band.low, scale, true);
    const above = Math.max(bbox.top, Math.min(top, bottom)), below = Math.min(bbox.top + bbox.height, Math.max(top, bottom));
    if (below > above) { ctx.fillStyle = css("--band"); ctx.fillRect(bbox.left, above, bbox.width, below - above); }
  }
  ctx.restore();
};

const drawAbove = (plot, props) => {
  const { ctx, bbox } = plot, { series, limit, now } = props;
  const dpr = devicePixelRatio, height = 5 * dpr;
  const x = at => plot.valToPos(at, "x", true);
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  let strip = bbox.top + bbox.height - height;
  for (const one of series) { // stretches of bad quality as a hatched strip a series
    if (!one.q) continue;
    let begin = null;
    for (let i = 0; i <= one.q.length; i++) {
      const bad = i < one.q.length && one.q[i] === 2;
      if (bad && begin === null) begin = one.t[i];
      if (!bad && begin !== null) {
        const left = x(begin + (one.shift || 0)), right = x((i < one.t.length ? one.t[i] : one.t[i - 1]) + (one.shift || 0));
        hatch(ctx, left, strip, Math.max(right - left, 2 * dpr), height, css(one.color));
        begin = null;
      }
    }
    strip -= height + dpr;
  }
  if (now) {
    const newest = Math.max(0, ...series.filter(one => !one.shift && one.t.length).map(one => one.t[one.t.length - 1]));
    const left = x(newest), right = x(now);
    if (newest && right - left > 6 * dpr) hatch(ctx, left, bbox.top, right - left, bbox.height, css("--rule"));
  }
  if (limit && plot.scales[limit.axis]) {
    const y = plot.valToPos(limit.value, limit.axis, true);
    ctx.strokeStyle = css("--alarm");
    ctx.lineWidth = 1.2 * dpr;
    ctx.setLineDash([7 * dpr, 4 * dpr]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.setLineDash([]);
    if (limit.label) {
      ctx.fillStyle = css("--alarm");
      ctx.font = `${11 * dpr}px system-ui, sans-serif`;
      ctx.textAlign = "right";
      ctx.fillText(limit.label, bbox.left + bbox.width - 4 * dpr, y - 4 * dpr);
    }
  }
  ctx.restore();
};

const DAY = 86400000;
const timeLabels = (plot, splits) => {
  let before = "";
  const wide = splits.length > 1 ? splits[1] - splits[0] : 1000;
  return splits.map(at => {
    const date = day(at), text = wide >= DAY ? "" : wide >= 60000 ? clock(at).slice(0, 5)
      : wide >= 1000 ? clock(at) : `${clock(at)}.${String(at % 1000).padStart(3, "0").slice(0, 1)}`;
    const shown = date !== before ? (text ? `${text}\n${date}` : date) : text;
    before = date;
    return shown;
  });
};

const AXIS = 68; // px that a vertical axis takes with its unit
const options = (props, width, refs) => {
  const { series, axes, height, select } = props, quiet = css("--soft"), grid = css("--grid");
  const { order } = refs.joined;
  const font = "11px system-ui, 'Noto Sans CJK SC', sans-serif";
  const mine = [Math.max(1, Math.ceil(axes.length / 2)), Math.floor(axes.length / 2)];
  const [wanted, right] = [Math.max(mine[0], props.gutter?.[0] ?? 0), Math.max(mine[1], props.gutter?.[1] ?? 0)];
  const gridOf = place => ({ show: place === 0, stroke: grid, width: 1 });
  return {
    width, height, ms: 1, legend: { show: false }, padding: [10, 14 + AXIS * (right - mine[1]), 0, AXIS * (wanted - mine[0])],
    tzDate: zone.get() === "utc" ? at => uPlot.tzDate(new Date(at), "Etc/UTC") : undefined,
    cursor: { drag: { x: true, y: false, setScale: false }, points: { show: false }, focus: { prox: 24 },
              sync: props.sync ? { key: props.sync } : undefined, bind: { dblclick: () => null } },
    scales: { x: { time: true, auto: false, range: () => refs.props.range },
              ...Object.fromEntries(axes.map(axis => [axis, { range: (_, low, high) => scaled(refs.props, axis, low, high) }])) },
    axes: [{ stroke: quiet, font, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1, size: 4 }, size: 38, space: 78, values: timeLabels },
           ...axes.map((axis, place) => ({
             scale: axis, side: place % 2 ? 1 : 3, stroke: axes.length > 1 ? css(colorOfAxis(series, axis)) : quiet, font,
             label: axes.length > 1 || axis ? shownUnit(axis.split("\u0000")[0]) : undefined, labelSize: 14, labelFont: font, labelGap: 0,
             grid: gridOf(place), ticks: { stroke: grid, width: 1, size: 4 }, size: axes.length > 1 || axis ? AXIS - 14 : AXIS, space: 34,
             values: (_, splits) => splits.map(one => number(one, 6)) }))],
    series: [{}, ...order.map(({ place, doubt }) => {
      const one = series[place];
      return { label: one.label, scale: one.axis ?? one.unit ?? "", stroke: () => css(doubt ? "--bad" : one.color), alpha: one.faint ? 0.55 : 1,
               width: doubt ? 1 : 1.4, dash: doubt ? [2, 4] : one.dash, spanGaps: false, paths: one.steps ? uPlot.paths.stepped({ align: 1 }) : undefined,
               points: { show: (plot, index, from, to) => !doubt && to - from < plot.bbox.width / devicePixelRatio / 14, size: 4, fill: () => css(one.color), stroke: () => css(one.color) } };
    })],
    hooks: {
      drawClear: [plot => drawBelow(plot, refs.props)], draw: [plot => drawAbove(plot, refs.props)],
      setCursor: [plot => refs.moved(plot)],
      setSelect: [plot => {
        const { left, width: wide } = plot.select;
        if (wide < 6) return;
        const from = Math.round(plot.posToVal(left, "x")), to = Math.round(plot.posToVal(left + wide, "x"));
        plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        (refs.props.select || refs.props.onRange)?.(from, to);
      }],
    },
  };
};
const colorOfAxis = (series, axis) => {
  const mine = series.filter(one => (one.axis ?? one.unit ?? "") === axis);
  return mine.length === 1 ? mine[0].color : "--soft";
};

const scaled = (props, axis, low, high) => {
  const fixed = props.fixed?.[axis];
  if (fixed) return fixed;
  let least = low, most = high;
  if (props.limit?.axis === axis) { least = Math.min(least ?? 0, 0); most = Math.max(most ?? 0, props.limit.value * 1.25); }
  if (least === null || most === null || least === undefined) return [0, 1];
  const air = (most - least || Math.abs(most) * 0.1 || 1) * 0.06;
  return [least - air, most + air];
};

export const Chart = props => {
  const box = useRef(null), plot = useRef(null), refs = useRef({});
  const [at, setAt] = useState(null), [focus, setFocus] = useState(null);
  const lang = language.use(), zoned = zone.use();
  const axes = [...new Set(props.series.map(one => one.axis ?? one.unit ?? ""))];
  const height = props.height || 260;
  refs.current.props = { ...props, axes, height, focus };
  refs.current.moved = one => {
    const index = one.cursor.left;
    const time = index === null || index === undefined || index < 0 ? null : one.posToVal(index, "x");
    setAt(time === null ? null : Math.round(time));
  };
  const shape = JSON.stringify([axes, height, lang, zoned, props.sync, props.gutter, Boolean(props.limit), props.series.map(one => [one.key, one.label, one.color, one.dash, one.faint, one.steps,
    Boolean(one.q?.some((q, i) => q > 0 && one.v[i] !== null))])]);

  useLayoutEffect(() => {
    refs.current.joined = joined(props.series);
    const made = new uPlot(options(refs.current.props, box.current.clientWidth || 600, refs.current), refs.current.joined.data, box.current);
    plot.current = made;
    const size = new ResizeObserver(() => { if (box.current) made.setSize({ width: box.current.clientWidth, height: refs.current.props.height }); });
    size.observe(box.current);
    const redraw = () => made.redraw(false, true);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", redraw);
    const themed = new MutationObserver(redraw);
    themed.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    return () => { size.disconnect(); themed.disconnect(); dark.removeEventListener("change", redraw); made.destroy(); plot.current = null; };
  }, [shape]);

  useEffect(() => {
    const made = plot.current;
    if (!made) return;
    refs.current.joined = joined(props.series);
    made.setData(refs.current.joined.data, true);
  }, [props.series, props.range[0], props.range[1], props.spans, props.limit]);

  useEffect(() => { plot.current?.redraw(false, false); }, [focus]);

  const [start, end] = props.range, wide = end - start;
  const move = (from, to) => props.onRange?.(Math.round(from), Math.round(to));
  const zoom = (factor, centre = (start + end) / 2) => move(centre - (centre - start) * factor, centre + (end - centre) * factor);
  const keys = event => {
    const acts = { ArrowLeft: () => move(start - wide / 4, end - wide / 4), ArrowRight: () => move(start + wide / 4, end + wide / 4),
                   "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2) };
    if (!acts[event.key] || !props.onRange) return;
    event.preventDefault();
    acts[event.key]();
  };
  useEffect(() => {
    const here = box.current;
    if (!props.onRange) return undefined;
    const wheel = event => {
      if (!event.ctrlKey && !event.altKey && !event.shiftKey) return; // a page must scroll past a chart
      event.preventDefault();
      const over = plot.current?.over.getBoundingClientRect();
      if (over) zoom(event.deltaY > 0 || event.deltaX > 0 ? 1.25 : 0.8, start + (event.clientX - over.left) / over.width * wide);
    };
    here.addEventListener("wheel", wheel, { passive: false });
    return () => here.removeEventListener("wheel", wheel);
  }, [start, end, props.onRange]);

  return html`<div class="chart">
    ${props.loading ? html`<span class="loading soft" role="status">${t("common.loading")}</span>` : null}
    <div class="plotted" ref=${box} role="img" tabindex=${props.onRange ? 0 : undefined} onKeyDown=${keys} aria-label=${props.label || said(props.series)}></div>
    ${props.legend === false ? null : html`<${Legend} series=${props.series} at=${at} range=${props.range} focus=${focus} setFocus=${setFocus} />`}</div>`;
};

const said = series => series.map(one => {
  const last = one.v.length ? one.v[one.v.length - 1] : null;
  return `${one.label}: ${number(last)} ${shownUnit(one.unit)}`;
}).join("; ");

const Legend = ({ series, at, range, focus, setFocus }) => html`<table class="legend"><thead><tr><th></th>
    <th><span class="time">${at === null ? t("common.newest") : moment(at)}</span></th><th class="n">${t("common.value")}</th>
    <th class="n">${t("common.least")}</th><th class="n">${t("common.most")}</th></tr></thead>
  <tbody>${series.map(one => {
    const found = asOf(one.t, one.v, one.q, (at ?? range[1]) - (one.shift || 0));
    const inside = one.v.filter((v, i) => v !== null && (!one.q || one.q[i] < 2) && one.t[i] >= range[0] - (one.shift || 0) && one.t[i] <= range[1] - (one.shift || 0));
    const least = inside.reduce((a, b) => Math.min(a, b), Infinity), most = inside.reduce((a, b) => Math.max(a, b), -Infinity);
    return html`<tr key=${one.key} class=${focus === one.key ? "focus" : ""} onMouseEnter=${() => setFocus(one.key)} onMouseLeave=${() => setFocus(null)}><td><svg width="26" height="10" aria-hidden="true"><line x1="1" x2="25" y1="5" y2="5" stroke=${one.color} stroke-width="2.4" stroke-dasharray=${(one.dash || []).join(" ")} opacity=${one.faint ? 0.55 : 1} /></svg></td>
      <td class="name" title=${one.title || one.label}><bdi>${one.label}</bdi></td>
      <td class=${`n ${found && found.q ? "doubtful" : ""}`}>${found ? number(found.v) : "–"} <span class="unit">${shownUnit(one.unit)}</span>${found && found.q ? html` <span class="warned">${t(found.q === 2 ? "common.bad" : "common.uncertain")}</span>` : null}</td>
      <td class="n">${number(least)}</td><td class="n">${number(most)}</td></tr>`;
  })}</tbody></table>`;
