import { html, useState } from "../lib/ui.js";
import { attempt, post, session } from "../lib/api.js";
import { useNow } from "../lib/now.js";
import { href } from "../lib/route.js";
import { count, duration, near, number, percent, t } from "../lib/text.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icon.js";
import { State } from "./state.js";

export const may = person => person?.role === "engineer" || person?.role === "admin";

// A question before an act that changes what decides.
export const Sure = ({ title, text, act, danger, onClose, work }) => {
  const [busy, set] = useState(false);
  const go = async () => { set(true); await work(); set(false); onClose(); };
  return html`<${Dialog} title=${title} onClose=${onClose}><p>${text}</p><div class="actions">
    <button type="button" onClick=${onClose}>${t("common.cancel")}</button>
    <button type="button" class=${danger ? "danger" : "primary"} disabled=${busy} onClick=${go}>${act}</button></div><//>`;
};

const Step = ({ number: place, title, done, children }) => html`<li class=${done ? "done" : ""}><h3><span class="place" aria-hidden="true">${done ? html`<${Icon} name="check" size="14" />` : place}</span>${title}</h3>${children}</li>`;

const Working = ({ job }) => {
  const now = useNow(1000);
  return html`<progress aria-label=${t("model.retraining")} max=${job.total || undefined} value=${job.total ? job.done : undefined}></progress>
    <p class="soft">${job.what || t("model.learning")} · ${duration(Math.max(0, now - job.began))}</p>`;
};

const Learn = ({ told, job, run }) => {
  const { person } = session.use();
  const wrong = told.false_alarms + told.missed_faults, running = job?.state === "running";
  return html`${running ? html`<${Working} job=${job} />` : html`
      ${told.bundle === null ? null : told.due ? html`<p><${State} level="note" text=${t("model.due")} /></p>` : null}
      ${told.bundle === null ? null : html`<p class="soft">${t("model.due_counts", { wrong, needed: told.needed, confirmed: told.confirmed })}</p>`}
      ${job?.state === "failed" ? html`<p class="break"><${State} level="warn" text=${t("model.failed")} /> ${job.error}</p>` : null}
      ${job?.state === "stopped" ? html`<p class="soft">${t("model.stopped")}</p>` : null}
      ${job?.state === "done" ? html`<p><${State} level="ok" text=${t("model.learnt", { n: job.result.version ?? "", time: near(job.ended) })} /></p>` : null}`}
    <div class="row">${running ? html`<button disabled=${!may(person)} onClick=${() => run(() => post(`/job/${job.number}/stop`))}>${t("model.stop")}</button>`
      : html`<button class=${told.due ? "primary" : ""} disabled=${!may(person) || told.bundle === null} onClick=${() => run(() => post("/model/retraining"))}>${t("model.retrain")}</button>`}</div>`;
};

// The road of a new version, in order; the way back is always in sight.
export const Road = ({ shelf, told, job, live, again }) => {
  const [asked, ask] = useState(null);
  const [busy, setBusy] = useState(false);
  const { person } = session.use();
  const role = name => shelf.bundles.find(one => one.roles.includes(name));
  const champion = role("decides") || role("starts"), beside = role("shadow"), last = role("last-good");
  const candidate = shelf.bundles.find(one => !one.refused && champion && one.version > champion.version && one !== beside);
  const run = async (work, said) => { setBusy(true); await attempt(work, said); setBusy(false); again(); };
  const can = may(person) && shelf.node && !busy;
  const ticks = live?.ticks ?? 0;
  return html`<section class="panel road"><ol>
    <${Step} number="1" title=${t("model.step_learn")} done=${Boolean(candidate || beside) && job?.state !== "running"}><${Learn} told=${told} job=${job} run=${run} /><//>
    <${Step} number="2" title=${t("model.step_shadow")} done=${Boolean(beside)}>
      <p class="soft">${beside ? t("model.runs_beside", { n: beside.version }) : candidate ? t("model.ready", { n: candidate.version }) : t("model.nothing_newer")}</p>
      ${shelf.shadow_failed ? html`<p class="break"><${State} level="warn" text=${t("model.failed")} /> ${shelf.shadow_failed}</p>` : null}
      <div class="row">${candidate ? html`<button class=${beside ? "" : "primary"} disabled=${!can} onClick=${() => run(() => post(`/model/${candidate.version}/shadow`), t("model.did_shadow", { n: candidate.version }))}>${t("model.do_shadow", { n: candidate.version })}</button>` : null}</div><//>
    <${Step} number="3" title=${t("model.step_compare")} done=${Boolean(beside && ticks)}>
      ${live ? html`<p>${t("model.compare_short", { n: count(ticks), agree: percent(live.agree, 2) })}</p><p class="soft">${t("model.compare_difference", { mean: number(live.mean_difference, 2), most: number(live.largest_difference, 2) })}</p>` : html`<p class="soft">${t("model.compare_wait")}</p>`}
      ${beside ? html`<div class="row"><a class="button" href=${href("model", { version: beside.version, tab: "compare" })}>${t("model.do_compare")}</a></div>` : null}<//>
    <${Step} number="4" title=${t("model.step_promote")}>
      <p class="soft">${beside ? t("model.promote_ready", { n: beside.version }) : t("model.promote_wait")}</p>
      <div class="row"><button class=${beside ? "primary" : ""} disabled=${!can || !beside || Boolean(live?.failed)} onClick=${() => ask("promote")}>${beside ? t("model.do_promote", { n: beside.version }) : t("model.promote")}</button></div><//>
    <li class="back"><h3><${Icon} name="left" size="16" />${t("model.step_back")}</h3>
      <p class="soft">${!shelf.node ? t("model.no_node") : last ? t("model.back_to", { n: last.version }) : t("model.no_back")}</p>
      <div class="row"><button disabled=${!can || !last} onClick=${() => ask("rollback")}>${last ? t("model.do_rollback", { n: last.version }) : t("model.rollback")}</button></div></li></ol>
    ${may(person) ? null : html`<p class="note">${t("model.engineer")}</p>`}
    ${asked === "promote" && beside ? html`<${Sure} title=${t("model.do_promote", { n: beside.version })} act=${t("model.promote")} onClose=${() => ask(null)}
        text=${t("model.promote_sure", { n: beside.version, now: champion?.version ?? "–", ticks: count(ticks), agree: percent(live?.agree ?? 0, 2) })}
        work=${() => run(() => post("/model/promote"), t("model.did_promote", { n: beside.version }))} />` : null}
    ${asked === "rollback" && last ? html`<${Sure} title=${t("model.do_rollback", { n: last.version })} act=${t("model.rollback")} onClose=${() => ask(null)}
        text=${t("model.rollback_sure", { n: last.version, now: champion?.version ?? "–" })}
        work=${() => run(() => post("/model/rollback"), t("model.did_rollback", { n: last.version }))} />` : null}</section>`;
};
