import { html, useEffect, useRef } from "../lib/ui.js";
import { useGet } from "../lib/load.js";
import { near, number, t } from "../lib/text.js";
import { Shape, State } from "./state.js";

// The end of the project's logs; it follows as long as the reader is at the end.
const LEVELS = ["info", "warning", "error"], SHAPE = { info: "off", warning: "note", error: "warn" }, LINES = 300, EVERY = 3000;

export const Logs = ({ log, level, find, change }) => {
  const { data: files, error } = useGet("/node/logs", {}, { every: 10000 });
  const name = files?.some(file => file.name === log) ? log : files?.[0]?.name;
  const { data: tail, error: failed } = useGet(name ? `/node/logs/${encodeURIComponent(name)}` : null, { lines: LINES, level, text: find }, { every: EVERY });
  const box = useRef(null), end = useRef(true);
  useEffect(() => { if (box.current && end.current) box.current.scrollTop = box.current.scrollHeight; }, [tail]);
  return html`<section class="panel logs"><div class="row"><h2>${t("node.logs")}</h2><span class="grow"></span>
      ${files?.length ? html`<label><span class="sr">${t("node.log")}</span><select value=${name} onChange=${event => change({ log: event.target.value })}>${files.map(file => html`<option key=${file.name} value=${file.name}>${`${file.name} · ${number(file.bytes / 1024, 3)} KiB · ${near(file.changed)}`}</option>`)}</select></label>
        <label><span class="sr">${t("node.level.title")}</span><select value=${level} onChange=${event => change({ level: event.target.value })}>${LEVELS.map(one => html`<option key=${one} value=${one}>${t(`node.level.${one}`)}</option>`)}</select></label>
        <label><span class="sr">${t("node.find")}</span><input type="search" value=${find} placeholder=${t("node.find")} onInput=${event => change({ find: event.target.value })} /></label>` : null}</div>
    ${error || failed ? html`<p><${State} level="warn" text=${(error || failed).message} /></p>` : null}
    ${files && !files.length ? html`<p class="soft">${t("node.no_logs")}</p>` : null}
    ${tail && !tail.lines.length ? html`<p class="soft">${t(level === "info" && !find ? "node.log_empty" : "node.log_none")}</p>` : null}
    ${tail?.lines.length ? html`${tail.cut ? html`<p class="soft">${t("node.log_cut", { n: tail.lines.length })}</p>` : null}
      <div class="log" tabindex="0" role="log" aria-live="off" aria-label=${name} ref=${box} onScroll=${event => { const at = event.target; end.current = at.scrollHeight - at.scrollTop - at.clientHeight < 24; }}>
        ${tail.lines.map((line, place) => html`<div key=${place} class=${line.level}><${Shape} level=${SHAPE[line.level]} size="10" /><span class="sr">${t(`node.level.${line.level}`)}: </span><span class="break">${line.text}</span></div>`)}</div>` : null}</section>`;
};
