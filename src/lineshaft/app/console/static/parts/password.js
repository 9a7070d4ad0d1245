import { html, useState } from "../lib/ui.js";
import { t } from "../lib/text.js";

// A field for a password, which one may look at: gloves and small keys make mistakes.
let last = 0;
export const Password = ({ label, value, onInput, autocomplete, shown: first = false, children, ...more }) => {
  const [shown, show] = useState(first), [id] = useState(() => `password-${++last}`);
  return html`<div class="field"><label for=${id}>${label}</label><div class="password">
    <input id=${id} type=${shown ? "text" : "password"} value=${value} required autocomplete=${autocomplete} spellcheck=${false}
      autocapitalize="none" onInput=${event => onInput(event.target.value)} ...${more} />
    <button type="button" aria-pressed=${shown} onClick=${() => show(!shown)}>${t("login.look")}</button>${children}</div></div>`;
};

export const SHORTEST = 10;
export const tooShort = password => [...password].length < SHORTEST;
