import { html } from "../lib/ui.js";
import { useGet } from "../lib/load.js";
import { href } from "../lib/route.js";
import { duration, moment, percent, short, t } from "../lib/text.js";
import { State } from "../parts/state.js";
import { VerdictMark } from "./mark.js";
import { Done } from "./word.js";

// Past alarms that blamed the same tags: what people said of them, and what they did then.
export const Cases = ({ at, round }) => {
  const { data, error, loading } = useGet(`/alarm/occurrences/${at}/cases`, { round: round || null });
  return html`<section class="cases-past"><h3>${t("alarm.cases")}</h3>
    ${error ? html`<${State} level="warn" text=${error.message} />` : !data ? html`<p class="note">${loading ? t("common.loading") : ""}</p>`
      : !data.length ? html`<p class="note">${t("alarm.cases.none")}</p>`
      : html`<ol class="past">${data.map(({ similarity, occurrence }) => html`<li key=${occurrence.start}>
          <div class="alike"><span class="bar" aria-hidden="true"><i style=${{ width: `${100 * similarity}%` }}></i></span>
            <span class="n">${t("alarm.alike", { share: percent(similarity, 0) })}</span></div>
          <div class="what"><a class="time" href=${href("alarm", { tab: "history", at: occurrence.start })}>${moment(occurrence.start)}</a>
            <span class="soft">${t("alarm.lasted", { time: duration(occurrence.duration_ms) })}</span>
            ${occurrence.verdict ? html`<${VerdictMark} verdict=${occurrence.verdict.verdict} label=${occurrence.verdict.label} />` : html`<span class="soft">${t("alarm.unjudged")}</span>`}</div>
          <div class="soft break" title=${occurrence.causes.map(cause => cause.tag).join("\n")}>${occurrence.causes.slice(0, 3).map(cause => `${short(cause.tag)} ${percent(cause.share, 0)}`).join(" · ")}</div>
          ${occurrence.verdict?.comment ? html`<blockquote><bdi>${occurrence.verdict.comment}</bdi> <span class="soft">· <bdi>${occurrence.verdict.by}</bdi></span></blockquote>` : null}
          <${Done} occurrence=${occurrence} brief=${true} /></li>`)}</ol>`}</section>`;
};
