import { html, useEffect, useState } from "../lib/ui.js";
import { attempt, link, post, reload, session } from "../lib/api.js";
import { language, t } from "../lib/text.js";
import { OwnPassword } from "../parts/own-password.js";
import { Password } from "../parts/password.js";
import { State } from "../parts/state.js";

const PRODUCT = "Lineshaft";

const Language = () => {
  const lang = language.use(), other = lang === "zh" ? "en" : "zh";
  return html`<button class="plain" type="button" lang=${other === "zh" ? "zh-CN" : "en"} onClick=${() => language.set(other)}>
    ${other === "zh" ? "中文" : "English"}</button>`;
};

// Seconds until the server listens again.
const useCountdown = () => {
  const [until, wait] = useState(0), [, tick] = useState(0);
  const left = Math.max(0, Math.ceil((until - Date.now()) / 1000));
  useEffect(() => {
    if (!left) return undefined;
    const timer = setInterval(() => tick(count => count + 1), 250);
    return () => clearInterval(timer);
  }, [left > 0]);
  return [left, seconds => wait(Date.now() + seconds * 1000)];
};

const Login = ({ provider }) => {
  const [name, setName] = useState(""), [password, setPassword] = useState("");
  const [said, say] = useState(null), [busy, work] = useState(false), [left, wait] = useCountdown();
  const send = async event => {
    event.preventDefault();
    if (busy || left) return;
    work(true);
    say(null);
    try {
      await post("/session/login", { name, password });
      reload();
    } catch (error) {
      if (error.wait) wait(error.wait);
      else say(error.status === 401 ? "wrong" : error.message);
      setPassword("");
    }
    work(false);
  };
  const text = left ? t("login.wait", { n: left }) : said === "wrong" ? t("login.wrong") : said;
  return html`<form class="entry" onSubmit=${send}>
    <label class="field"><span>${t("login.name")}</span><input value=${name} required autofocus autocomplete="username"
      autocapitalize="none" spellcheck=${false} maxlength="256" onInput=${event => setName(event.target.value)} /></label>
    <${Password} label=${t("login.password")} value=${password} onInput=${setPassword} autocomplete="current-password" />
    <div role="alert" class="said">${text ? html`<${State} level="warn" text=${text} />` : null}</div>
    <button class="primary" disabled=${busy || left > 0}>${t("login.enter")}</button>
    ${provider ? html`<div class="or"><span>${t("login.or")}</span></div>
      <a class="button" href=${link("/session/oidc")}>${t("login.provider")}</a>` : null}
    <p class="note">${t("login.forgotten")}</p></form>`;
};

const Choose = ({ name }) => html`<p>${t("login.must_change", { name })}</p>
  <${OwnPassword} name=${name} done=${reload}><button type="button" onClick=${async () => {
    if (await attempt(() => post("/session/logout")) !== undefined) reload();
  }}>${t("login.leave")}</button></${OwnPassword}>`;

const View = () => {
  const { person, mustChange, provider } = session.use();
  document.title = `${t("login.nav")} · ${PRODUCT}`;
  return html`<main class="login" id="main"><div class="panel">
    <header><img src="/static/icon.svg" alt="" /><h1>${PRODUCT}</h1><span class="grow"></span><${Language} /></header>
    ${person && mustChange ? html`<${Choose} name=${person.name} />` : html`<${Login} provider=${provider} />`}
  </div></main>`;
};

export const page = { name: "login", order: 999, icon: "account", hidden: true, view: View };
