import { html, useRef } from "../lib/ui.js";
import { t } from "../lib/text.js";

// A list in which one row is chosen: arrow keys move, Enter opens, other keys are the page's (`keys`).
// columns: [{ key, label, cell(row), sort (can be sorted by), className }]; rows have a `key`.
export const Rows = ({ label, columns, rows, chosen, onChoose, onOpen, keys = {}, sort, onSort, rowClass, rowLabel }) => {
  const body = useRef(null);
  const place = rows.findIndex(row => row.key === chosen);
  const move = to => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, to))];
    if (!row) return;
    onChoose(row);
    body.current.querySelector(`[data-key="${CSS.escape(String(row.key))}"]`)?.focus();
  };
  const press = event => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const acts = { ArrowDown: () => move(place + 1), ArrowUp: () => move(place - 1), Home: () => move(0), End: () => move(rows.length - 1),
                   Enter: () => { move(place < 0 ? 0 : place); onOpen?.(rows[Math.max(place, 0)]); }, " ": () => move(Math.max(place, 0)) };
    const act = acts[event.key] || (keys[event.key.toLowerCase()] && rows[place] && (() => keys[event.key.toLowerCase()](rows[place])));
    if (!act || event.target.closest("a, button")) return;
    event.preventDefault();
    act();
  };
  return html`<table class="rows" role="grid" aria-label=${label}><thead><tr role="row">${columns.map(one => html`<th key=${one.key} role="columnheader" class=${one.className}
      aria-sort=${one.sort ? (sort === one.key ? "ascending" : "none") : undefined}>${one.sort
        ? html`<button class="plain sort" onClick=${() => onSort(one.key)} aria-label=${t("alarm.sort", { what: one.label })}>${one.label}<span aria-hidden="true">${sort === one.key ? "▾" : ""}</span></button>`
        : one.label}</th>`)}</tr></thead>
    <tbody ref=${body} onKeyDown=${press}>${rows.map((row, number) => html`<tr key=${row.key} role="row" data-key=${row.key} class=${rowClass?.(row)}
        aria-selected=${row.key === chosen ? "true" : "false"} aria-label=${rowLabel?.(row)} tabindex=${row.key === chosen || (place < 0 && number === 0) ? 0 : -1}
        onClick=${() => { onChoose(row); }}>${columns.map(one => html`<td key=${one.key} role="gridcell" class=${one.className}>${one.cell(row)}</td>`)}</tr>`)}</tbody></table>`;
};
