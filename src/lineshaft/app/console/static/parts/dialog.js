import { html, useEffect, useRef } from "../lib/ui.js";
import { t } from "../lib/text.js";
import { Icon } from "./icon.js";

// A question in front of everything; Escape and the cross close it. `wide` for tables and charts.
export const Dialog = ({ title, onClose, children, wide }) => {
  const place = useRef(null);
  useEffect(() => {
    const box = place.current, before = document.activeElement;
    box.showModal();
    return () => { box.close(); before?.focus?.(); };
  }, []);
  return html`<dialog ref=${place} class=${wide ? "wide" : ""} aria-label=${title}
      onCancel=${event => { event.preventDefault(); onClose(); }}
      onMouseDown=${event => { if (event.target === place.current) onClose(); }}>
    <div class="inside"><header><h2>${title}</h2>
      <button class="plain" type="button" onClick=${onClose} aria-label=${t("common.close")}><${Icon} name="close" /></button>
    </header>${children}</div></dialog>`;
};
