import { html } from "../lib/ui.js";
import { number, percent, t } from "../lib/text.js";
import { standing } from "./setup-state.js";
import { Empty } from "./empty.js";

// The seventh step: what came out.
export const ResultStep = () => {
  const now = standing.use();
  if (!now.learnt) return html`<${Empty} title=${t("setup.result.empty")} text=${t("setup.result.empty_text")}><a class="button" href="#/setup?step=train">${t("setup.step.train")}</a></${Empty}>`;
  const { learnt } = now;
  return html`<dl class="facts"><div><dt>${t("setup.result.version")}</dt><dd>${learnt.version}</dd></div><div><dt>${t("setup.result.learner")}</dt><dd>${learnt.learner}</dd></div></dl><p lang="en">${learnt.why}</p>`;
};
