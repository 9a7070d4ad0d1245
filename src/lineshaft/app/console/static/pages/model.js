import { html, useEffect, useRef, useState } from "../lib/ui.js";
import { attempt, post, session } from "../lib/api.js";
import { jobs, pulse } from "../lib/live.js";
import { useGet } from "../lib/load.js";
import { href, replace, route } from "../lib/route.js";
import { count, duration, moment, near, number, t } from "../lib/text.js";
import { Digest, Roles, Signature } from "../parts/bundle.js";
import { Card } from "../parts/model-card.js";
import { Certificate, mib, us } from "../parts/model-certificate.js";
import { Compare } from "../parts/model-compare.js";
import { Drift } from "../parts/model-drift.js";
import { Lineage } from "../parts/model-lineage.js";
import { Rehearsal } from "../parts/model-rehearsal.js";
import { Road, Sure, may } from "../parts/model-road.js";
import { Empty } from "../parts/empty.js";
import { State } from "../parts/state.js";
import { TabPanel, Tabs } from "../parts/tabs.js";

const TABS = ["card", "certificate", "lineage", "compare", "drift"], OVER = ["hour", "day", "week"];

const Row = ({ one, chosen, tab }) => html`<li><a href=${href("model", { version: one.version, tab })} aria-current=${chosen ? "true" : undefined}>
  <span class="first"><b>${t("model.version", { n: one.version })}</b><span class="soft">${one.learner}</span><span class="soft time">${one.created ? near(one.created) : ""}</span></span>
  <span class="row"><${Roles} roles=${one.roles} /><${Signature} signature=${one.signature} refused=${one.refused} quiet=${true} /></span></a></li>`;

const Head = ({ one, detail, shelf, again }) => {
  const [asked, ask] = useState(false);
  const { person } = session.use();
  const champion = shelf.bundles.find(other => other.roles.includes("decides"));
  const newer = shelf.node && champion && one.version > champion.version, next = !shelf.node && !one.refused && !one.roles.includes("starts");
  const act = async (path, said) => { await attempt(() => post(path), said); again(); };
  return html`<header class="bundlehead"><div class="row"><h2>${t("model.version", { n: one.version })}</h2><${Roles} roles=${one.roles} /><${Signature} signature=${one.signature} refused=${one.refused} />
      <span class="grow"></span>
      ${newer && !one.roles.includes("shadow") ? html`<button disabled=${!may(person)} onClick=${() => act(`/model/${one.version}/shadow`, t("model.did_shadow", { n: one.version }))}>${t("model.do_shadow", { n: one.version })}</button>` : null}
      ${newer && !one.roles.includes("shadow") ? html`<button disabled=${!may(person)} onClick=${() => ask(true)}>${t("model.deploy")}</button>` : null}
      ${next ? html`<button disabled=${!may(person)} onClick=${() => act(`/model/${one.version}/deploy`, t("model.did_next", { n: one.version }))}>${t("model.do_next")}</button>` : null}</div>
    ${detail ? html`<p class="soft">${[t("model.head_made", { learner: one.learner, time: moment(one.created) }), t("model.head_tags", { n: count(detail.tags.length), period: duration(detail.period_ms) }),
      t("model.head_budget", { deadline: us(detail.deadline_us), memory: mib(detail.memory_bytes) }), mib(one.bytes)].join(" · ")} · <${Digest} digest=${one.digest} /></p>` : null}
    ${asked ? html`<${Sure} title=${t("model.deploy_title", { n: one.version })} text=${t("model.deploy_sure", { n: one.version, now: champion.version })} act=${t("model.deploy")} onClose=${() => ask(false)}
        work=${() => act(`/model/${one.version}/deploy`, t("model.did_promote", { n: one.version }))} />` : null}</header>`;
};

const Detail = ({ one, tab, over, shelf, again }) => {
  const { data: detail, error } = useGet(one.refused ? null : `/model/${one.version}`, {});
  const shown = detail?.version === one.version ? detail : null;
  const choose = name => replace("model", { version: one.version, tab: name, over: name === "drift" ? over : null });
  const now = shelf.bundles.find(other => other.roles.includes("decides") || other.roles.includes("starts"));
  const shadow = shelf.bundles.find(other => other.roles.includes("shadow")), other = one !== now ? one : shadow || shelf.bundles.find(newer => !newer.refused && newer.version > one.version);
  const beside = [now && !now.refused ? now.version : null, other && other !== now ? other.version : null].filter(Boolean);
  const marks = shelf.bundles.some(other => other.roles.includes("shadow")) ? { compare: html`<span class="mark"><${State} level="note" text="" /></span>` } : {};
  if (one.refused) return html`<section class="panel detail"><${Head} one=${one} shelf=${shelf} again=${again} /><p class="break">${one.refused}</p></section>`;
  return html`<section class="panel detail"><${Head} one=${one} detail=${shown} shelf=${shelf} again=${again} />
    <${Tabs} id="model" label=${t("model.tabs")} chosen=${tab} onChoose=${choose} tabs=${TABS.map(name => ({ name, label: t(`model.tab.${name}`), mark: marks[name] }))} />
    <${TabPanel} id="model" chosen=${tab}>
      ${error ? html`<p><${State} level="warn" text=${error.message} /></p>` : null}
      ${tab === "compare" ? html`<${Compare} key=${one.version} /><${Rehearsal} key=${beside.join()} versions=${beside} />` : null}
      ${tab === "drift" ? html`<${Drift} key=${one.version} version=${one.version} over=${over} change=${next => replace("model", { version: one.version, tab, over: next })} />` : null}
      ${tab === "lineage" ? html`<${Lineage} key=${one.version} version=${one.version} />` : null}
      ${shown && tab === "card" ? html`<${Card} blocks=${shown.card} />` : null}
      ${shown && tab === "certificate" ? html`<${Certificate} detail=${shown} />` : null}<//></section>`;
};

const Models = () => {
  const at = route.use(), beat = pulse.use(), all = jobs.use();
  const { data: shelf, error, again } = useGet("/model", {}, { every: 10000 });
  const { data: told, again: askAgain } = useGet("/model/retraining", {}, { every: 30000 });
  const status = beat?.reached ? beat.status : null, live = status?.shadow || null;
  const newest = Object.values(all).filter(job => job.kind === "retrain").sort((a, b) => b.number - a.number)[0];
  const job = newest && newest.number >= (told?.job?.number ?? 0) ? newest : told?.job;
  const key = JSON.stringify([beat?.reached, status?.bundle, live?.bundle, live?.failed, status?.last_good, job?.state]);
  const seen = useRef(key);
  useEffect(() => {
    if (seen.current === key) return;
    seen.current = key;
    again();
    askAgain();
  }, [key]);
  if (!shelf) return html`<h1>${t("model.title")}</h1>${error ? html`<p><${State} level="warn" text=${error.message} /></p>` : html`<p class="soft">${t("common.loading")}</p>`}`;
  if (!shelf.bundles.length) return html`<div class="head"><h1>${t("model.title")}</h1></div><section class="panel"><${Empty} title=${t("model.none")} text=${t("model.none_do", { time: duration(shelf.learn_ms) })}>
    ${job?.state === "running" ? html`<p role="status">${t("model.learning")}</p>` : job?.state === "failed" ? html`<p class="break"><${State} level="warn" text=${job.error} /></p>` : null}
    <div class="row"><a class="button" href=${href("setup")}>${t("model.to_setup")}</a><a class="button" href=${href("trend")}>${t("model.to_trend")}</a></div><//></section>`;
  const wanted = Number(at.query.get("version")), tab = TABS.includes(at.query.get("tab")) ? at.query.get("tab") : "card";
  const over = OVER.includes(at.query.get("over")) ? at.query.get("over") : "hour";
  const chosen = shelf.bundles.find(one => one.version === wanted) || shelf.bundles.find(one => one.roles.includes("decides") || one.roles.includes("starts")) || shelf.bundles[0];
  return html`<div class="models"><div class="head"><h1>${t("model.title")}</h1><span class="soft"><bdi>${shelf.loop}</bdi></span><span class="grow"></span>
      ${shelf.node ? null : html`<${State} level="off" text=${t("model.no_node")} />`}</div>
    ${error ? html`<p><${State} level="warn" text=${error.message} /></p>` : null}
    ${told ? html`<${Road} shelf=${shelf} told=${told} job=${job} live=${live} again=${() => { again(); askAgain(); }} />` : null}
    <div class="shelved"><nav class="panel shelf" aria-label=${t("model.bundles")}><ul>${shelf.bundles.map(one => html`<${Row} key=${one.version} one=${one} chosen=${one === chosen} tab=${tab} />`)}</ul></nav>
      <${Detail} key=${chosen.version} one=${chosen} tab=${tab} over=${over} shelf=${shelf} again=${again} /></div></div>`;
};

export const page = { name: "model", order: 4, icon: "model", view: Models };
