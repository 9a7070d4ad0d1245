import { html, useState } from "../lib/ui.js";
import { useGet } from "../lib/load.js";
import { duration, t } from "../lib/text.js";
import { changesOf, loopOf, standing, wish } from "./setup-state.js";
import { Choice } from "./setup-input.js";
import { State } from "./state.js";
import { TagPicker } from "./tag-picker.js";

// What the model is for, in plain words; then what it must be told, and what still is missing.
const AHEAD = [1, 2, 5, 10, 30, 60], MOST_TARGETS = 50;
const listOf = value => (Array.isArray(value) ? value : value ? [value] : []);
const KEYS = ["predict", "group", "end-of-life", "classes"];

// One key that names a tag: what is chosen, a way to choose another, a way to have none.
const TagKey = ({ name, kind, value, tags, many, onChange }) => {
  const [picking, pick] = useState(false), chosen = listOf(value);
  return html`<fieldset class="choice"><legend>${t(`setup.aim.${name}`)}</legend><p class="note">${t(`setup.aim.${kind}_${name}`)}</p>
    <div class="row">${chosen.map(path => html`<span key=${path} class="break"><bdi>${path}</bdi></span>`)}
      <button type="button" onClick=${() => pick(true)}>${t(chosen.length ? "setup.aim.other" : "setup.aim.pick")}</button>
      ${chosen.length ? html`<button type="button" class="plain" onClick=${() => onChange(null)}>${t("setup.aim.none")}</button>` : null}</div>
    ${picking ? html`<${TagPicker} tags=${tags} chosen=${chosen} most=${many ? MOST_TARGETS : 1} onClose=${() => pick(false)} onChange=${paths => onChange(!paths.length ? null : many && paths.length > 1 ? paths : paths[0])} />` : null}</fieldset>`;
};

// Names for the values of the tag that says the class: one to a line, `value = name`.
const Classes = ({ value, held, onChange }) => {
  const shown = { ...held };
  for (const [code, name] of Object.entries(value)) if (name === null) delete shown[code]; else shown[code] = name;
  const [code, setCode] = useState(""), [name, setName] = useState("");
  const add = () => { onChange(code.trim(), name.trim()); setCode(""); setName(""); };
  return html`<fieldset class="choice"><legend>${t("setup.aim.classes")}</legend><p class="note">${t("setup.aim.diagnose_classes")}</p>
    ${Object.keys(shown).length ? html`<table class="limits"><tbody>${Object.entries(shown).map(([one, called]) => html`<tr key=${one}><td class="n">${one}</td><td class="break"><bdi>${called}</bdi></td>
      <td><button type="button" class="plain" onClick=${() => onChange(one, null)}>${t("setup.aim.none")}</button></td></tr>`)}</tbody></table>` : null}
    <div class="row"><label class="field"><span>${t("setup.aim.value")}</span><input type="number" step="any" value=${code} onInput=${event => setCode(event.target.value)} /></label>
      <label class="field grow"><span>${t("setup.aim.called")}</span><input maxlength="100" value=${name} onInput=${event => setName(event.target.value)} /></label>
      <button type="button" disabled=${code === "" || !name.trim()} onClick=${add}>${t("setup.aim.add")}</button></div></fieldset>`;
};

const Ahead = ({ value, usual, period, onChange }) => {
  const chosen = value || usual, all = [...new Set([...AHEAD, ...chosen])].sort((one, other) => one - other);
  return html`<fieldset class="choice"><legend>${t("setup.aim.ahead")}</legend><p class="note">${t("setup.aim.forecast_ahead")}</p>
    <div class="options ticks">${all.map(one => html`<label key=${one} class=${`option ${chosen.includes(one) ? "on" : ""}`}><input type="checkbox" checked=${chosen.includes(one)} disabled=${chosen.length === 1 && chosen.includes(one)}
      onChange=${event => onChange(event.target.checked ? [...chosen, one].sort((a, b) => a - b) : chosen.filter(other => other !== one))} /><span><b>${one}</b>${period ? html`<small>${duration(one * period)}</small>` : null}</span></label>`)}</div></fieldset>`;
};

// What still is missing before it can learn, in a sentence; nothing where nothing is.
const missing = (aim, told, named) => {
  for (const key of aim.needs) if (!listOf(told(key)).length) return t(`setup.aim.miss_${key}`);
  if (aim.name === "diagnose" && !told("predict")) return named < 2 ? t("setup.aim.miss_kinds", { n: named }) : "";
  if (aim.name === "prognose" && !["predict", "group", "end-of-life"].some(key => listOf(told(key)).length)) return t("setup.aim.miss_life");
  return "";
};

export const Aim = ({ task, aims, tags, period }) => {
  const now = standing.use(), kind = task.value("task") || "monitor";
  const { data: kinds } = useGet(kind === "diagnose" && now.loop ? "/alarm/kinds" : null, { start: 0, end: 1 });
  const aim = aims.find(one => one.name === kind) || { name: kind, takes: [], needs: [], ahead: [] };
  const place = ["tasks", loopOf()], nested = () => changesOf("task").filter(one => one.key.length === 4 && ["classes", "settings"].includes(one.key[2]));
  const held = name => { const found = now.task?.[name]; return found && (typeof found === "string" || Object.keys(found).length) ? found : null; };
  const told = name => { const wished = task.wished(name); return wished === undefined ? held(name) : wished; };
  const change = (name, value) => task.change(name, value, held(name));
  const choose = next => { // what the other task has no use for leaves with this one
    const takes = aims.find(one => one.name === next)?.takes || [], back = next === now.task?.task;
    const gone = ["settings", ...KEYS.filter(key => !takes.includes(key))].map(key => [[...place, key], back ? held(key) : null, held(key)]);
    wish("task", [[[...place, "task"], next, now.task?.task], ...gone, ...nested().map(one => [one.key, null, null])]);
  };
  const classes = Object.fromEntries(nested().filter(one => one.key[2] === "classes").map(one => [one.key[3], one.value]));
  const many = kind === "forecast", named = (kinds?.known.length || 0) + (now.judged.some(one => one.normal) ? 1 : 0), lack = missing(aim, told, named);
  return html`<${Choice} label=${t("setup.aim")} name="aim" cards value=${kind} options=${(aims.length ? aims : [aim]).map(one => ({ value: one.name, label: t(`setup.aim.is_${one.name}`), note: t(`setup.aim.what_${one.name}`) }))} onChange=${choose} />
    ${aim.takes.includes("predict") ? html`<${TagKey} name="predict" kind=${kind} value=${told("predict")} tags=${tags} many=${many} onChange=${value => change("predict", value)} />` : null}
    ${aim.ahead.length ? html`<${Ahead} value=${task.wished(["settings", "ahead"]) ?? now.task?.settings?.ahead} usual=${aim.ahead} period=${period} onChange=${value => task.change(["settings", "ahead"], value, now.task?.settings?.ahead ?? null)} />` : null}
    ${aim.takes.includes("classes") && told("predict") ? html`<${Classes} value=${classes} held=${now.task?.classes || {}} onChange=${(code, name) => task.change(["classes", code], name, now.task?.classes?.[code] ?? null)} />` : null}
    ${aim.takes.includes("end-of-life") ? html`<${TagKey} name="end-of-life" kind=${kind} value=${told("end-of-life")} tags=${tags} onChange=${value => change("end-of-life", value)} />` : null}
    ${aim.takes.includes("group") && kind === "prognose" ? html`<${TagKey} name="group" kind=${kind} value=${told("group")} tags=${tags} onChange=${value => change("group", value)} />` : null}
    ${kind === "monitor" ? null : html`<p role="status"><${State} level=${lack ? "warn" : "ok"} text=${lack || t("setup.aim.complete")} /></p>`}`;
};
