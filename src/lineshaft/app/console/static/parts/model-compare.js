import { html, useEffect, useRef, useState } from "../lib/ui.js";
import { get } from "../lib/api.js";
import { serverNow } from "../lib/live.js";
import { count, duration, known, moment, number, percent, t } from "../lib/text.js";
import { versionOf } from "./bundle.js";
import { Chart } from "./chart.js";
import { Empty } from "./empty.js";
import { us, mib } from "./model-certificate.js";
import { State } from "./state.js";

const EVERY = 2000, MOST = 4000, WINDOW = 5 * 60000;

// Figures anew every two seconds; scores only those that came since.
const useComparison = () => {
  const [found, set] = useState({ data: null, error: null, scores: { t: [], champion: [], shadow: [] } });
  const newest = useRef(found);
  useEffect(() => {
    const stop = new AbortController();
    let timer = null, of = "";
    const ask = async () => {
      try {
        const was = newest.current.scores, last = was.t.length ? was.t[was.t.length - 1] : 0;
        const data = await get("/model/compare", { after: last }, stop.signal);
        const pair = `${data.champion?.digest}|${data.shadow?.digest}`, same = pair === of;
        of = pair;
        const join = name => [...(same ? was[name] : []), ...(same || !last ? data.scores[name] : [])].slice(-MOST);
        newest.current = { data, error: null, scores: { t: join("t"), champion: join("champion"), shadow: join("shadow") } };
        set(newest.current);
      } catch (error) {
        if (error.name === "AbortError") return;
        newest.current = { ...newest.current, error };
        set(newest.current);
      }
      if (!stop.signal.aborted) timer = setTimeout(ask, EVERY);
    };
    ask();
    return () => { stop.abort(); clearTimeout(timer); };
  }, []);
  return found;
};

export const figureName = name => (known(`model.figure.${name}`) ? t(`model.figure.${name}`) : name.replaceAll("_", " "));
export const figureValue = (name, value) => (value === undefined ? "–" : /false_alarms|power|share/.test(name) ? percent(value, 2) : number(value, 4));

const Row = ({ name, left, right }) => html`<tr><th scope="row">${name}</th><td class="n">${left}</td><td class="n">${right}</td></tr>`;

const Sides = ({ data }) => {
  const { champion, shadow, ticks } = data, names = [...new Set([...Object.keys(champion?.figures || {}), ...Object.keys(shadow.figures)])];
  const both = of => [champion ? of(champion) : "–", of(shadow)];
  const row = (name, of) => { const [left, right] = both(of); return html`<${Row} key=${name} name=${name} left=${left} right=${right} />`; };
  const alarms = side => `${count(side.alarms)} (${percent(ticks ? side.alarms / ticks : 0, 2)})`;
  return html`<div class="scroll"><table class="sides"><thead><tr><td></td>
      <th scope="col" class="n">${champion ? versionOf(champion) : "–"}<br /><${State} level="ok" text=${t("model.role.decides")} /></th>
      <th scope="col" class="n">${versionOf(shadow)}<br /><${State} level="note" text=${t("model.role.shadow")} /></th></tr></thead><tbody>
    ${row(t("model.alarm_ticks"), alarms)}
    ${row(t("model.learner"), side => side.learner || "–")}
    ${row(t("model.created"), side => (side.created ? moment(side.created) : "–"))}
    ${row(t("model.labels_used"), side => count(side.feedback))}
    ${row(t("model.step", { share: t("model.percentile.p50") }), side => us(side.step_us[0]))}
    ${row(t("model.step", { share: t("model.percentile.p99") }), side => us(side.step_us[1]))}
    ${row(t("model.memory"), side => mib(side.memory_bytes))}
    ${names.map(name => row(figureName(name), side => figureValue(name, side.figures[name])))}</tbody></table></div>`;
};

export const Compare = ({ children }) => {
  const { data, error, scores } = useComparison();
  if (error) return html`<${Empty} title=${t("model.compare_away")} text=${error.message} />`;
  if (!data) return html`<p class="soft">${t("common.loading")}</p>`;
  if (!data.shadow) return html`<${Empty} title=${t("model.compare_none")} text=${t("model.compare_do")}>${children}<//>`;
  const end = scores.t.length ? scores.t[scores.t.length - 1] : serverNow(), start = Math.max(end - WINDOW, scores.t[0] ?? end - WINDOW);
  const one = (key, side, color, dash) => ({ key, label: side ? `${versionOf(side)} · ${t(`model.role.${key}`)}` : "–", unit: "1", axis: "score", t: scores.t, v: scores[key === "decides" ? "champion" : "shadow"], color, dash });
  return html`<section>
    ${data.failed ? html`<p><${State} level="warn" text=${t("model.shadow_failed", { why: data.failed })} /></p>` : null}
    <div class="figures">
      <div><b>${count(data.ticks)}</b><span>${t("model.compared_ticks", { time: data.since ? duration(end - data.since) : "–" })}</span></div>
      <div><b>${percent(data.agree, 2)}</b><span>${t("model.same_alarm")}</span></div>
      <div><b>${number(data.mean_difference, 3)}</b><span>${t("model.mean_difference")}</span></div>
      <div><b>${number(data.largest_difference, 3)}</b><span>${t("model.largest_difference")}</span></div></div>
    <h3>${t("model.scores")}</h3>
    <${Chart} series=${[one("decides", data.champion, "var(--s1)", []), one("shadow", data.shadow, "var(--s2)", [8, 3])]} range=${[start, Math.max(end, start + 1000)]} height=${210}
      limit=${{ axis: "score", value: 1, label: t("model.limit") }} sync="" label=${t("model.scores")} />
    <h3 class="spaced">${t("model.side_by_side")}</h3><${Sides} data=${data} />
    <p class="note">${t("model.no_winner")}</p></section>`;
};
