import { html } from "../lib/ui.js";
import { serverNow } from "../lib/live.js";
import { ago, count, duration, moment, near, t } from "../lib/text.js";
import { runCommand, standing, useTask } from "./setup-state.js";
import { Bar, Choice } from "./setup-input.js";
import { Empty } from "./empty.js";
import { State } from "./state.js";
import { parsed } from "./setup-task.js";

// The fourth step: record, until there is enough to learn from; and whether learning waits for a person.
export const BY_HAND = "by hand", ENOUGH_ROWS = 1800;
const LENGTHS = ["10min", "30min", "2h", "8h", "1d"];
export const recording = now => now.recorded.end > 0 && serverNow() - now.recorded.end < Math.max(5000, 5 * now.period_ms);

export const RecordStep = () => {
  const now = standing.use(), task = useTask("record");
  if (!now.file || !now.loop) return html`<${Empty} title=${t("setup.first.title")} text=${t("setup.first.text")} />`;
  const learn = task.value("learn"), held = now.recorded, enough = ENOUGH_ROWS * now.period_ms;
  const lengths = LENGTHS.includes(learn) || learn === BY_HAND ? LENGTHS : [learn, ...LENGTHS];
  return html`<section class="panel" aria-label=${t("setup.record.now")}><h2>${t("setup.record.now")}</h2>
      <p role="status">${recording(now) ? html`<${State} level="ok" text=${t("setup.record.running", { n: count(held.tags) })} />`
        : html`<${State} level=${held.end ? "warn" : "off"} text=${held.end ? t("setup.record.stopped", { time: ago(serverNow() - held.end) }) : t("setup.record.never")} />`}</p>
      ${recording(now) ? null : html`<p class="note">${t("setup.record.start")}</p><p><code class="command">${runCommand(now.folder)}</code></p>`}
      ${held.end ? html`<dl class="facts"><div><dt>${t("setup.record.span")}</dt><dd>${moment(held.start)} – ${near(held.end)}</dd></div>
        <div><dt>${t("setup.record.covered")}</dt><dd>${duration(held.covered)}${held.holes.length ? html` <span class="soft">${t("setup.record.holes", { n: held.holes.length })}</span>` : null}</dd></div></dl>
        <p>${t("setup.record.enough", { time: duration(enough) })}</p><${Bar} share=${held.covered / enough} label=${t("setup.record.progress")} />` : null}
      ${now.trouble ? html`<p role="alert"><${State} level="warn" text=${now.trouble} /></p>` : null}</section>
    <${Choice} label=${t("setup.record.learn")} name="learn" cards value=${learn === BY_HAND ? BY_HAND : "alone"} options=${[
      { value: BY_HAND, label: t("setup.record.by_hand"), note: t("setup.record.by_hand_note") }, { value: "alone", label: t("setup.record.alone"), note: t("setup.record.alone_note") }]}
      onChange=${value => task.change("learn", value === BY_HAND ? BY_HAND : "30min")} />
    ${learn === BY_HAND ? null : html`<${Choice} label=${t("setup.record.after")} name="after" value=${learn} options=${lengths.map(value => ({ value, label: parsed(value) ? duration(parsed(value)) : value }))} onChange=${value => task.change("learn", value)} />`}`;
};
