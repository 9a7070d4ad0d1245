import { html, useMemo, useState, useEffect } from "../lib/ui.js";
import { serverNow } from "../lib/live.js";
import { useGet } from "../lib/load.js";
import { href } from "../lib/route.js";
import { short, t } from "../lib/text.js";
import { Chart, colorOf, dashOf } from "../parts/chart.js";
import { State } from "../parts/state.js";

// The first causes around the moment at which the alarm came.
const MOST = 3, SHORTEST = 60000, LONGEST = 3600000, COLUMNS = 500, EVERY = 5000;

export const around = (start, end, now) => {
  const lead = Math.max(SHORTEST, Math.min(LONGEST, (end - start) * 0.6));
  return [Math.round(start - lead), Math.round(Math.min(end + lead / 2, start + 3 * lead, now))];
};

export const Onset = ({ start, end, open, causes }) => {
  const [now, tick] = useState(serverNow());
  useEffect(() => {
    if (!open) return undefined;
    const timer = setInterval(() => { if (!document.hidden) tick(serverNow()); }, EVERY);
    return () => clearInterval(timer);
  }, [open]);
  const tags = causes.slice(0, MOST).map(cause => cause.tag);
  const range = around(start, open ? now : end, now);
  const { data, error } = useGet(tags.length ? "/trend" : null, { tags, start: range[0], end: range[1] + 1, columns: COLUMNS });
  const { data: known } = useGet("/tag");
  const series = useMemo(() => {
    const about = new Map((known || []).map(tag => [tag.path, tag]));
    return tags.map((path, place) => ({ key: path, label: short(path), title: path, unit: about.get(path)?.unit || "", axis: about.get(path)?.unit || path,
                                        color: colorOf(place), dash: dashOf(place), t: [], v: [], q: [], ...data?.series?.[path] }));
  }, [data, known, tags.join("\n")]);
  const spans = useMemo(() => [{ start, end: open ? now : end, kind: "alarm" }], [start, end, open, now]);
  if (!tags.length) return null;
  return html`<section class="onset"><div class="row"><h3>${t("alarm.onset")}</h3><span class="grow"></span>
      <a href=${href("trend", { tags, start: range[0], end: range[1] })}>${t("alarm.to_trend")}</a></div>
    ${error ? html`<${State} level="warn" text=${error.message} />`
      : html`<${Chart} series=${series} range=${range} spans=${spans} height=${190} now=${open ? now : undefined} />`}</section>`;
};
