import { html } from "../lib/ui.js";
import { t } from "../lib/text.js";
import { State } from "./state.js";

// What a bundle does now, and whether its signature holds.
const ROLES = { decides: "ok", starts: "off", shadow: "note", "last-good": "off" };
export const Roles = ({ roles }) => roles.map(role => html`<${State} key=${role} level=${ROLES[role]} text=${t(`model.role.${role}`)} />`);
export const Signature = ({ signature, refused, quiet }) => {
  if (refused) return html`<${State} level="warn" text=${t("model.unreadable")} title=${refused} />`;
  if (signature.verdict === "trusted") return quiet ? null : html`<${State} level="ok" text=${t("model.signature.trusted")} title=${signature.key} />`;
  return html`<${State} level="warn" text=${t(`model.signature.${signature.verdict}`)} title=${signature.why} />`;
};
export const digestOf = digest => digest.replace(/^sha256:/, "").slice(0, 12);
export const versionOf = one => (one.version === null ? digestOf(one.digest) : t("model.version", { n: one.version }));
export const Digest = ({ digest }) => (digest ? html`<code title=${digest}>${digestOf(digest)}</code>` : "–");
