import { html, useEffect, useState } from "../lib/ui.js";
import { get, link as address } from "../lib/api.js";
import { useGet } from "../lib/load.js";
import { href, replace, route } from "../lib/route.js";
import { language, moment, percent, t } from "../lib/text.js";
import { Empty } from "../parts/empty.js";
import { Icon } from "../parts/icon.js";
import { SpanPicker, spanOf } from "../parts/span.js";
import { State } from "../parts/state.js";

const ASK_MS = 500;

// Asked again until it is made: { state: "running" | "done" | "failed", done, total, error }.
const useMaking = ({ start, end }) => {
  const [found, set] = useState({ state: "running", done: 0, total: 0 });
  const [round, again] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    let timer = null;
    const ask = async () => {
      try {
        const told = await get("/report", { start, end }, stop.signal);
        set(told);
        if (told.state !== "done") timer = setTimeout(ask, ASK_MS);
      } catch (error) {
        if (error.name !== "AbortError") set({ state: "failed", error });
      }
    };
    set({ state: "running", done: 0, total: 0 });
    ask();
    return () => { stop.abort(); clearTimeout(timer); };
  }, [start, end, round]);
  return { ...found, again: () => again(one => one + 1) };
};

// The theme that the console has now, also while it is changed.
const useTheme = () => {
  const now = () => document.documentElement.dataset.theme || "auto";
  const [theme, set] = useState(now());
  useEffect(() => {
    const seen = new MutationObserver(() => set(now()));
    seen.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    return () => seen.disconnect();
  }, []);
  return theme;
};

const Report = () => {
  const { query } = route.use();
  const [span, setSpan] = useState(() => spanOf(query, "hour"));
  const lang = language.use(), theme = useTheme();
  const { data: plant, error } = useGet("/plant", {});
  const nothing = error?.status === 404 || (plant && !plant.tags.length);
  if (nothing) return html`<div class="head"><h1>${t("report.nav")}</h1></div><div class="panel"><${Empty} title=${t("report.nothing")} text=${error?.message || t("plant.nothing_recorded_do")}>
    ${error ? html`<a class="button" href=${href("setup")}>${t("plant.set_up")}</a>` : null}</${Empty}></div>`;
  const choose = next => {
    setSpan(next);
    replace("report", next.span === "custom" ? { start: next.start, end: next.end } : { span: next.span });
  };
  return html`<div class="head"><h1>${t("report.nav")}</h1><${SpanPicker} chosen=${span} onChange=${choose} /></div>
    ${plant ? html`<${Made} key=${`${span.start}-${span.end}`} span=${span} lang=${lang} theme=${theme} />` : html`<p class="soft" role="status">${t("common.loading")}</p>`}`;
};

const Made = ({ span, lang, theme }) => {
  const found = useMaking(span);
  const where = { start: span.start, end: span.end, lang, theme };
  if (found.state === "failed") return html`<div class="panel"><${State} level="warn" text=${found.error.message} /> <button onClick=${found.again}>${t("common.again")}</button></div>`;
  if (found.state !== "done") return html`<div class="panel row makingrow" role="status"><progress aria-label=${t("report.making")} value=${found.total ? found.done : undefined} max=${found.total || undefined}></progress>
    <span class="soft">${t("report.making")}${found.total ? ` · ${percent(found.done / found.total, 0)}` : ""}</span></div>`;
  return html`<div class="row saving"><a class="button" href=${address("/report/page", { ...where, theme: "auto", save: true })} download><${Icon} name="save" size="16" />${t("report.save")}</a>
      <span class="soft small">${t("report.one_file")}</span></div>
    <iframe class="report" sandbox="allow-scripts" title=${t("report.of", { start: moment(span.start), end: moment(span.end) })} src=${address("/report/page", where)}></iframe>`;
};

export const page = { name: "report", order: 7, icon: "report", view: Report };
