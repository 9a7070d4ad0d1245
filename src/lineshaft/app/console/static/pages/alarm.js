import { html, useRef } from "../lib/ui.js";
import { pulse } from "../lib/live.js";
import { replace, route } from "../lib/route.js";
import { t } from "../lib/text.js";
import { Active } from "../alarm/active.js";
import { Figures } from "../alarm/figures.js";
import { Journal } from "../alarm/journal.js";
import { Past } from "../alarm/past.js";

// Alarms (ISA-18.2): as they stand, as they were, every act, and how the alarm system does.
const TABS = { active: Active, history: Past, journal: Journal, figures: Figures };

const View = () => {
  const { query } = route.use(), tabs = useRef(null);
  const tab = TABS[query.get("tab")] ? query.get("tab") : query.has("at") ? "history" : "active";
  const change = part => replace("alarm", { ...Object.fromEntries(query), ...part });
  const open = name => replace("alarm", { tab: name === "active" ? null : name });
  const waiting = (pulse.use()?.alarms || []).filter(alarm => alarm.state.endsWith("unacknowledged")).length;
  const press = event => {
    const names = Object.keys(TABS), step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = names[(names.indexOf(tab) + step + names.length) % names.length];
    open(next);
    tabs.current.querySelector(`#tab-${next}`).focus();
  };
  return html`<div class="alarms"><div class="head"><h1>${t("alarm.title")}</h1>
      <div class="tabs" role="tablist" aria-label=${t("alarm.title")} ref=${tabs} onKeyDown=${press}>${Object.keys(TABS).map(name => html`<button key=${name} id=${`tab-${name}`} role="tab"
        aria-selected=${name === tab ? "true" : "false"} aria-controls="alarm-panel" tabindex=${name === tab ? 0 : -1} onClick=${() => open(name)}>${t(`alarm.tab.${name}`)}${name === "active" && waiting ? html` <span class="count waiting">${waiting}</span>` : null}</button>`)}</div></div>
    <div role="tabpanel" id="alarm-panel" aria-labelledby=${`tab-${tab}`}><${TABS[tab]} query=${query} change=${change} /></div></div>`;
};

export const page = { name: "alarm", order: 3, icon: "alarm", view: View };
