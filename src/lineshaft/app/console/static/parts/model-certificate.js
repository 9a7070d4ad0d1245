import { html } from "../lib/ui.js";
import { count, duration, moment, number, t } from "../lib/text.js";
import { Digest, Signature } from "./bundle.js";
import { State } from "./state.js";

// What was measured before the bundle was let out, and on which machine.
export const mib = bytes => `${number(bytes / 2 ** 20, 3)} MiB`;
const size = bytes => bytes < 10240 ? `${count(bytes)} B` : bytes < 2 ** 20 ? `${number(bytes / 1024, 3)} KiB` : mib(bytes);
export const us = value => duration(value / 1000);
const Fact = ({ name, children }) => html`<div><dt>${name}</dt><dd>${children}</dd></div>`;
const ORDER = ["p50", "p99", "p999", "most"];

// An emulation's times and memory say nothing of the target: the compiler's own count stands there instead.
const Emulated = ({ one }) => html`<${Fact} name=${t("model.emulated")}>${one.emulator}<//>
  ${one.flash_bytes ? html`<${Fact} name=${t("model.flash")}>${size(one.flash_bytes)}<//>` : null}
  ${one.ram_bytes ? html`<${Fact} name=${t("model.ram")}>${size(one.ram_bytes)}<//>` : null}`;

const Timed = ({ one, deadline, memory }) => html`
  ${ORDER.map((name, place) => html`<${Fact} key=${name} name=${t("model.step", { share: t(`model.percentile.${name}`) })}>${us(one.latency_us[place])}<//>`)}
  <${Fact} name=${t("model.deadline")}><${State} level="ok" text=${`${us(deadline)} · ${t(one.latency_us[2] <= deadline ? "model.kept" : "model.kept_busy")}`} /><//>
  <${Fact} name=${t("model.memory")}>${t("model.of", { part: mib(one.memory_bytes), whole: mib(memory) })}<//>`;

const Rest = ({ title, facts }) => html`<details class="spaced"><summary>${title}</summary>
  <dl class="facts">${Object.entries(facts).map(([name, value]) => html`<${Fact} key=${name} name=${name.replaceAll("_", " ")}>${value}<//>`)}</dl></details>`;

const One = ({ one, deadline, memory }) => html`<section class="panel"><h2>${t("model.certified_for", { backend: one.backend, target: one.target })}</h2>
    <dl class="facts">
      <${Fact} name=${t("model.precision")}>${one.precision}<//>
      <${Fact} name=${t("model.parity")}>${t("model.of", { part: number(one.parity, 2), whole: number(one.bound, 2) })}<//>
      <${Fact} name=${t("model.gaps")}>${number(one.absolute, 2)} · ${number(100 * one.relative, 2)} %<//>
      <${Fact} name=${t("model.flips")}><${State} level=${one.flips ? "warn" : "ok"} text=${count(one.flips)} /><//>
      <${Fact} name=${t("model.golden_ticks")}>${count(one.ticks)}<//>
      ${one.emulator ? html`<${Emulated} one=${one} />` : html`<${Timed} one=${one} deadline=${deadline} memory=${memory} />`}
      <${Fact} name=${t("model.artifact")}>${size(one.artifact_bytes)}<//>
      ${one.compiler ? html`<${Fact} name=${t("model.compiler")}>${one.compiler}<//>` : null}
      <${Fact} name=${t("model.measured")}><span class="time">${moment(one.created)}</span><//>
      <${Fact} name=${t("model.graph")}><${Digest} digest=${one.graph} /><//></dl>
    <${Rest} title=${t("model.machine")} facts=${one.machine} />
    <${Rest} title=${t("model.conditions")} facts=${one.conditions} /></section>`;

const SAYS = 12;
const said = answers => answers.slice(0, SAYS).map(one => `${one.name}${one.ahead ? `+${one.ahead}` : ""}${one.unit ? ` (${one.unit})` : ""}`).join(", ")
  + (answers.length > SAYS ? ` ${t("common.more", { n: answers.length - SAYS })}` : "");

export const Certificate = ({ detail }) => html`<div class="cards">
  <section class="panel"><h2>${t("model.signature.title")}</h2>
    <p><${Signature} signature=${detail.signature} refused=${detail.refused} /></p>
    ${detail.signature.why ? html`<p class="break">${detail.signature.why}</p>` : null}
    <dl class="facts">${detail.answers.length ? html`<${Fact} name=${t("model.says")}>${said(detail.answers)}<//>` : null}
      <${Fact} name=${t("model.key")}>${detail.signature.key ? html`<code title=${detail.signature.key}>${detail.signature.key.slice(0, 16)}</code>` : "–"}<//>
      <${Fact} name=${t("model.digest")}><${Digest} digest=${detail.digest} /><//>
      <${Fact} name=${t("model.golden")}>${count(detail.golden.length)} · ${t("model.ticks", { n: count(detail.golden.reduce((sum, one) => sum + one, 0)) })}<//></dl>
    <h3 class="spaced">${t("model.files")}</h3>
    <div class="scroll"><table class="files"><tbody>${detail.files.map(file => html`<tr key=${file.name}><td class="break">${file.name}</td>
      <td class="n">${size(file.bytes)}</td><td><${Digest} digest=${file.digest} /></td></tr>`)}</tbody></table></div>
    <details class="spaced"><summary>${t("model.sbom", { n: detail.sbom.libraries.length, format: detail.sbom.format })}</summary>
      <p class="soft break">${detail.sbom.serial}</p>
      <div class="scroll"><table><thead><tr><th>${t("model.library")}</th><th>${t("model.library_version")}</th><th>${t("model.licence")}</th></tr></thead>
        <tbody>${detail.sbom.libraries.map(one => html`<tr key=${one.name}><td>${one.name}</td><td>${one.version}</td><td>${one.licence || "–"}</td></tr>`)}</tbody></table></div></details></section>
  ${detail.certificates.map(one => html`<${One} key=${`${one.backend}/${one.target}`} one=${one} deadline=${detail.deadline_us} memory=${detail.memory_bytes} />`)}</div>`;
