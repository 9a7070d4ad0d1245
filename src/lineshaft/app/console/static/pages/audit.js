import { html, useEffect, useState } from "../lib/ui.js";
import { attempt, get, link } from "../lib/api.js";
import { replace, route } from "../lib/route.js";
import { count, known, moment, t } from "../lib/text.js";
import { Empty } from "../parts/empty.js";
import { Icon } from "../parts/icon.js";
import { State } from "../parts/state.js";

const OUTCOMES = ["done", "refused", "failed"], FIELDS = ["find", "act", "outcome", "start", "end"], PAUSE_MS = 300;
const LEVEL = { done: "ok", refused: "note", failed: "warn" };

const key = act => act.replace(/\W+/g, "_");
const actText = act => (known(`audit.act.${key(act)}`) ? t(`audit.act.${key(act)}`) : act);
const roleText = role => (known(`account.roles.${role}`) ? t(`account.roles.${role}`) : role);

// {"from": "viewer", "to": "operator"} as a person reads it.
const detailText = detail => {
  try {
    return Object.entries(JSON.parse(detail)).map(([name, value]) => `${name}: ${typeof value === "object" ? JSON.stringify(value) : value}`).join(", ");
  } catch {
    return detail;
  }
};

const filterOf = query => Object.fromEntries(FIELDS.map(name => [name, query.get(name) || ""]));
const asked = filter => ({ ...filter, start: filter.start ? new Date(filter.start).getTime() : "", end: filter.end ? new Date(filter.end).getTime() : "" });

// All pages read so far; a new filter begins anew.
const useLines = filter => {
  const [found, set] = useState({ lines: [], acts: [], more: false, error: null, loading: true });
  const wanted = JSON.stringify(filter);
  const read = async (before, signal) => {
    try {
      const page = await get("/audit", { ...asked(filter), before }, signal);
      set(was => ({ ...page, lines: before ? [...was.lines, ...page.lines] : page.lines, error: null, loading: false }));
    } catch (error) {
      if (error.name !== "AbortError") set(was => ({ ...was, error, loading: false }));
    }
  };
  useEffect(() => {
    const stop = new AbortController();
    set(was => ({ ...was, loading: true }));
    read(undefined, stop.signal);
    return () => stop.abort();
  }, [wanted]);
  return { ...found, older: () => read(found.lines.at(-1).sequence), again: () => read() };
};

const Find = ({ value, change }) => {
  const [text, set] = useState(value);
  useEffect(() => {
    if (text === value) return undefined;
    const timer = setTimeout(() => change(text), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return html`<label class="field"><span>${t("common.search")}</span><input type="search" value=${text} placeholder=${t("audit.find")}
    onInput=${event => set(event.target.value)} /></label>`;
};

const Choice = ({ label, value, all, text, change }) => html`<label class="field"><span>${label}</span>
  <select value=${value} onChange=${event => change(event.target.value)}><option value="">${t("audit.any")}</option>
  ${all.map(one => html`<option key=${one} value=${one}>${text(one)}</option>`)}</select></label>`;

const When = ({ label, value, change }) => html`<label class="field"><span>${label}</span>
  <input type="datetime-local" value=${value} onChange=${event => change(event.target.value)} /></label>`;

const Proof = ({ proof }) => proof.why
  ? html`<div class="panel proof" role="alert"><${State} level="alarm" text=${t("audit.broken", { n: proof.broken })} /><p>${proof.why}</p><p>${t("audit.broken_note")}</p></div>`
  : html`<div class="panel proof" role="status"><${State} level="ok" text=${t("audit.whole", { n: count(proof.lines) })} />
      <p class="soft">${t("audit.head")} <code class="break">${proof.head}</code></p></div>`;

const Row = ({ line }) => html`<tr><td class="time">${moment(line.time)}</td>
  <td class="who">${line.person ? html`<bdi title=${line.person}>${line.person}</bdi>` : t("audit.stranger")}
    ${line.role ? html`<span class="soft">${roleText(line.role)}</span>` : null}</td>
  <td><span class="act">${actText(line.act)}</span>${line.outcome === "done" ? null : html` <${State} level=${LEVEL[line.outcome] || "note"} text=${t(`audit.outcomes.${line.outcome}`)} />`}</td>
  <td class="break">${line.what}</td><td class="break soft">${detailText(line.detail)}</td>
  <td class="soft">${line.address || t("audit.here")}</td></tr>`;

const View = () => {
  const filter = filterOf(route.use().query);
  const { lines, acts, more, error, loading, older, again } = useLines(filter);
  const [proof, prove] = useState(null), [busy, work] = useState(false);
  const change = name => value => replace("audit", { ...filter, [name]: value });
  const filtered = FIELDS.some(name => filter[name]);
  const check = async () => {
    work(true);
    prove(await attempt(() => get("/audit/verify")) ?? null);
    work(false);
  };
  return html`<div class="head"><h1>${t("audit.nav")}</h1><span class="grow"></span>
      <button onClick=${again}>${t("audit.again")}</button>
      <button onClick=${check} disabled=${busy}><${Icon} name="check" size="18" />${t("audit.prove")}</button>
      <a class="button" href=${link("/audit/export", asked(filter))} download><${Icon} name="save" size="18" />CSV</a></div>
    ${proof ? html`<${Proof} proof=${proof} />` : null}
    <form class="filter" role="search" onSubmit=${event => event.preventDefault()}>
      <${Find} key=${filtered} value=${filter.find} change=${change("find")} />
      <${Choice} label=${t("audit.what_done")} value=${filter.act} all=${acts} text=${actText} change=${change("act")} />
      <${Choice} label=${t("audit.outcome")} value=${filter.outcome} all=${OUTCOMES} text=${one => t(`audit.outcomes.${one}`)} change=${change("outcome")} />
      <${When} label=${t("audit.from")} value=${filter.start} change=${change("start")} />
      <${When} label=${t("audit.until")} value=${filter.end} change=${change("end")} />
      ${filtered ? html`<button type="button" onClick=${() => replace("audit", {})}>${t("audit.all")}</button>` : null}</form>
    ${error ? html`<div class="panel"><${State} level="warn" text=${error.message} /></div>` : null}
    ${lines.length ? html`<div class="panel scroll"><table class="audit"><thead><tr><th>${t("audit.time")}</th><th>${t("audit.person")}</th><th>${t("audit.what_done")}</th>
        <th>${t("audit.what")}</th><th>${t("audit.detail")}</th><th>${t("audit.address")}</th></tr></thead>
        <tbody>${lines.map(line => html`<${Row} key=${line.sequence} line=${line} />`)}</tbody></table>
      ${more ? html`<button class="older" onClick=${older}>${t("audit.older")}</button>` : null}</div>`
    : loading || error ? null : html`<div class="panel"><${Empty} title=${filtered ? t("audit.none") : t("audit.empty")} text=${filtered ? t("audit.none_do") : t("audit.empty_do")} /></div>`}`;
};

export const page = { name: "audit", order: 120, icon: "audit", view: View, shown: ({ person }) => ["engineer", "admin"].includes(person?.role) };
