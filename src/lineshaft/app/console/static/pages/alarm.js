import { html } from "../lib/ui.js";
import { pulse } from "../lib/live.js";
import { replace, route } from "../lib/route.js";
import { t } from "../lib/text.js";
import { Active } from "../alarm/active.js";
import { Figures } from "../alarm/figures.js";
import { Journal } from "../alarm/journal.js";
import { Past } from "../alarm/past.js";
import { TabPanel, Tabs } from "../parts/tabs.js";

// Alarms (ISA-18.2): as they stand, as they were, every act, and how the alarm system does.
const TABS = { active: Active, history: Past, journal: Journal, figures: Figures };

const View = () => {
  const { query } = route.use();
  const tab = TABS[query.get("tab")] ? query.get("tab") : query.has("at") ? "history" : "active";
  const change = part => replace("alarm", { ...Object.fromEntries(query), ...part });
  const waiting = (pulse.use()?.alarms || []).filter(alarm => alarm.state.endsWith("unacknowledged")).length;
  const mark = waiting ? html` <span class="count waiting" aria-label=${t("common.waiting", { n: waiting })}>${waiting}</span>` : null;
  return html`<div class="alarms"><div class="head"><h1>${t("alarm.title")}</h1>
      <${Tabs} tabs=${Object.keys(TABS).map(name => ({ name, label: t(`alarm.tab.${name}`), mark: name === "active" ? mark : null }))} chosen=${tab} id="alarm"
        label=${t("alarm.title")} onChoose=${name => replace("alarm", { tab: name === "active" ? null : name })} /></div>
    <${TabPanel} id="alarm" chosen=${tab}><${TABS[tab]} query=${query} change=${change} /></${TabPanel}></div>`;
};

export const page = { name: "alarm", order: 3, icon: "alarm", view: View };
