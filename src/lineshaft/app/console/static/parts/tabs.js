import { html, useRef } from "../lib/ui.js";

// Tabs of one view: arrows move, as in every tab list. tabs: [{ name, label, mark }]; the panel below is the caller's.
export const Tabs = ({ tabs, chosen, onChoose, label, id }) => {
  const place = useRef(null);
  const move = event => {
    const at = tabs.findIndex(tab => tab.name === chosen), steps = { ArrowRight: 1, ArrowLeft: -1 };
    const next = event.key === "Home" ? 0 : event.key === "End" ? tabs.length - 1
      : steps[event.key] ? (at + steps[event.key] + tabs.length) % tabs.length : -1;
    if (next < 0) return;
    event.preventDefault();
    onChoose(tabs[next].name);
    place.current.querySelectorAll("[role=tab]")[next]?.focus();
  };
  return html`<div class="tablist" role="tablist" aria-label=${label} ref=${place} onKeyDown=${move}>${tabs.map(tab => html`
    <button key=${tab.name} role="tab" type="button" id=${`${id}-${tab.name}`} aria-controls=${`${id}-panel`} aria-selected=${tab.name === chosen}
      tabindex=${tab.name === chosen ? 0 : -1} onClick=${() => onChoose(tab.name)}>${tab.label}${tab.mark || null}</button>`)}</div>`;
};
export const TabPanel = ({ id, chosen, children }) =>
  html`<div role="tabpanel" id=${`${id}-panel`} aria-labelledby=${`${id}-${chosen}`} class="tabpanel">${children}</div>`;
