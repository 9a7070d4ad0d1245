import { html, useEffect, useState } from "../lib/ui.js";
import { useGet } from "../lib/load.js";
import { count, known, moment, number, t } from "../lib/text.js";
import { cancel, connect, discarded, form, PASSWORD, PLANT_COMMAND, plantTags, probe, standing, wish } from "./setup-state.js";
import { Busy, Choice } from "./setup-input.js";
import { Icon } from "./icon.js";
import { State } from "./state.js";

// The first step: where the signals come from, how to get in, and what the plant is called.
const PKI = "keys/pki", OPCUA = ["security", "pki", "user", "trust", "plain_password", "certificate", "private_key"];
const kindOf = (source, kinds) => {
  const scheme = source.includes(":") ? source.split(":")[0].toLowerCase() : "";
  return kinds.find(one => one.schemes.includes(scheme))?.name || (source && "files");
};
const start = (now, choices) => ({
  kind: now.source ? kindOf(now.source, choices.kinds) : "opcua", password: "",
  opcua: now.source.startsWith("opc.tcp:") ? now.source : choices.near,
  files: now.source && kindOf(now.source, choices.kinds) === "files" ? now.source : choices.files[0]?.path || "",
  plant: now.source.startsWith("plant:") ? now.source : "plant:?seed=7&speed=1",
  security: now.options.security || "None", user: now.options.user || "", trust: [now.options.trust || []].flat(),
  plain: Boolean(now.options.plain_password), name: now.name || "works/hall1", loop: now.loop || "cell",
});
const optionsOf = (one, now) => {
  const same = one.kind === (now.source && kindOf(now.source, one.kinds || []));
  const kept = same || !now.source ? Object.fromEntries(Object.entries(now.options).filter(([key]) => !OPCUA.includes(key))) : {};
  if (one.kind !== "opcua") return kept;
  const secured = one.security !== "None";
  return { ...kept, ...(secured ? { security: one.security } : {}),
           ...(secured ? now.options.certificate ? { certificate: now.options.certificate, private_key: now.options.private_key } : { pki: now.options.pki || PKI } : {}),
           ...(one.user ? { user: one.user } : {}), ...(secured && one.trust.length ? { trust: one.trust } : {}),
           ...(one.plain && !secured && one.user ? { plain_password: true } : {}) };
};

export const SourceStep = () => {
  const now = standing.use(), one = form.use(), open = probe.use();
  const { data: choices, error } = useGet("/setup/choices");
  useEffect(() => { if (choices && now && !form.get()) form.set({ ...start(now, choices), kinds: choices.kinds }); }, [choices, now]);
  const thrown = discarded.use(), [seen, see] = useState(thrown);
  useEffect(() => { if (thrown !== seen) { see(thrown); form.set({ ...start(now, choices), kinds: choices.kinds }); } }, [thrown]);
  useEffect(() => {
    if (!one || !now) return;
    const source = one[one.kind], options = optionsOf(one, now);
    const gone = Object.keys(now.options).filter(key => !(key in options));
    wish("source", [[["plant", "source"], source, now.file ? now.source : undefined], [["plant", "name"], one.name, now.file ? now.name : undefined],
      ...Object.entries(options).map(([key, value]) => [["plant", "options", key], value, now.options[key]]),
      ...gone.map(key => [["plant", "options", key], null, undefined]),
      ...OPCUA.filter(key => !(key in options) && !(key in now.options)).map(key => [["plant", "options", key], null, null]),
      [["tasks", one.loop, "learn"], "by hand", now.file ? "by hand" : undefined]]);
  }, [JSON.stringify(one), now?.digest]);
  if (error) return html`<p role="alert"><${State} level="warn" text=${error.message} /></p>`;
  if (!one || !choices) return html`<p class="soft">${t("common.loading")}</p>`;
  const change = part => form.set(was => ({ ...was, ...part }));
  const source = one[one.kind];
  const fresh = open && open.asked === source; // what it offers still holds when one chooses among it
  const settled = fresh && JSON.stringify(open.options) === JSON.stringify(optionsOf(one, now)) ? open : null;
  const busy = open && ["connecting", "browsing"].includes(open.state), there = settled?.state === "ready";
  const button = html`<button class=${there ? "" : "primary"} disabled=${!source.trim() || busy}><${Icon} name="link" size="18" />${t(there ? "setup.source.again" : "setup.source.connect")}</button>`;
  const go = more => { const next = { ...one, ...more }; form.set(next); connect(source, optionsOf(next, now), next.password); };
  return html`<form onSubmit=${event => { event.preventDefault(); go(); }}>
    <${Choice} label=${t("setup.source.kind")} name="kind" value=${one.kind} cards onChange=${kind => { cancel(); change({ kind }); }}
      options=${choices.kinds.map(kind => ({ value: kind.name, label: known(`setup.kind.${kind.name}`) ? t(`setup.kind.${kind.name}`) : kind.title,
        note: known(`setup.kind.${kind.name}.note`) ? t(`setup.kind.${kind.name}.note`) : kind.description })).sort((a, b) => ORDER.indexOf(a.value) - ORDER.indexOf(b.value))} />
    ${one.kind === "opcua" ? html`<${Address} one=${one} change=${change} choices=${choices} button=${button} />` : null}
    ${one.kind === "files" ? html`<${Files} one=${one} change=${change} choices=${choices} button=${button} />` : null}
    ${one.kind !== "opcua" && one.kind !== "files" ? html`<div>${button}</div>` : null}
    <${Progress} open=${settled} />
    ${settled?.state === "failed" ? html`<${Failed} open=${open} one=${one} onTrust=${certificate => go({ trust: [...one.trust, certificate] })} />` : null}
    ${one.kind === "opcua" ? html`<${Access} one=${one} change=${change} open=${fresh ? open : null} now=${now} onConnect=${go} />` : null}
    <fieldset class="choice"><legend>${t("setup.source.names")}</legend><div class="row top-aligned">
      <label class="field"><span>${t("setup.source.plant")}</span><input aria-label=${t("setup.source.plant")} value=${one.name} maxlength="120" onInput=${event => change({ name: event.target.value })} aria-describedby="plant-note" /><small class="soft" id="plant-note">${t("setup.source.plant_note")}</small></label>
      <label class="field"><span>${t("setup.source.task")}</span><input aria-label=${t("setup.source.task")} value=${one.loop} maxlength="64" disabled=${now.file} pattern="[A-Za-z0-9][A-Za-z0-9_.\\-]*" onInput=${event => change({ loop: event.target.value })} aria-describedby="task-note" /><small class="soft" id="task-note">${t(now.file ? "setup.source.task_fixed" : "setup.source.task_note")}</small></label></div></fieldset></form>`;
};
const ORDER = ["opcua", "files", "plant"];

const Address = ({ one, change, choices, button }) => html`<div><div class="row foot-aligned"><label class="field wide"><span>${t("setup.source.address")}</span>
    <input type="text" inputmode="url" spellcheck="false" autocomplete="off" value=${one.opcua} onInput=${event => change({ opcua: event.target.value })} placeholder=${choices.near} /></label>${button}</div>
  ${choices.answers && one.opcua !== choices.near ? html`<p class="row"><${State} level="ok" text=${t("setup.source.near", { address: choices.near })} />
    <button type="button" onClick=${() => change({ opcua: choices.near })}>${t("setup.source.use")}</button></p>` : null}
  ${!choices.answers && one.opcua === choices.near ? html`<p class="note">${t("setup.source.nobody", { address: choices.near })} <code class="nowrap">${PLANT_COMMAND}</code></p>` : null}</div>`;

const Files = ({ one, change, choices, button }) => html`<div class="stack">
  ${choices.files.length ? html`<${Choice} label=${t("setup.source.files")} name="file" value=${one.files} onChange=${files => change({ files })} cards
    options=${choices.files.slice(0, 50).map(file => ({ value: file.path, label: file.path, note: `${size(file.size)} · ${moment(file.changed)}` }))} />` : html`<p class="note">${t("setup.source.no_files")}</p>`}
  <div class="row foot-aligned"><label class="field wide"><span>${t("setup.source.path")}</span><input type="text" spellcheck="false" autocomplete="off" value=${one.files} onInput=${event => change({ files: event.target.value })} /></label>${button}</div></div>`;
const size = bytes => (bytes >= 1e6 ? `${number(bytes / 1e6, 3)} MB` : `${number(bytes / 1e3, 3)} kB`);

const Progress = ({ open }) => {
  const tags = plantTags.use();
  if (!open) return null;
  if (["connecting", "browsing"].includes(open.state)) return html`<div class="row"><span role="status"><${Busy} text=${t(`setup.source.${open.state}`)} /></span><button type="button" onClick=${cancel}>${t("common.cancel")}</button></div>`;
  if (open.state === "ready" && tags) return html`<p role="status"><${State} level="ok" text=${t("setup.source.ready", { n: count(tags.length) })} /></p>`;
  return null;
};

const Failed = ({ open, one, onTrust }) => {
  const offered = open.endpoints.find(point => point.security === one.security);
  const doubt = open.trouble.refused && offered?.certificate && !one.trust.includes(offered.certificate);
  return html`<div class="panel trouble failed" role="alert"><${State} level="warn" text=${open.trouble.what} />
    ${doubt ? html`<p>${t("setup.source.compare")}</p><p class="break"><code>${offered.certificate}</code></p>
      <button type="button" onClick=${() => onTrust(offered.certificate)}>${t("setup.source.trust")}</button>`
      : open.trouble.do ? html`<p>${open.trouble.do}</p>` : null}</div>`;
};

const Access = ({ one, change, open, now, onConnect }) => {
  const offered = open?.endpoints?.length ? open.endpoints : null;
  const [more, show] = useState(one.security !== "None" || Boolean(one.user));
  const login = offered?.find(point => point.security === one.security)?.logins;
  const wanted = more || (offered && (offered.length > 1 || (login && !login.includes("anonymous")))) || (open?.state === "failed" && open.endpoints.length);
  if (!wanted) return html`<p><button type="button" class="plain" onClick=${() => show(true)}><${Icon} name="down" size="16" />${t("setup.source.access")}</button></p>`;
  const options = offered ? offered.map(point => ({ value: point.security, label: t(known(`setup.security.${point.security}`) ? `setup.security.${point.security}` : "setup.security.other"),
    note: point.usable ? point.security : t("setup.security.unusable", { name: point.security }), disabled: !point.usable }))
    : ["Basic256Sha256-SignAndEncrypt", "Basic256Sha256-Sign", "None"].map(value => ({ value, label: t(`setup.security.${value}`), note: value }));
  return html`<div class="stack"><${Choice} label=${t("setup.source.security")} note=${offered ? t("setup.source.offered") : ""} name="security" value=${one.security} options=${options} onChange=${security => { show(true); change({ security }); }} cards />
    ${one.security !== "None" ? html`<p class="note">${t("setup.source.ours", { folder: `${now.options.pki || PKI}/own` })}</p>` : null}
    <fieldset class="choice"><legend>${t("setup.source.login")}</legend>${login && !login.includes("anonymous") ? html`<p class="note">${t("setup.source.login_wanted")}</p>` : null}
      <div class="row top-aligned"><label class="field"><span>${t("setup.source.user")}</span><input value=${one.user} autocomplete="off" onInput=${event => change({ user: event.target.value })} /></label>
      <label class="field"><span>${t("setup.source.password")}</span><input type="password" autocomplete="off" value=${one.password} onInput=${event => change({ password: event.target.value })} /></label></div>
      ${one.user ? html`<p class="note">${t(now.password ? "setup.source.password_set" : "setup.source.password_note")} <code>${PASSWORD}</code></p>` : null}
      ${one.user && one.security === "None" ? html`<label><input type="checkbox" checked=${one.plain} onChange=${event => change({ plain: event.target.checked })} /> ${t("setup.source.plain")}</label>` : null}</fieldset></div>`;
};
