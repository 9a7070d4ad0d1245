import { html, useState } from "../lib/ui.js";
import { attempt, post } from "../lib/api.js";
import { pulse } from "../lib/live.js";
import { href } from "../lib/route.js";
import { t } from "../lib/text.js";
import { recording } from "./setup-record.js";
import { runCommand, standing } from "./setup-state.js";
import { Empty } from "./empty.js";
import { healthLevel, healthText, State } from "./state.js";

// The last step: let it decide.
export const DeployStep = () => {
  const now = standing.use(), beat = pulse.use();
  const [busy, work] = useState(false);
  if (!now.learnt) return html`<${Empty} title=${t("setup.result.empty")} text=${t("setup.result.empty_text")}><a class="button" href="#/setup?step=train">${t("setup.step.train")}</a></${Empty}>`;
  const { learnt } = now, decides = now.deciding === learnt.name;
  const deploy = async () => {
    work(true);
    const after = await attempt(() => post("/setup/deploy", { version: learnt.version }), t("setup.deploy.done", { version: learnt.version }));
    work(false);
    if (after !== undefined) standing.set(after);
  };
  return html`<p class="note">${t("setup.deploy.note")}</p>
    <p role="status">${decides ? html`<${State} level="ok" text=${t("setup.deploy.decides", { version: learnt.version })} />`
      : now.deciding ? html`<${State} level="note" text=${t("setup.deploy.other", { name: now.deciding, version: learnt.version })} />` : html`<${State} level="off" text=${t("setup.deploy.none")} />`}</p>
    <div class="row"><button class="primary" disabled=${busy || decides} onClick=${deploy}>${t("setup.deploy.act", { version: learnt.version })}</button></div>
    <dl class="facts"><div><dt>${t("setup.deploy.node")}</dt><dd><${State} level=${healthLevel(beat)} text=${healthText(beat)} /></dd></div></dl>
    ${decides && !beat?.reached ? html`<p class="note">${t(recording(now) ? "setup.deploy.starting" : "setup.deploy.start")}</p>${recording(now) ? null : html`<p><code class="command">${runCommand(now.folder)}</code></p>`}` : null}
    ${decides && beat?.reached ? html`<p><a class="button" href=${href("plant")}>${t("setup.deploy.look")}</a></p>` : null}`;
};
