import { html } from "../lib/ui.js";
import { dismiss, notices } from "../lib/notice.js";
import { t } from "../lib/text.js";
import { Icon } from "./icon.js";
import { Shape } from "./state.js";

export const Notices = () => {
  const shown = notices.use();
  return html`<div class="notices" role="status" aria-live="polite">${shown.map(one => html`
    <div key=${one.number} class=${`notice ${one.kind}`}><${Shape} level=${one.kind === "failed" ? "warn" : "ok"} />
      <span class="break">${one.text}</span>
      <button class="plain" onClick=${() => dismiss(one.number)} aria-label=${t("common.close")}><${Icon} name="close" size="16" /></button>
    </div>`)}</div>`;
};
