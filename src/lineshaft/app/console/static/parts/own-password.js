import { html, useState } from "../lib/ui.js";
import { post } from "../lib/api.js";
import { t } from "../lib/text.js";
import { Password, SHORTEST, tooShort } from "./password.js";
import { State } from "./state.js";

// A person's own password: the old one, and the new one twice.
export const OwnPassword = ({ name, done, children }) => {
  const [old, setOld] = useState(""), [fresh, setFresh] = useState(""), [again, setAgain] = useState("");
  const [said, say] = useState(""), [busy, work] = useState(false);
  const send = async event => {
    event.preventDefault();
    if (tooShort(fresh)) return say(t("login.short", { n: SHORTEST }));
    if (fresh !== again) return say(t("login.differ"));
    work(true);
    try {
      await post("/session/password", { old, new: fresh });
      return done();
    } catch (error) {
      work(false);
      return say(error.message);
    }
  };
  return html`<form class="entry" onSubmit=${send}>
    <input type="text" autocomplete="username" value=${name} hidden readonly />
    <${Password} label=${t("login.old")} value=${old} onInput=${setOld} autocomplete="current-password" autofocus />
    <${Password} label=${t("login.new")} value=${fresh} onInput=${setFresh} autocomplete="new-password" aria-describedby="password-rule" />
    <${Password} label=${t("login.again")} value=${again} onInput=${setAgain} autocomplete="new-password" />
    <p class="note" id="password-rule">${t("login.rule", { n: SHORTEST })}</p>
    <div role="alert">${said ? html`<${State} level="warn" text=${said} />` : null}</div>
    <div class="actions"><button class="primary" disabled=${busy}>${t("login.choose")}</button>${children}</div></form>`;
};
