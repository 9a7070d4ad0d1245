import { html, useEffect, useMemo, useRef, useState } from "../lib/ui.js";
import { post } from "../lib/api.js";
import { notify } from "../lib/notice.js";
import { ago, count, number, t, unit } from "../lib/text.js";
import { serverNow } from "../lib/live.js";
import { connect, discarded, loopOf, probe, standing, useFileSource, wish } from "./setup-state.js";
import { Busy } from "./setup-input.js";
import { Empty } from "./empty.js";
import { Icon } from "./icon.js";
import { State } from "./state.js";

// The second step: the source's tags as a tree, each level to be ticked whole, with what they say right now.
const MOST_ROWS = 250, OPEN_BELOW = 80, VALUES_MS = 1000, MOST_VALUES = 300, OLD_MS = 10000, WAIT_MS = 300;

const grown = tags => {
  const root = { name: "", path: "", below: new Map(), tags: [] };
  for (const tag of tags) {
    let at = root;
    root.tags.push(tag);
    const parts = tag.path.split("/");
    parts.slice(0, -1).forEach((part, place) => {
      if (!at.below.has(part)) at.below.set(part, { name: part, path: parts.slice(0, place + 1).join("/"), below: new Map(), leaves: [], tags: [] });
      at = at.below.get(part);
      at.tags.push(tag);
    });
    (at.leaves ??= []).push(tag);
  }
  return root;
};
// Branches that hold one branch only are one row: "works / hall1 / cell1".
const joined = branch => {
  let at = branch, name = branch.name;
  while (at.below.size === 1 && !at.leaves?.length) { at = [...at.below.values()][0]; name = `${name} / ${at.name}`; }
  return { ...at, name };
};
const rowsOf = (branch, open, depth, into) => {
  for (const child of branch.below.values()) {
    const one = joined(child);
    into.push({ kind: "branch", branch: one, depth });
    if (open(one)) rowsOf(one, open, depth + 1, into);
  }
  for (const tag of branch.leaves || []) into.push({ kind: "tag", tag, depth });
  return into;
};
const numeric = tags => tags.filter(tag => tag.kind !== "text");

export const TagsStep = () => {
  const now = standing.use(), source = useFileSource();
  if (!now.file) return html`<${Empty} title=${t("setup.first.title")} text=${t("setup.first.text")} />`;
  const open = source.probe;
  if (open?.state === "failed") return html`<div class="panel trouble" role="alert"><${State} level="warn" text=${open.trouble.error} />
    <div class="row"><button onClick=${() => connect(now.source, now.options)}>${t("common.again")}</button><a class="button" href="#/setup?step=source">${t("setup.step.source")}</a></div></div>`;
  if (!source.tags) return html`<p role="status" class="soft"><${Busy} text=${t(open?.state === "browsing" ? "setup.source.browsing" : "setup.source.connecting")} /></p>`;
  return html`<${Tree} tags=${source.tags} now=${now} />`;
};

const Tree = ({ tags, now }) => {
  const before = useMemo(() => new Set(tags.filter(tag => tag.chosen).map(tag => tag.path)), [tags]);
  const [chosen, set] = useState(() => (kept.source === now.source ? kept.chosen : before));
  const thrown = discarded.use(), [seen, see] = useState(thrown);
  useEffect(() => { if (thrown !== seen) { see(thrown); set(before); } }, [thrown]);
  kept.source = now.source;
  kept.chosen = chosen;
  const [wanted, search] = useState(""), [opened, setOpened] = useState({}), [most, more] = useState(MOST_ROWS);
  const found = useMemo(() => {
    const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
    return words.length ? tags.filter(tag => words.every(word => `${tag.path} ${tag.description} ${tag.unit}`.toLowerCase().includes(word))) : tags;
  }, [tags, wanted]);
  const rows = useMemo(() => rowsOf(grown(found), branch => opened[branch.path] ?? (wanted !== "" || tags.length <= OPEN_BELOW), 0, []), [found, opened, wanted]);
  usePatterns(chosen, before, now);
  const shown = rows.slice(0, most);
  const values = useValues(shown.filter(row => row.kind === "tag").map(row => row.tag.path).slice(0, MOST_VALUES));
  const toggle = (some, on) => set(was => {
    const next = new Set(was);
    for (const tag of numeric(some)) { if (on) next.add(tag.path); else next.delete(tag.path); }
    return next;
  });
  const usable = numeric(tags).length;
  return html`<div class="row tagbar"><label class="field grow"><span>${t("common.search")}</span><input type="search" value=${wanted} onInput=${event => { search(event.target.value); more(MOST_ROWS); }} /></label>
      <button onClick=${() => toggle(found, true)}>${t(wanted ? "setup.tags.all_found" : "setup.tags.all", { n: count(numeric(found).length) })}</button>
      <button onClick=${() => toggle(found, false)}>${t(wanted ? "setup.tags.none_found" : "setup.tags.none")}</button>
      <span role="status" class="soft">${t("setup.tags.chosen", { n: count(chosen.size), of: count(usable) })}</span></div>
    ${chosen.size ? null : html`<p role="alert"><${State} level="warn" text=${t("setup.tags.empty")} /></p>`}
    <div class="tree">${!found.length ? html`<p class="note">${t("setup.tags.none_match", { text: wanted })}</p>` : html`<table><thead><tr><th>${t("setup.tags.tag")}</th><th class="n">${t("common.value")}</th><th>${t("setup.tags.quality")}</th><th>${t("setup.tags.range")}</th><th class="about">${t("setup.tags.about")}</th></tr></thead>
      <tbody>${shown.map(row => (row.kind === "branch" ? html`<${Branch} key=${`/${row.branch.path}`} row=${row} chosen=${chosen} open=${opened[row.branch.path] ?? (wanted !== "" || tags.length <= OPEN_BELOW)}
          onOpen=${on => setOpened(was => ({ ...was, [row.branch.path]: on }))} onTick=${on => toggle(row.branch.tags, on)} />`
        : html`<${Leaf} key=${row.tag.path} row=${row} on=${chosen.has(row.tag.path)} value=${values[row.tag.path]} onTick=${on => toggle([row.tag], on)} />`))}</tbody></table>`}
      ${rows.length > most ? html`<p><button onClick=${() => more(was => was + MOST_ROWS)}>${t("setup.tags.more", { n: count(rows.length - most) })}</button></p>` : null}</div>`;
};
const kept = { source: null, chosen: null }; // a choice outlives a look at another step

const Branch = ({ row, chosen, open, onOpen, onTick }) => {
  const { branch, depth } = row, usable = numeric(branch.tags), taken = usable.filter(tag => chosen.has(tag.path)).length;
  const box = useRef(null);
  useEffect(() => { if (box.current) box.current.indeterminate = taken > 0 && taken < usable.length; });
  return html`<tr class="branch"><td colspan="5"><span class="cell" style=${{ paddingLeft: `${depth * 1.4}rem` }}>
    <button class="plain fold" aria-expanded=${open ? "true" : "false"} aria-label=${t(open ? "setup.tags.close" : "setup.tags.open", { name: branch.name })} onClick=${() => onOpen(!open)}><${Icon} name=${open ? "down" : "right"} size="16" /></button>
    <label><input ref=${box} type="checkbox" aria-label=${branch.path} checked=${taken > 0 && taken === usable.length} disabled=${!usable.length} onChange=${event => onTick(event.target.checked)} /><b title=${branch.path}><bdi>${branch.name}</bdi></b></label>
    <span class="soft">${count(taken)} / ${count(usable.length)}</span></span></td></tr>`;
};

const Leaf = ({ row, on, value, onTick }) => {
  const { tag, depth } = row, name = tag.path.slice(tag.path.lastIndexOf("/") + 1), text = tag.kind === "text";
  return html`<tr class=${on ? "on" : ""}><td><span class="cell" style=${{ paddingLeft: `${depth * 1.4 + 2.4}rem` }}>
      <label title=${text ? t("setup.tags.text") : tag.path}><input type="checkbox" aria-label=${tag.path} checked=${on} disabled=${text} onChange=${event => onTick(event.target.checked)} /><bdi>${name}</bdi></label></span></td>
    <${Shown} value=${value} tag=${tag} />
    <td class="soft range">${tag.low === null || tag.high === null ? "" : `${number(tag.low)} … ${number(tag.high)} ${unit(tag.unit)}`}</td>
    <td class="soft about" title=${tag.description}>${text ? t("setup.tags.text") : tag.description}</td></tr>`;
};
const Shown = ({ value, tag }) => {
  if (!value) return html`<td class="n soft">…</td><td></td>`;
  const old = serverNow() - value.time > OLD_MS, wrong = value.quality === 2 || value.value === null;
  const text = typeof value.value === "number" ? number(value.value) : value.value ?? "–";
  return html`<td class=${`n ${wrong || old ? "stale" : ""}`}><span title=${old ? ago(serverNow() - value.time) : ""}>${text}</span> <span class="unit">${typeof value.value === "number" ? unit(tag.unit) : ""}</span></td>
    <td class="quality">${value.quality === 2 ? html`<${State} level="warn" text=${t("common.bad")} />` : value.quality === 1 ? html`<${State} level="note" text=${t("common.uncertain")} />` : old ? html`<span class="soft">${ago(serverNow() - value.time)}</span>` : null}</td>`;
};

// What the choice is as patterns, asked of the server, which reads them; nothing to write where the file says it already.
const usePatterns = (chosen, before, now) => {
  useEffect(() => {
    const same = chosen.size === before.size && [...chosen].every(path => before.has(path));
    const keys = [["tasks", loopOf(), "tags"], ["tasks", loopOf(), "leave-out"]];
    if (same || !chosen.size) { wish("tags", keys.map(key => [key, null, null])); return undefined; }
    const timer = setTimeout(async () => {
      const number_ = probe.get()?.number;
      if (!number_) return;
      try {
        const told = await post(`/setup/probe/${number_}/pattern`, { tags: [...chosen] });
        wish("tags", [[keys[0], told.tags, now.task.tags], [keys[1], told.leave_out, now.task["leave-out"]]]);
      } catch (error) { notify(error.message, "failed"); }
    }, WAIT_MS);
    return () => clearTimeout(timer);
  }, [chosen, now.digest]);
};

const useValues = paths => {
  const [found, set] = useState({});
  const key = paths.join("\n");
  useEffect(() => {
    let over = false, timer = null;
    const again = async () => {
      const open = probe.get();
      if (open?.state === "ready" && paths.length && !document.hidden) {
        try { const told = await post(`/setup/probe/${open.number}/value`, { tags: paths }); if (!over) set(told); }
        catch { if (!over) { set({}); probe.set(null); } } // closed meanwhile: it is opened again
      }
      if (!over) timer = setTimeout(again, VALUES_MS);
    };
    again();
    return () => { over = true; clearTimeout(timer); };
  }, [key]);
  return found;
};
