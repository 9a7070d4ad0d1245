import { html } from "../lib/ui.js";

// A model card's blocks as elements: text is only ever text.
const Spans = ({ spans }) => spans.map((span, place) =>
  span.style === "code" ? html`<code key=${place} class="break">${span.text}</code>` : span.style === "strong" ? html`<strong key=${place}>${span.text}</strong>`
    : span.style === "emphasis" ? html`<em key=${place}>${span.text}</em>` : html`<span key=${place}>${span.text}</span>`);

const Block = ({ block }) => {
  if (block.kind === "heading") return block.level <= 1 ? html`<h2><${Spans} spans=${block.text} /></h2>` : html`<h3><${Spans} spans=${block.text} /></h3>`;
  if (block.kind === "list") return html`<ul>${block.items.map((item, place) => html`<li key=${place}><${Spans} spans=${item} /></li>`)}</ul>`;
  if (block.kind === "table") return html`<div class="scroll"><table><thead><tr>${block.head.map((cell, place) => html`<th key=${place}><${Spans} spans=${cell} /></th>`)}</tr></thead>
    <tbody>${block.rows.map((row, at) => html`<tr key=${at}>${row.map((cell, place) => html`<td key=${place}><${Spans} spans=${cell} /></td>`)}</tr>`)}</tbody></table></div>`;
  return html`<p><${Spans} spans=${block.text} /></p>`;
};
export const Card = ({ blocks }) => html`<article class="card">${blocks.map((block, place) => html`<${Block} key=${place} block=${block} />`)}</article>`;
