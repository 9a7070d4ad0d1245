import { html, useLayoutEffect, useRef, useState } from "../lib/ui.js";

// Boxes in columns, and lines between them: a small graph that flows from left to right.
// columns: [{ title, boxes: [{ id, view }] }]; edges: [[from, to, kind]]; an edge within a column goes upwards along its left side.
export const Links = ({ columns, edges, label }) => {
  const place = useRef(null);
  const [drawn, draw] = useState({ paths: [], width: 0, height: 0 });
  const shape = JSON.stringify([columns.map(column => column.boxes.map(box => box.id)), edges]);
  useLayoutEffect(() => {
    const measure = () => {
      const whole = place.current.getBoundingClientRect();
      const at = Object.fromEntries([...place.current.querySelectorAll("[data-box]")].map(box => {
        const found = box.getBoundingClientRect();
        return [box.dataset.box, { left: found.left - whole.left, right: found.right - whole.left, top: found.top - whole.top,
                                   bottom: found.bottom - whole.top, middle: (found.top + found.bottom) / 2 - whole.top }];
      }));
      const paths = edges.filter(([from, to]) => at[from] && at[to]).map(([from, to, kind]) => {
        const a = at[from], b = at[to];
        if (Math.abs(a.left - b.left) < 8 && a.top > b.top) return { kind, d: `M${a.left + 18},${a.top}V${b.bottom + 5}`, head: [a.left + 18, b.bottom + 1, "up"] };
        if (b.left <= a.right) return { kind, d: `M${a.left + 18},${a.bottom}V${b.top - 5}`, head: [a.left + 18, b.top - 1, "down"] };
        const half = Math.min(22, (b.left - a.right) / 2), turn = b.left - half;
        return { kind, d: `M${a.right},${a.middle}H${turn - 8}C${turn},${a.middle} ${turn - 8},${b.middle} ${turn},${b.middle}H${b.left - 5}`, head: [b.left - 1, b.middle, "right"] };
      });
      draw({ paths, width: whole.width, height: whole.height });
    };
    measure();
    const size = new ResizeObserver(measure);
    size.observe(place.current);
    return () => size.disconnect();
  }, [shape]);
  const arrow = ([x, y, way]) => (way === "right" ? `M${x},${y}l-7,-4v8z` : way === "up" ? `M${x},${y}l-4,7h8z` : `M${x},${y}l-4,-7h8z`);
  return html`<div class="links" ref=${place} role="group" aria-label=${label} style=${{ "--columns": columns.length }}>
    <svg aria-hidden="true" width=${drawn.width} height=${drawn.height}>${drawn.paths.map((one, place_) => html`<g key=${place_} class=${one.kind || ""}><path class="line" d=${one.d} /><path class="head" d=${arrow(one.head)} /></g>`)}</svg>
    ${columns.map((column, at) => html`<div class="column" key=${at}><h3>${column.title}</h3>${column.boxes.map(box => html`<div class="box" key=${box.id} data-box=${box.id}>${box.view}</div>`)}</div>`)}</div>`;
};
