import { html, useState } from "../lib/ui.js";
import { duration, t } from "../lib/text.js";
import { Dialog } from "./dialog.js";
import { MomentInput, asMoment, momentOf } from "./moment-input.js";

// Two moments typed or picked, and another beginning to compare with where `compare` (ms, 0 for none) is given.
export const RangeDialog = ({ start, end, compare, onClose, onChange }) => {
  const [from, setFrom] = useState(asMoment(start)), [to, setTo] = useState(asMoment(end));
  const [other, setOther] = useState(compare ? asMoment(start - compare) : "");
  const a = momentOf(from), b = momentOf(to), c = momentOf(other);
  const wrong = !(a < b) ? t("trend.range.empty") : other && !(c < a) ? t("trend.range.later") : "";
  return html`<${Dialog} title=${t("trend.range")} onClose=${onClose}><form onSubmit=${event => {
      event.preventDefault();
      if (!wrong) onChange(a, b, other ? a - c : 0);
    }}><${MomentInput} label=${t("trend.range.from")} value=${from} set=${setFrom} /><${MomentInput} label=${t("trend.range.to")} value=${to} set=${setTo} />
      ${compare === undefined ? null : html`<${MomentInput} label=${t("trend.range.compare")} value=${other} set=${setOther} />`}
      <p class="note" role="status">${wrong || duration(b - a)}</p>
      <div class="actions"><button type="button" onClick=${onClose}>${t("common.cancel")}</button><button class="primary" disabled=${Boolean(wrong)}>${t("trend.range.show")}</button></div>
    </form></${Dialog}>`;
};
