import { html, useState } from "../lib/ui.js";
import { attempt, post, reload, session } from "../lib/api.js";
import { useGet } from "../lib/load.js";
import { notify } from "../lib/notice.js";
import { moment, t } from "../lib/text.js";
import { Dialog } from "../parts/dialog.js";
import { Icon } from "../parts/icon.js";
import { OwnPassword } from "../parts/own-password.js";
import { Password, SHORTEST, tooShort } from "../parts/password.js";
import { State } from "../parts/state.js";

const ROLES = ["viewer", "operator", "engineer", "admin"];
const LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"; // none that is mistaken for another
const GROUPS = 4, GROUP = 4;

// To be read out or written down once; its person has to choose another.
const suggestion = () => {
  const found = [];
  while (found.length < GROUPS * GROUP) {
    const [value] = crypto.getRandomValues(new Uint8Array(1));
    if (value < 256 - (256 % LETTERS.length)) found.push(LETTERS[value % LETTERS.length]);
  }
  return Array.from({ length: GROUPS }, (_, at) => found.slice(at * GROUP, (at + 1) * GROUP).join("")).join("-");
};

// What several forms do: send, close when it went well, else say why not.
const useSend = (work, done) => {
  const [said, say] = useState(""), [busy, set] = useState(false);
  const send = async event => {
    event.preventDefault();
    set(true);
    try {
      done(await work());
    } catch (error) {
      say(error.message);
      set(false);
    }
  };
  return [send, busy, html`<div role="alert">${said ? html`<${State} level="warn" text=${said} />` : null}</div>`, say];
};

const Roles = ({ value, choose }) => html`<fieldset class="roles"><legend>${t("account.role")}</legend>${ROLES.map(role => html`
  <label key=${role}><input type="radio" name="role" value=${role} checked=${role === value} onChange=${() => choose(role)} />
    <span><b>${t(`account.roles.${role}`)}</b><span class="soft">${t(`account.may.${role}`)}</span></span></label>`)}</fieldset>`;

const Initial = ({ value, set }) => html`<${Password} label=${t("account.initial")} value=${value} onInput=${set} autocomplete="off" shown=${true}>
    <button type="button" onClick=${() => set(suggestion())}>${t("account.suggest")}</button></${Password}>
  <p class="note">${t("account.initial_note", { n: SHORTEST })}</p>`;

const Actions = ({ word, busy, close, danger }) => html`<div class="actions"><button type="button" onClick=${close}>${t("common.cancel")}</button>
  <button class=${danger ? "danger" : "primary"} disabled=${busy}>${word}</button></div>`;

const Add = ({ close, done }) => {
  const [name, setName] = useState(""), [role, choose] = useState("viewer"), [password, set] = useState(suggestion);
  const [send, busy, said] = useSend(() => post("/account", { name, role, password }), done);
  return html`<${Dialog} title=${t("account.add")} onClose=${close}><form onSubmit=${send}>
    <label class="field"><span>${t("login.name")}</span><input value=${name} required autofocus maxlength="64" autocomplete="off"
      autocapitalize="none" spellcheck=${false} onInput=${event => setName(event.target.value)} /></label>
    <${Roles} value=${role} choose=${choose} /><${Initial} value=${password} set=${set} />${said}
    <${Actions} word=${t("account.add")} busy=${busy || tooShort(password)} close=${close} /></form></${Dialog}>`;
};

const ChangeRole = ({ account, close, done }) => {
  const [role, choose] = useState(account.role);
  const [send, busy, said] = useSend(() => post(`/account/${encodeURIComponent(account.name)}/role`, { role }), done);
  return html`<${Dialog} title=${t("account.role_of", { name: account.name })} onClose=${close}><form onSubmit=${send}>
    <${Roles} value=${role} choose=${choose} /><p class="note">${t("account.sessions_end")}</p>${said}
    <${Actions} word=${t("common.save")} busy=${busy || role === account.role} close=${close} /></form></${Dialog}>`;
};

const Reset = ({ account, close, done }) => {
  const [password, set] = useState(suggestion);
  const [send, busy, said] = useSend(() => post(`/account/${encodeURIComponent(account.name)}/password`, { password }), done);
  return html`<${Dialog} title=${t("account.password_of", { name: account.name })} onClose=${close}><form onSubmit=${send}>
    <${Initial} value=${password} set=${set} /><p class="note">${t("account.sessions_end")}</p>${said}
    <${Actions} word=${t("account.set_password")} busy=${busy || tooShort(password)} close=${close} /></form></${Dialog}>`;
};

const KeepOut = ({ account, close, done }) => {
  const [send, busy, said] = useSend(() => post(`/account/${encodeURIComponent(account.name)}/disabled`, { disabled: true }), done);
  return html`<${Dialog} title=${t("account.keep_out_of", { name: account.name })} onClose=${close}><form onSubmit=${send}>
    <p>${t("account.keep_out_note")}</p>${said}<${Actions} word=${t("account.keep_out")} busy=${busy} close=${close} danger=${true} /></form></${Dialog}>`;
};

const DIALOGS = { role: ChangeRole, password: Reset, keepOut: KeepOut };

const Row = ({ account, open, letIn, own }) => html`<tr class=${account.disabled ? "out" : ""}>
  <td class="who"><bdi title=${account.name}>${account.name}</bdi>${own ? html` <span class="soft">${t("account.you")}</span>` : null}</td>
  <td>${t(`account.roles.${account.role}`)}</td>
  <td><${State} level=${account.disabled ? "off" : account.must_change ? "note" : "ok"} text=${
    account.disabled ? t("account.state.out") : account.must_change ? t("account.state.must_change") : t("account.state.in")} />
    ${account.foreign ? html`<div class="soft">${t("account.foreign")}</div>` : null}</td>
  <td class="time">${account.seen === null ? html`<span class="soft">${t("account.never")}</span>` : moment(account.seen)}</td>
  <td><div class="acts">
    ${account.foreign ? null : html`<button onClick=${() => open("role", account)} aria-label=${t("account.role_of", { name: account.name })}>${t("account.role")}</button>
    ${own ? null : html`<button onClick=${() => open("password", account)} aria-label=${t("account.password_of", { name: account.name })}>${t("account.new_password")}</button>`}`}
    ${own ? null : account.disabled
      ? html`<button onClick=${() => letIn(account)} aria-label=${t("account.let_in_of", { name: account.name })}>${t("account.let_in")}</button>`
      : html`<button onClick=${() => open("keepOut", account)} aria-label=${t("account.keep_out_of", { name: account.name })}>${t("account.keep_out")}</button>`}
  </div></td></tr>`;

const Everybody = () => {
  const { person, users } = session.use();
  const { data, error, again } = useGet("/account", {});
  const [open, show] = useState(null);
  const close = () => show(null);
  const done = account => {
    close();
    if (!account) return;
    notify(t("account.saved", { name: account.name }));
    if (users && account.name === person.name) reload();
    else again();
  };
  const letIn = async account => done(await attempt(() => post(`/account/${encodeURIComponent(account.name)}/disabled`, { disabled: false })));
  const Question = open && DIALOGS[open.kind];
  return html`<section class="panel"><div class="head"><h2>${t("account.everybody")}</h2><span class="grow"></span>
      <button class="primary" onClick=${() => show({ kind: "add" })}><${Icon} name="plus" size="18" />${t("account.add")}</button></div>
    ${users ? null : html`<p class="note"><${State} level="note" text=${t("account.not_used")} /></p>`}
    ${error ? html`<${State} level="warn" text=${error.message} />` : null}
    ${data && data.length ? html`<div class="scroll"><table class="accounts"><thead><tr><th>${t("login.name")}</th><th>${t("account.role")}</th><th>${t("account.state_of")}</th>
      <th>${t("account.seen")}</th><th><span class="sr">${t("account.acts")}</span></th></tr></thead>
      <tbody>${data.map(account => html`<${Row} key=${account.name} account=${account} letIn=${letIn} own=${users && account.name === person.name}
        open=${(kind, one) => show({ kind, account: one })} />`)}</tbody></table></div>`
    : data ? html`<p class="soft">${t("account.nobody")}</p>` : null}
    ${open?.kind === "add" ? html`<${Add} close=${close} done=${done} />` : null}
    ${Question ? html`<${Question} account=${open.account} close=${close} done=${done} />` : null}</section>`;
};

const You = () => {
  const { person } = session.use();
  const [choosing, choose] = useState(false);
  const leave = async () => { if (await attempt(() => post("/session/logout")) !== undefined) reload(); };
  return html`<section class="panel you"><div><b><bdi>${person.name}</bdi></b>
      <div class="soft">${t(`account.roles.${person.role}`)} · ${ROLES.slice(0, ROLES.indexOf(person.role) + 1).map(role => t(`account.may.${role}`)).join(" · ")}</div></div><span class="grow"></span>
    <button onClick=${() => choose(true)}>${t("account.change_password")}</button><button onClick=${leave}>${t("login.leave")}</button>
    ${choosing ? html`<${Dialog} title=${t("account.change_password")} onClose=${() => choose(false)}>
      <${OwnPassword} name=${person.name} done=${() => { choose(false); notify(t("account.changed")); reload(); }} /></${Dialog}>` : null}</section>`;
};

const View = () => {
  const { person, users } = session.use();
  return html`<div class="head"><h1>${t("account.nav")}</h1></div>${users ? html`<${You} />` : null}
    ${person.role === "admin" ? html`<${Everybody} />` : null}`;
};

export const page = { name: "account", order: 110, icon: "account", view: View, shown: ({ person }) => person?.role === "admin" };
