import { html } from "../lib/ui.js";
import { go, replace, route } from "../lib/route.js";
import { count, duration, short, t } from "../lib/text.js";
import { Diff } from "../parts/setup-diff.js";
import { DeployStep } from "../parts/setup-deploy.js";
import { NormalStep } from "../parts/setup-normal.js";
import { recording, RecordStep, ENOUGH_ROWS } from "../parts/setup-record.js";
import { ResultStep } from "../parts/setup-result.js";
import { SourceStep } from "../parts/setup-source.js";
import { changesOf, drafts, standing, STEPS, useStanding, WRITES } from "../parts/setup-state.js";
import { TagsStep } from "../parts/setup-tags.js";
import { TaskStep } from "../parts/setup-task.js";
import { TrainStep, useTraining } from "../parts/setup-train.js";
import { Icon } from "../parts/icon.js";
import { Shape, State } from "../parts/state.js";

// The road from a source to a bundle that decides. Left where one stands, right the step, below what it writes.
const LOOK_MS = 3000, FILE = "lineshaft.toml";
const VIEWS = { source: SourceStep, tags: TagsStep, task: TaskStep, record: RecordStep, normal: NormalStep, train: TrainStep, result: ResultStep, deploy: DeployStep };

// Of each step: how it stands (done, now, later, doubt) and a few words of what is so.
const states = (now, job) => {
  const ready = now.file && Boolean(now.loop), held = now.recorded, normal = now.judged.filter(one => one.normal);
  const training = job?.state === "running";
  const patterns = now.task.tags || [], answers = ready && now.task.task !== "monitor";
  return {
    source: ready ? ["done", now.source] : ["now", ""],
    tags: !ready ? ["later", ""] : ["done", patterns.length === 1 && patterns[0] === "*" && !now.task["leave-out"].length ? t("setup.state.all_tags") : t("setup.state.patterns", { n: count(patterns.length) })],
    task: !ready ? ["later", ""] : ["done", `${t(`setup.aim.is_${now.task.task}`)} · ${t("setup.state.every", { time: duration(now.period_ms) })}`],
    record: !ready ? ["later", ""] : recording(now) ? [normal.length || (answers && now.learnt) || held.covered >= ENOUGH_ROWS * now.period_ms ? "done" : "now", t("setup.state.recording", { time: duration(held.covered) })]
      : held.end ? ["doubt", t("setup.state.stopped")] : ["now", t("setup.state.nothing")],
    normal: normal.length ? ["done", duration(normal.reduce((sum, one) => sum + one.end - one.start, 0))] : answers ? ["done", t("setup.state.not_needed")] : [held.end ? "now" : "later", ""],
    train: training ? ["now", t("setup.state.training")] : now.learnt ? ["done", t("setup.state.version", { version: now.learnt.version })] : [normal.length || (answers && held.end) ? "now" : "later", ""],
    result: now.learnt ? ["done", now.learnt.learner] : ["later", ""],
    deploy: now.deciding && now.learnt && now.deciding === now.learnt.name ? ["done", t("setup.state.decides")] : now.learnt ? ["now", now.deciding ? t("setup.state.older") : ""] : ["later", ""],
  };
};
const LEVEL = { done: "ok", now: "note", later: "off", doubt: "warn" };

const Steps = ({ current, found }) => {
  drafts.use();
  return html`<nav class="steps" aria-label=${t("setup.steps")}><ol>${STEPS.map((step, place) => {
    const [state, said] = found[step], unwritten = WRITES.includes(step) && standing.get()?.file && changesOf(step).length > 0;
    return html`<li key=${step}><a href=${`#/setup?step=${step}`} aria-current=${step === current ? "step" : undefined} class=${state}>
      <${Shape} level=${unwritten ? "note" : LEVEL[state]} /><span><b>${place + 1}. ${t(`setup.step.${step}`)}</b><small class="soft" title=${said}>${unwritten ? t("setup.state.unwritten") : said || t(`setup.state.${state}`)}</small></span></a></li>`;
  })}</ol></nav>`;
};

const Setup = () => {
  const now = useStanding(LOOK_MS), at = route.use(), job = useTraining();
  if (!now) return html`<p class="soft" role="status">${t("common.loading")}</p>`;
  const found = states(now, job);
  const asked = at.query.get("step");
  const current = STEPS.includes(asked) ? asked : STEPS.find(step => found[step][0] !== "done") || "deploy";
  if (asked !== current && at.page === "setup") queueMicrotask(() => replace("setup", { step: current }));
  const View = VIEWS[current], place = STEPS.indexOf(current), next = STEPS[place + 1];
  const onward = next ? () => { go("setup", { step: next }); document.getElementById("main")?.scrollTo(0, 0); } : null;
  return html`<div class="setup"><${Steps} current=${current} found=${found} />
    <div class="work"><div class="head"><h1>${place + 1}. ${t(`setup.step.${current}`)}</h1><span class="soft break" title=${now.folder}>${`${short(now.folder)}/${FILE}`}</span></div>
      ${now.mistake ? html`<div class="panel trouble" role="alert"><${State} level="warn" text=${now.mistake} /><p class="note">${t("setup.mistake")}</p></div>` : null}
      <div class="panel step"><${View} key=${current} /></div>
      ${WRITES.includes(current) ? html`<${Diff} key=${current} step=${current} onNext=${onward} />`
        : html`<div class="row onward"><span class="soft">${t(`setup.writes.${current}`)}</span><span class="grow"></span>${onward ? html`<button onClick=${onward}>${t("setup.next")}<${Icon} name="right" size="18" /></button>` : null}</div>`}</div></div>`;
};

export const page = { name: "setup", order: 100, icon: "setup", view: Setup,
                     shown: ({ person }) => ["engineer", "admin"].includes(person?.role) };
