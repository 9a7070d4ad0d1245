import { html } from "../lib/ui.js";
import { percent, short, t } from "../lib/text.js";
import { href } from "../lib/route.js";

// Which tags a score points to, as bars; each leads to its trend.
export const Causes = ({ causes, most = 5, start, end }) => {
  const shown = causes.slice(0, most), rest = causes.length - shown.length;
  if (!shown.length) return html`<span class="soft">${t("common.no_cause")}</span>`;
  return html`<ul class="causes">${shown.map(({ tag, share }) => html`<li key=${tag}>
    <span class="bar" aria-hidden="true"><i style=${{ width: `${Math.min(100, 100 * share)}%` }}></i></span>
    <span class="n">${share === null || share === undefined ? "" : percent(share, 0)}</span>
    <a class="name" href=${href("trend", { tags: tag, start, end })} title=${tag}><bdi>${short(tag)}</bdi></a>
  </li>`)}${rest > 0 ? html`<li class="rest soft">${t("common.more", { n: rest })}</li>` : null}</ul>`;
};
