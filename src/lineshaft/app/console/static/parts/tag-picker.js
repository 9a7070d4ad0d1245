import { html, useMemo, useState } from "../lib/ui.js";
import { split, t, unit } from "../lib/text.js";
import { Dialog } from "./dialog.js";

// Tags by asset, found by any part of their path or description; at most `most` of them.
const SHOWN = 300;

export const TagPicker = ({ tags, chosen, most, onChange, onClose }) => {
  const [wanted, search] = useState("");
  const found = useMemo(() => {
    const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
    return tags.filter(one => words.every(word => `${one.path} ${one.description}`.toLowerCase().includes(word)));
  }, [tags, wanted]);
  const groups = useMemo(() => {
    const by = new Map();
    for (const one of found.slice(0, SHOWN)) {
      const asset = split(one.path)[0];
      if (!by.has(asset)) by.set(asset, []);
      by.get(asset).push(one);
    }
    return [...by];
  }, [found]);
  const full = chosen.length >= most;
  const toggle = (path, on) => onChange(on ? [...chosen, path].slice(0, most) : chosen.filter(one => one !== path));
  return html`<${Dialog} title=${t("trend.choose")} onClose=${onClose} wide>
    <div class="row picker-head"><label class="field grow"><span>${t("common.search")}</span><input type="search" value=${wanted} onInput=${event => search(event.target.value)} autofocus /></label>
      <span class="soft" role="status">${t("trend.chosen", { n: chosen.length, most })}</span>
      <button onClick=${() => onChange([])} disabled=${!chosen.length}>${t("trend.clear")}</button><button class="primary" onClick=${onClose}>${t("trend.done")}</button></div>
    <div class="picker scroll">${!tags.length ? html`<p class="note">${t("trend.no_tags")}</p>` : !found.length ? html`<p class="note">${t("trend.none_found", { text: wanted })}</p>` : groups.map(([asset, mine]) => html`
      <fieldset key=${asset}><legend title=${asset}><bdi>${asset || "–"}</bdi></legend>${mine.map(one => {
        const on = chosen.includes(one.path);
        return html`<label key=${one.path} class=${on ? "on" : ""} title=${one.description || one.path}><input type="checkbox" checked=${on} disabled=${full && !on} onChange=${event => toggle(one.path, event.target.checked)} />
          <bdi>${split(one.path)[1]}</bdi> <span class="unit">${unit(one.unit)}</span></label>`;
      })}</fieldset>`)}${found.length > SHOWN ? html`<p class="note">${t("common.more", { n: found.length - SHOWN })}</p>` : null}</div></${Dialog}>`;
};
