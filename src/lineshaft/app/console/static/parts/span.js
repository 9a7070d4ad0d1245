import { html, useState } from "../lib/ui.js";
import { serverNow } from "../lib/live.js";
import { moment, t } from "../lib/text.js";
import { RangeDialog } from "./range-dialog.js";

// A stretch to look back over: the last hour, shift, day or week up to a full minute, or two moments.
const MINUTE = 60000, HOUR = 3600000;
export const SPANS = { hour: HOUR, shift: 8 * HOUR, day: 24 * HOUR, week: 168 * HOUR };

// { span, start, end } out of the address; `end` stays until somebody asks for the newest.
export const spanOf = (query, first) => {
  const start = Number(query.get("start")), end = Number(query.get("end"));
  if (start > 0 && start < end) return { span: SPANS[query.get("span")] === end - start ? query.get("span") : "custom", start, end };
  const span = SPANS[query.get("span")] ? query.get("span") : first;
  return upToNow(span);
};
export const upToNow = span => {
  const end = Math.floor(serverNow() / MINUTE) * MINUTE;
  return { span, start: end - SPANS[span], end };
};

export const SpanPicker = ({ chosen, onChange }) => {
  const [asking, ask] = useState(false);
  return html`<div class="row spans" role="group" aria-label=${t("common.span.label")}>
    ${Object.keys(SPANS).map(span => html`<button key=${span} type="button" aria-pressed=${String(chosen.span === span)} onClick=${() => onChange(upToNow(span))}>${t(`common.span.${span}`)}</button>`)}
    <button type="button" aria-pressed=${String(chosen.span === "custom")} onClick=${() => ask(true)}>${t("common.span.custom")}</button>
    <span class="soft time">${moment(chosen.start)} – ${moment(chosen.end)}</span>
    ${asking ? html`<${RangeDialog} start=${chosen.start} end=${chosen.end} onClose=${() => ask(false)}
      onChange=${(start, end) => { ask(false); onChange({ span: "custom", start, end }); }} />` : null}</div>`;
};
