import { html, useState } from "../lib/ui.js";
import { useGet } from "../lib/load.js";
import { count, duration, known, number, t, unit } from "../lib/text.js";
import { loopOf, standing, useFileSource, useTask, wish } from "./setup-state.js";
import { Choice, Stepper } from "./setup-input.js";
import { Aim } from "./setup-aim.js";
import { Empty } from "./empty.js";
import { Icon } from "./icon.js";
import { TagPicker } from "./tag-picker.js";

// The third step: how often it decides, what counts as old, which tags say the mode, and what alarms without a bundle.
const PERIODS = ["100ms", "200ms", "500ms", "1s", "2s", "5s", "10s", "30s", "1min", "10min"];
const STALE = ["", "500ms", "1s", "3s", "10s", "30s", "2min", "10min"];
const DEADLINES = ["1ms", "5ms", "10ms", "50ms", "100ms"];
const PRIORITIES = ["high", "medium", "low"];
const RATES = [1e-3, 1e-4, 2e-5, 5e-6, 1e-6];
const MS = { us: 0.001, ms: 1, s: 1000, min: 60000, h: 3600000, d: 86400000 };
export const parsed = text => {
  const found = /^\s*([\d.]+)\s*(us|ms|s|min|h|d)\s*$/.exec(text || "");
  return found ? Number(found[1]) * MS[found[2]] : null;
};
const listed = (values, now) => (now === undefined || now === null || values.includes(now) ? values : [...values, now]);
const typical = tags => {
  const periods = (tags || []).map(tag => tag.period_ms).filter(Boolean).sort((one, other) => one - other);
  return periods.length ? periods[periods.length >> 1] : null;
};

export const TaskStep = () => {
  const now = standing.use(), source = useFileSource(), task = useTask("task");
  const { data: choices } = useGet("/setup/choices");
  if (!now.file || !now.loop) return html`<${Empty} title=${t("setup.first.title")} text=${t("setup.first.text")} />`;
  const period = parsed(task.value("period")), promised = typical(source.tags);
  const chosen = (source.tags || []).filter(tag => tag.chosen && tag.kind !== "text");
  const kind = task.value("task"), watches = kind === "monitor";
  const as = text => (parsed(text) === null ? text : duration(parsed(text)));
  return html`
    <${Aim} task=${task} aims=${choices?.tasks || []} tags=${(source.tags || []).filter(tag => tag.kind !== "text")} period=${period} />
    <${Choice} label=${t("setup.task.period")} name="period" note=${promised ? t("setup.task.promised", { time: duration(promised) }) : t("setup.task.period_note")}
      value=${task.value("period")} options=${listed(PERIODS, task.value("period")).map(value => ({ value, label: as(value) }))} onChange=${value => task.change("period", value)} />
    <${Choice} label=${t("setup.task.stale")} name="stale" value=${task.value("stale") ?? ""} options=${listed(STALE, task.value("stale") ?? "").map(value => ({ value, label: value ? as(value) : t("setup.task.three", { time: duration(3 * period) }) }))}
      onChange=${value => task.change("stale", value || null, now.task.stale || null)} />
    ${watches ? html`<${Choice} label=${t("setup.task.rate")} name="rate" note=${t("setup.task.rate_note")} value=${task.value("false-alarm-rate")}
      options=${listed(RATES, task.value("false-alarm-rate")).map(value => ({ value, label: t("setup.task.one_in", { n: count(Math.round(1 / value)) }), note: period ? t("setup.task.each", { time: duration(period / value) }) : "" }))}
      onChange=${value => task.change("false-alarm-rate", value)} />` : null}
    <${Choice} label=${t("setup.task.priority")} name="priority" note=${t("setup.task.priority_note")} value=${task.value("priority")} options=${PRIORITIES.map(value => ({ value, label: t(`setup.task.priority.${value}`) }))} onChange=${value => task.change("priority", value)} />
    ${watches ? html`<${Modes} task=${task} tags=${chosen} now=${now} />` : null}
    <${Limits} task=${task} tags=${chosen} now=${now} />
    <details class="more"><summary>${t("setup.task.more")}</summary>
      <${Choice} label=${t("setup.task.deadline")} name="deadline" note=${t("setup.task.deadline_note")} value=${task.value("deadline")} options=${listed(DEADLINES, task.value("deadline")).map(value => ({ value, label: as(value) }))} onChange=${value => task.change("deadline", value)} />
      ${watches ? html`<${Choice} label=${t("setup.task.learner")} name="learner" note=${t("setup.task.learner_note")} value=${task.value("learner")}
        options=${(choices?.learners || [task.value("learner")]).map(value => ({ value, label: value === "auto" ? t("setup.task.auto") : value }))} onChange=${value => task.change("learner", value)} />` : null}
      ${choices && choices.targets.length > 1 ? html`<${Choice} label=${t("setup.task.target")} name="target" value=${task.value("target")} options=${choices.targets.map(value => ({ value, label: value }))} onChange=${value => task.change("target", value)} />` : null}</details>`;
};

const wordLike = tag => ["bool", "int", "enum"].includes(tag.kind) || /mode|state|phase|step|recipe|模式|状态|阶段/i.test(tag.path.split("/").pop());

const Modes = ({ task, tags, now }) => {
  const value = task.value("modes"), way = value === null || value === undefined ? "auto" : value.length ? "tags" : "none";
  const [asked, ask] = useState(false);
  const shown = way === "tags" || asked ? "tags" : way;
  const fits = tags.filter(tag => wordLike(tag) || (value || []).includes(tag.path));
  const pick = next => task.change("modes", next, now.task.modes ?? null);
  return html`<${Choice} label=${t("setup.task.modes")} name="modes" note=${t("setup.task.modes_note")} value=${shown} options=${["auto", "none", "tags"].map(one => ({ value: one, label: t(`setup.task.modes.${one}`), disabled: one === "tags" && !fits.length }))}
      onChange=${one => { ask(one === "tags"); pick(one === "auto" ? null : one === "none" ? [] : fits.length === 1 ? [fits[0].path] : value || null); }} />
    ${shown === "tags" ? html`<div class="options ticks" role="group" aria-label=${t("setup.task.modes.tags")}>${fits.map(tag => html`<label key=${tag.path} class="option" title=${tag.description}><input type="checkbox" checked=${(value || []).includes(tag.path)}
      onChange=${event => { const next = event.target.checked ? [...(value || []), tag.path] : (value || []).filter(path => path !== tag.path); pick(next); ask(true); }} /><span><b class="break">${tag.path}</b><small>${tag.description}</small></span></label>`)}</div>` : null}`;
};

const Limits = ({ task, tags, now }) => {
  const [picking, pick] = useState(false);
  const held = now.task.limits || {};
  const rows = { ...held };
  for (const path of new Set([...tags.map(tag => tag.path), ...Object.keys(held)])) {
    const wished = task.wished(["limits", path]);
    if (wished === null) delete rows[path]; else if (wished) rows[path] = wished;
  }
  const set = (path, pair) => task.change(["limits", path], pair, held[path] ?? null);
  const first = tag => (tag.low !== null && tag.high !== null ? [tag.low, tag.high] : [0, 100]);
  const names = Object.keys(rows).sort();
  return html`<fieldset class="choice"><legend>${t("setup.task.limits")}</legend><p class="note">${t("setup.task.limits_note")}</p>
    ${names.length ? html`<table class="limits"><tbody>${names.map(path => {
      const tag = tags.find(one => one.path === path), [low, high] = rows[path].map(Number), step = tag && tag.low !== null && tag.high !== null ? (tag.high - tag.low) / 100 : Math.max(Math.abs(high - low) / 50, 1e-6);
      return html`<tr key=${path}><td class="break"><bdi>${path}</bdi>${tag && tag.low !== null ? html` <small class="soft">${number(tag.low)} … ${number(tag.high)} ${unit(tag.unit)}</small>` : null}</td>
        <td><${Stepper} label=${t("setup.task.low", { tag: path })} value=${low} step=${step} most=${high - step} onChange=${value => set(path, [value, high])} /></td>
        <td><${Stepper} label=${t("setup.task.high", { tag: path })} value=${high} step=${step} least=${low + step} onChange=${value => set(path, [low, value])} /></td><td class="unit">${tag ? unit(tag.unit) : ""}</td>
        <td><button type="button" class="plain" aria-label=${t("setup.task.no_limit", { tag: path })} onClick=${() => set(path, null)}><${Icon} name="close" size="16" /></button></td></tr>`;
    })}</tbody></table>` : null}
    <button type="button" disabled=${!tags.length} onClick=${() => pick(true)}><${Icon} name="plus" size="18" />${t("setup.task.add_limit")}</button></fieldset>
    ${picking ? html`<${TagPicker} tags=${tags} chosen=${names} most=${200} onClose=${() => pick(false)} onChange=${next => {
      for (const path of names) if (!next.includes(path)) set(path, null);
      for (const path of next) if (!(path in rows)) set(path, first(tags.find(tag => tag.path === path)));
    }} />` : null}`;
};
