"use strict";
(() => {
  document.documentElement.classList.add("js");
  for (const box of document.querySelectorAll("input[data-layer]"))
    box.addEventListener("change", () => document.body.classList.toggle("hide-" + box.dataset.layer, !box.checked));

  const points = new WeakMap();
  const read = path => {
    if (!points.has(path)) {
      const found = [];
      for (const [, x, y] of path.getAttribute("d").matchAll(/(-?[\d.]+) (-?[\d.]+)/g)) found.push([+x, +y]);
      points.set(path, found);
    }
    return points.get(path);
  };
  const near = (list, x) => {
    let low = 0, high = list.length;
    while (low < high) { const mid = (low + high) >> 1; if (list[mid][0] < x) low = mid + 1; else high = mid; }
    const best = list[low] && (!list[low - 1] || list[low][0] - x < x - list[low - 1][0]) ? list[low] : list[low - 1];
    if (!best || Math.abs(best[0] - x) > 12) return [];
    return list.filter(point => Math.abs(point[0] - best[0]) < 0.05).map(point => point[1]);
  };
  const value = (plot, y) => {
    const share = 1 - y / 100, low = +plot.dataset.low, high = +plot.dataset.high;
    if (plot.dataset.bend === "log") return low * Math.pow(high / low, share);
    if (plot.dataset.bend === "sqrt") return Math.pow(Math.sqrt(low) + share * (Math.sqrt(high) - Math.sqrt(low)), 2);
    return low + share * (high - low);
  };
  const short = number => String(+number.toPrecision(6));
  // As many digits as the drawing holds: one part in 500 of a straight scale.
  const shown = (plot, number) => plot.dataset.bend !== "linear" ? number.toPrecision(2)
    : number.toFixed(Math.min(12, Math.max(0, Math.ceil(-Math.log10((plot.dataset.high - plot.dataset.low) / 500)))));
  const told = (group, share) => {
    const at = +group.dataset.start + share * (group.dataset.end - group.dataset.start);
    if (group.dataset.axis === "utc") return new Date(at).toISOString().slice(0, 19).replace("T", " ");
    return group.dataset.axis === "elapsed" ? short(at / 1000) + " s" : "";
  };

  for (const group of document.querySelectorAll(".linked")) {
    const plots = [...group.querySelectorAll(".plot")].map(plot => {
      const cursor = document.createElement("i");
      cursor.className = "cursor";
      cursor.hidden = true;
      plot.append(cursor);
      return { plot, cursor, path: plot.querySelector("path.trace"), out: plot.parentNode.querySelector(".readout") };
    });
    const move = event => {
      const over = event.target.closest(".plot");
      if (!over) return leave();
      const box = over.getBoundingClientRect(), share = (event.clientX - box.left) / box.width;
      plots.forEach(({ plot, cursor, path, out }, i) => {
        cursor.hidden = false;
        cursor.style.left = 100 * share + "%";
        const here = path ? near(read(path), 1000 * share).map(y => value(plot, y)) : [];
        const low = shown(plot, Math.min(...here)), high = shown(plot, Math.max(...here));
        const text = here.length ? (low === high ? low : low + " … " + high) : "–";
        out.textContent = (i === 0 ? told(group, share) + "   " : "") + text;
      });
    };
    const leave = () => plots.forEach(({ cursor, out }) => { cursor.hidden = true; out.textContent = ""; });
    group.addEventListener("pointermove", move);
    group.addEventListener("pointerleave", leave);
  }
})();
