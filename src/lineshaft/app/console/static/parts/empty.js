import { html } from "../lib/ui.js";

// Nothing to show yet, and what to do about it.
export const Empty = ({ title, text, children }) =>
  html`<div class="empty"><b>${title}</b>${text ? html`<span>${text}</span>` : null}${children}</div>`;
