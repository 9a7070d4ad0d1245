import { html, render, useEffect, useErrorBoundary, useState } from "./lib/ui.js";
import { get, loggedOut, session } from "./lib/api.js";
import { connect, link, pulse, reconnect, serverNow } from "./lib/live.js";
import { href, replace, route } from "./lib/route.js";
import { kept, store } from "./lib/store.js";
import { ago, clock, language, t, useText, words, zone, zoneName } from "./lib/text.js";
import { Icon } from "./parts/icon.js";
import { Notices } from "./parts/notices.js";
import { healthLevel, healthText, State } from "./parts/state.js";

// The frame: what stands around every page, and the page that the address names.
const theme = kept("theme", "auto");
const shell = store(null), pages = store([]), failed = store("");

theme.follow(wanted => {
  if (wanted === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = wanted;
});

const load = async () => {
  try {
    const found = await get("/shell", { lang: language.get() });
    const known = await Promise.all(found.pages.map(async name => (await import(`./pages/${name}.js`)).page));
    words.set(found.words); // from here on nothing waits: no page is drawn for somebody who is not there
    document.documentElement.lang = found.lang === "zh" ? "zh-CN" : found.lang;
    session.set({ person: found.person, token: found.token, users: found.users, mustChange: found.must_change, provider: found.provider });
    loggedOut.set(found.person === null);
    pages.set(known.sort((one, other) => one.order - other.order));
    shell.set(found);
    failed.set("");
  } catch (error) {
    failed.set(error.message);
    setTimeout(load, 2000);
  }
};
language.follow(load);

const Clock = () => {
  const [now, tick] = useState(serverNow());
  useEffect(() => {
    const timer = setInterval(() => tick(serverNow()), 1000);
    return () => clearInterval(timer);
  }, []);
  zone.use();
  return html`<button class="plain clock" title=${t("common.zone")} onClick=${() => zone.set(zone.get() === "utc" ? "local" : "utc")}>
    ${clock(now)} <span class="soft">${zoneName()}</span></button>`;
};

const Lost = () => {
  const { up, since, fault } = link.use();
  const [now, tick] = useState(Date.now());
  const wrong = !up || fault;
  useEffect(() => {
    if (!wrong) return undefined;
    const timer = setInterval(() => tick(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [wrong]);
  if (!wrong) return null;
  return html`<div class="bannerline lost" role="alert"><${State} level="warn" text=${up ? fault : t("common.lost", { time: ago(now - since) })} /></div>`;
};

const Menu = () => {
  const chosen = theme.use(), lang = language.use();
  const found = shell.use(), { person } = session.use();
  return html`<div class="row">
    <button class="plain" lang=${lang === "zh" ? "en" : "zh-CN"} onClick=${() => language.set(lang === "zh" ? "en" : "zh")}>${lang === "zh" ? "English" : "中文"}</button>
    <label><span class="sr">${t("common.theme.label")}</span><select value=${chosen} onChange=${event => theme.set(event.target.value)}>
      ${["auto", "light", "dark"].map(one => html`<option value=${one}>${t(`common.theme.${one}`)}</option>`)}</select></label>
    ${found?.users && person ? html`<a class="button plain" href=${href("account")}><${Icon} name="account" /><bdi>${person.name}</bdi></a>` : null}</div>`;
};

const Top = () => {
  const found = shell.use(), beat = pulse.use(), { up } = link.use();
  return html`<header class="top">
    <a class="brand" href=${href("plant")} style=${{ color: "inherit", textDecoration: "none" }}><img src="/static/icon.svg" alt="" /><bdi title=${found.plant}>${found.plant || "Lineshaft"}</bdi></a>
    <${State} level=${up ? healthLevel(beat) : "warn"} text=${up ? healthText(beat) : t("common.health.unknown")} title=${(beat?.health?.reasons || []).join("\n")} />
    <span class="grow"></span><${Clock} /><${Menu} /></header>`;
};

const Rail = ({ current }) => {
  const beat = pulse.use();
  const waiting = (beat?.alarms || []).filter(alarm => alarm.state === "unacknowledged").length;
  return html`<nav class="rail" aria-label=${t("common.pages")}>${pages.use().filter(page => page.order < 100 || page.shown?.(session.get())).filter(page => !page.hidden).map(page => html`
    <a key=${page.name} href=${href(page.name)} aria-current=${page.name === current ? "page" : undefined}>
      <${Icon} name=${page.icon} size="22" /><span>${t(`${page.name}.nav`)}</span>
      ${page.name === "alarm" && waiting ? html`<span class="count" aria-label=${t("common.waiting", { n: waiting })}>${waiting}</span>` : null}</a>`)}</nav>`;
};

const Page = ({ page }) => {
  const [error, retry] = useErrorBoundary(failure => console.error(failure));
  if (error) return html`<div class="panel"><${State} level="warn" text=${t("common.broken")} /><p class="break"><code>${String(error.message)}</code></p>
    <button onClick=${retry}>${t("common.again")}</button></div>`;
  return html`<${page.view} />`;
};

const App = () => {
  useText();
  const found = shell.use(), said = failed.use(), all = pages.use(), at = route.use(), out = loggedOut.use();
  if (!found) return html`<div class="empty" role="status">${said ? html`<${State} level="warn" text=${said} />` : null}</div>`;
  const login = all.find(page => page.name === "login");
  if ((out || found.must_change) && login) return html`<${login.view} /><${Notices} />`;
  const page = all.find(one => one.name === at.page) || all.find(one => one.name === (found.loop ? "plant" : "setup")) || all[0];
  if (page && page.name !== at.page) replace(page.name);
  document.title = page ? `${t(`${page.name}.nav`)} · ${found.plant || "Lineshaft"}` : "Lineshaft";
  return html`<div class="shell"><${Top} /><${Rail} current=${page?.name} />
    <section class="banners" aria-label=${t("common.banners")}><${Lost} />
      ${found.mistake ? html`<div class="bannerline lost" role="alert"><${State} level="warn" text=${found.mistake} /></div>` : null}
      ${found.users ? null : html`<div class="bannerline"><${State} level="note" text=${t("common.open")} /></div>`}</section>
    <main tabindex="-1" id="main">${page ? html`<${Page} key=${page.name} page=${page} />` : null}</main></div><${Notices} />`;
};

// A page that was set up, or logged in or out of, asks for the frame anew.
addEventListener("lineshaft:reload", () => load().then(reconnect));
render(html`<${App} />`, document.getElementById("app"));
load().then(connect);
