import { html } from "../lib/ui.js";
export const page = { name: "plant", order: 1, icon: "plant", view: () => html`<h1>Plant</h1>` };
