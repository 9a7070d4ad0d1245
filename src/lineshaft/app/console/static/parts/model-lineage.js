import { html } from "../lib/ui.js";
import { useGet } from "../lib/load.js";
import { href } from "../lib/route.js";
import { count, duration, moment, short, t } from "../lib/text.js";
import { Digest, versionOf } from "./bundle.js";
import { Links } from "./links.js";
import { State } from "./state.js";

const MOST_TAGS = 8, MOST_SHOWN = 12;
const trend = (found, one) => href("trend", { tags: found.tags.slice(0, MOST_TAGS), start: one.start, end: one.end });

const Samples = ({ found, one }) => html`<a href=${trend(found, one)}><span class="time">${moment(one.start)}</span></a>
  <p class="soft">${t("model.stretch", { time: duration(one.end - one.start), n: found.tags.length })}</p>`;

const Said = ({ one }) => html`<${State} level=${one.abnormal ? "note" : "ok"} text=${t(one.abnormal ? "model.abnormal" : "model.normal")} />
  <p class="soft">${one.by ? html`<bdi>${one.by}</bdi>` : t("model.by_file")}, <span class="time">${moment(one.given)}</span></p>
  ${one.comment && one.by ? html`<p class="break">“${one.comment}”</p>` : null}`;

const Made = ({ one, here }) => html`<div class=${here ? "this" : ""}>${one.version === null || here ? html`<b>${versionOf(one)}</b>` : html`<a href=${href("model", { version: one.version, tab: "lineage" })}>${versionOf(one)}</a>`}
  ${one.version === null ? html`<p class="soft">${t("model.not_here")}</p>` : html`<p class="soft">${one.learner}, <span class="time">${moment(one.created)}</span></p>`}
  ${one.feedback ? html`<p class="soft">${t("model.labels", { n: one.feedback })}</p>` : null}</div>`;

const proof = drift => {
  if (!drift?.result) return html`<${State} level="off" text=${t(drift?.running ? "model.proof.running" : "model.proof.unknown")} />`;
  const same = drift.result.same_data;
  return html`<${State} level=${same ? "ok" : "warn"} text=${t(same ? "model.proof.same" : "model.proof.changed")} />`;
};

// From the samples on the left to the bundle on the right; every box leads to what it names.
export const Lineage = ({ version }) => {
  const { data: found, error } = useGet(`/model/${version}/lineage`, {});
  const { data: drift } = useGet(`/model/${version}/drift`, { over: "hour" }, { every: 15000 });
  if (error) return html`<p><${State} level="warn" text=${error.message} /></p>`;
  if (!found) return html`<p class="soft">${t("common.loading")}</p>`;
  const shown = found.stretches.slice(-MOST_SHOWN), more = found.stretches.length - shown.length;
  const columns = [
    { title: t("model.column.samples"), boxes: shown.map((one, place) => ({ id: `samples/${place}`, view: html`<${Samples} found=${found} one=${one} />` })) },
    { title: t("model.column.said"), boxes: shown.map((one, place) => ({ id: `said/${place}`, view: html`<${Said} one=${one} />` })) },
    { title: t("model.column.data"), boxes: [
      { id: "history", view: html`<span>${t("model.history")}</span><p><code class="break">${found.history || "–"}</code></p>` },
      { id: "dataset", view: html`<span>${t("model.dataset")}</span><p><${Digest} digest=${found.dataset} /></p>
        <p class="soft">${t("model.rows", { fit: count(found.fit_rows), held: count(found.held_out_rows) })}</p>${proof(drift)}` }] },
    { title: t("model.column.bundles"), boxes: found.ancestors.map((one, place) => ({ id: `bundle/${place}`, view: html`<${Made} one=${one} here=${place === 0} />` })) },
  ];
  const edges = [...shown.flatMap((_, place) => [[`samples/${place}`, `said/${place}`], [`said/${place}`, "history"]]), ["history", "dataset"], ["dataset", "bundle/0"],
                 ...found.ancestors.slice(1).map((_, place) => [`bundle/${place + 1}`, `bundle/${place}`])];
  return html`<section>
    ${found.why ? html`<p><${State} level="warn" text=${found.why} /></p>` : null}
    ${more > 0 ? html`<p class="soft">${t("model.earlier", { n: more })}</p>` : null}
    <${Links} columns=${columns} edges=${edges} label=${t("model.tab.lineage")} />
    <details class="spaced"><summary>${t("model.tags", { n: found.tags.length })}</summary><ul class="taglist">${found.tags.map(tag => html`<li key=${tag}><a href=${href("trend", { tags: tag })} title=${tag}><bdi>${short(tag)}</bdi></a></li>`)}</ul></details></section>`;
};
