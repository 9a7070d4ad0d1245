import { html, useEffect, useLayoutEffect, useRef, useState } from "../lib/ui.js";
import { post } from "../lib/api.js";
import { t } from "../lib/text.js";
import { changesOf, discarded, drafts, forget, look, loopOf, standing } from "./setup-state.js";
import { Icon } from "./icon.js";
import { State } from "./state.js";

// What a step would write, line by line, and the button that writes exactly that.
const WAIT_MS = 250;
const SIGNS = { same: " ", add: "+", remove: "−" };

export const Diff = ({ step, onNext }) => {
  const all = drafts.use(), now = standing.use();
  const [found, set] = useState({ lines: [], changed: false, digest: null, error: "" });
  const [busy, setBusy] = useState(false), [said, say] = useState(null); // how writing went, until something else is wished
  const changes = changesOf(step);
  useEffect(() => {
    if (!changes.length) { set({ lines: [], changed: false, digest: now?.digest, error: "" }); return undefined; }
    let over = false;
    const timer = setTimeout(async () => {
      try {
        const told = await post("/setup/draft", { changes, loop: loopOf() });
        if (!over) set({ ...told, error: "" });
      } catch (error) { if (!over) set(was => ({ ...was, lines: [], changed: false, error: error.message })); }
    }, WAIT_MS);
    return () => { over = true; clearTimeout(timer); };
  }, [JSON.stringify(all[step] || {}), now?.digest]);

  const write = async () => {
    const fresh = !now.file, named = changes.some(one => one.key[0] === "plant" && one.key[1] === "name");
    setBusy(true);
    let after = null;
    try {
      after = await post("/setup/file", { changes, loop: loopOf(), digest: found.digest });
      say({ level: "ok", text: t("setup.written"), changes: "[]" });
    } catch (error) { say({ level: "warn", text: error.message, changes: JSON.stringify(changes) }); }
    setBusy(false);
    if (!after) { look().catch(() => undefined); return; } // somebody else wrote: show what it is now
    forget(step);
    standing.set(after);
    if (fresh || named) dispatchEvent(new Event("lineshaft:reload"));
  };
  const idle = !changes.length || (!found.changed && !found.error && found.digest !== null);
  return html`<section class="panel diff" aria-label=${t("setup.diff")}>
    <div class="row"><h2>${t("setup.diff")}</h2><span class="grow"></span>
      ${changes.length && now?.file ? html`<button onClick=${() => { forget(step); discarded.set(count => count + 1); }}>${t("setup.discard")}</button>` : null}
      <button class="primary" disabled=${busy || !found.changed || Boolean(found.error)} onClick=${write}><${Icon} name="save" size="18" />${t("setup.write")}</button>
      ${onNext ? html`<button onClick=${onNext}>${t("setup.next")}<${Icon} name="right" size="18" /></button>` : null}</div>
    ${said && said.changes === JSON.stringify(changes) ? html`<p role=${said.level === "ok" ? "status" : "alert"}><${State} level=${said.level} text=${said.text} /></p>` : null}
    ${found.error ? html`<p role="alert"><${State} level="warn" text=${found.error} /></p>`
      : idle ? said?.level === "ok" && !changes.length ? null : html`<p class="soft">${t(now?.file ? "setup.nothing" : "setup.no_file")}</p>` : html`<${Lines} lines=${found.lines} />`}</section>`;
};

const FIRST = /^(\[plant\]|source = )/;
const Lines = ({ lines }) => {
  const box = useRef(null);
  let last = 0;
  const made = lines.every(line => line.kind === "add"), mark = lines.findIndex(line => (made ? FIRST.test(line.text) : line.kind !== "same"));
  useLayoutEffect(() => { // what matters is in sight: of a new file its first table, else the first change
    const row = box.current.querySelectorAll("tr:not(.gap)")[mark];
    if (row) box.current.scrollTop = Math.max(0, row.offsetTop - 28);
  }, [JSON.stringify(lines)]);
  return html`<div class="lines scroll" ref=${box} tabindex="0" role="region" aria-label=${t("setup.diff_lines")}><table><tbody>${lines.map((line, at) => {
    const jump = line.kind !== "remove" && last && line.number > last + 1;
    if (line.kind !== "remove") last = line.number;
    return [jump ? html`<tr key=${`gap${at}`} class="gap"><td></td><td></td><td>⋯</td></tr>` : null,
      html`<tr key=${at} class=${line.kind}><td class="n">${line.number}</td><td class="sign" aria-label=${line.kind === "same" ? undefined : t(`setup.line.${line.kind}`)}>${SIGNS[line.kind]}</td><td><code>${line.text || " "}</code></td></tr>`];
  })}</tbody></table></div>`;
};
