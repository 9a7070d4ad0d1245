import { html, useEffect, useState } from "../lib/ui.js";
import { attempt, post } from "../lib/api.js";
import { serverNow } from "../lib/live.js";
import { count, duration, moment, t } from "../lib/text.js";
import { look, standing, useJob } from "./setup-state.js";
import { Bar, Busy } from "./setup-input.js";
import { Empty } from "./empty.js";
import { Icon } from "./icon.js";
import { State } from "./state.js";

// The sixth step: learn from what was called normal, in a process of its own, with its progress.
const KIND = "retrain";

export const useTraining = () => useJob(KIND);

export const TrainStep = () => {
  const now = standing.use(), job = useTraining();
  const running = job?.state === "running";
  useEffect(() => { if (job?.state === "done") attempt(look); }, [job?.number, job?.state]);
  const watches = now.task.task === "monitor";
  if (watches && !now.judged.some(one => one.normal)) return html`<${Empty} title=${t("setup.train.empty")} text=${t("setup.train.empty_text")}><a class="button" href="#/setup?step=normal">${t("setup.step.normal")}</a></${Empty}>`;
  const normal = now.judged.filter(one => one.normal);
  if (!watches && !now.recorded.end) return html`<${Empty} title=${t("setup.normal.empty")} text=${t("setup.train.record_first")}><a class="button" href="#/setup?step=record">${t("setup.step.record")}</a></${Empty}>`;
  return html`<p class="note">${t(watches ? "setup.train.note" : "setup.train.answer_note")}</p>
    <p>${!watches ? t("setup.train.answer_from", { time: duration(now.recorded.covered) }) : t("setup.train.from", { n: count(normal.length), time: duration(normal.reduce((sum, one) => sum + one.end - one.start, 0)) })}</p>
    <div class="row"><button class="primary" disabled=${running} onClick=${() => attempt(() => post("/model/retraining"))}><${Icon} name="play" size="18" />${t(now.learnt ? "setup.train.again" : "setup.train.start")}</button>
      ${running ? html`<button onClick=${() => attempt(() => post(`/job/${job.number}/stop`))}>${t("common.cancel")}</button>` : null}</div>
    ${job ? html`<${Working} job=${job} />` : null}
    ${now.learnt && !running ? html`<p><${State} level="ok" text=${t("setup.train.there", { version: now.learnt.version })} /> <span class="soft time">${moment(Date.parse(now.learnt.created))}</span></p>` : null}`;
};

const Working = ({ job }) => {
  const [at, tick] = useState(serverNow());
  const running = job.state === "running";
  useEffect(() => {
    if (!running) return undefined;
    const timer = setInterval(() => tick(serverNow()), 1000);
    return () => clearInterval(timer);
  }, [running]);
  const took = (running ? at : job.ended) - job.began;
  if (job.state === "failed") return html`<p role="alert"><${State} level="warn" text=${job.error} /></p>`;
  if (job.state === "stopped") return html`<p role="status"><${State} level="off" text=${t("setup.train.stopped")} /></p>`;
  if (job.state === "done") return html`<p role="status"><${State} level="ok" text=${t("setup.train.done", { time: duration(took) })} /></p>`;
  return html`<div class="panel" role="status"><p><${Busy} text=${job.what || t("setup.train.working")} /> <span class="soft">${duration(took)}</span></p>
    ${job.total ? html`<${Bar} share=${job.done / job.total} label=${t("setup.train.progress")} />` : null}</div>`;
};
