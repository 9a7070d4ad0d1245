import { html } from "../lib/ui.js";
import { t } from "../lib/text.js";

// A state as shape, word and, only where it needs a person, colour.
const SHAPES = {
  ok: html`<circle cx="7" cy="7" r="4.5" fill="none" stroke="currentColor" stroke-width="1.6" />`,
  warn: html`<path d="M7 1.2L13.2 12.5H.8z" fill="currentColor" />`,
  alarm: html`<path d="M1 1h12v12H1z" fill="currentColor" />`,
  off: html`<path d="M2 7h10" stroke="currentColor" stroke-width="2.4" />`,
  seen: html`<path d="M1.9 1.9h10.2v10.2H1.9z" fill="none" stroke="currentColor" stroke-width="1.8" />`,
  note: html`<path d="M7 .8L13.2 7 7 13.2.8 7z" fill="none" stroke="currentColor" stroke-width="1.7" />`,
};
export const Shape = ({ level, size = 14 }) => html`<svg class=${`shape ${level}`} width=${size} height=${size}
  viewBox="0 0 14 14" aria-hidden="true" focusable="false">${SHAPES[level] || SHAPES.off}</svg>`;
export const State = ({ level, text, title }) =>
  html`<span class=${`state ${level}`} title=${title}><${Shape} level=${level} /><span>${text}</span></span>`;

const HEALTH = { active: "ok", starting: "off", idle: "off", degraded: "warn", stopped: "warn" };
export const healthLevel = pulse => (!pulse || !pulse.reached ? "off" : HEALTH[pulse.health.state] || "warn");
export const healthText = pulse =>
  !pulse ? t("common.health.unknown") : !pulse.reached ? t("common.health.none") : t(`common.health.${pulse.health.state}`);

// ISA-18.2 states by how much they need a person.
const ALARM = { unacknowledged: "alarm", acknowledged: "seen", "returned-unacknowledged": "note", shelved: "note",
                suppressed: "off", normal: "ok" };
export const alarmLevel = state => ALARM[state] || "off";
export const alarmText = state => t(`common.alarm.${state}`);
