import { html, useEffect, useRef } from "../lib/ui.js";
import { number, t } from "../lib/text.js";
import { Shape, alarmLevel, alarmText } from "../parts/state.js";

// How states, priorities and verdicts look: each by shape and word, colour only on top of them.
export const StateMark = ({ state }) => html`<span class=${`alarmstate ${state}`}><${Shape} level=${alarmLevel(state)} /><span>${alarmText(state)}</span></span>`;

export const PRIORITIES = ["high", "medium", "low"];
export const Priority = ({ priority }) => html`<span class=${`priority ${priority}`}><b aria-hidden="true">${PRIORITIES.indexOf(priority) + 1}</b><span>${t(`alarm.priority.${priority}`)}</span></span>`;

export const VerdictMark = ({ verdict, label }) => html`<span class=${`verdict ${verdict}`}><${Shape} level=${verdict === "good" ? "ok" : "off"} /><span class="break">${label ? html`<bdi>${label}</bdi>` : t(`alarm.verdict.${verdict}`)}</span></span>`;

export const timesLimit = value => (value === null || value === undefined ? "–" : t("alarm.times_limit", { x: number(value, 3) }));

// Runs when one of `what` changes, but not at first: then the data is being asked for anyway.
export const useChange = (work, what) => {
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) work();
    first.current = false;
  }, what);
};
