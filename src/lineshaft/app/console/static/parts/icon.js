import { html } from "../lib/ui.js";

// Line drawings of 24 x 24; decoration only, the word beside says the same.
const PATHS = {
  plant: "M3 21V10l6 4v-4l6 4V5h6v16zM7 17h2m4 0h2",
  trend: "M3 3v18h18M6 15l4-5 4 3 6-8",
  alarm: "M12 3a6 6 0 0 0-6 6c0 5-2 6-2 8h16c0-2-2-3-2-8a6 6 0 0 0-6-6zM10 20a2 2 0 0 0 4 0",
  model: "M12 3l8 4.5v9L12 21l-8-4.5v-9zM12 12l8-4.5M12 12v9M12 12L4 7.5",
  node: "M4 4h16v7H4zM4 13h16v7H4zM8 7.5h.01M8 16.5h.01M12 7.5h5M12 16.5h5",
  data: "M4 6c0-1.7 3.6-3 8-3s8 1.3 8 3-3.6 3-8 3-8-1.3-8-3zM4 6v12c0 1.7 3.6 3 8 3s8-1.3 8-3V6M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3",
  setup: "M4 6h10M18 6h2M4 12h2M10 12h10M4 18h8M16 18h4M14 4v4M6 10v4M12 16v4",
  report: "M6 3h9l4 4v14H6zM14 3v5h5M9 12h7M9 16h7",
  account: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c0-4 3.6-6 8-6s8 2 8 6",
  audit: "M5 3h14v18H5zM9 8h6M9 12h6M9 16h4",
  close: "M5 5l14 14M19 5L5 19", search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l5 5",
  left: "M15 5l-7 7 7 7", right: "M9 5l7 7-7 7", plus: "M12 5v14M5 12h14", minus: "M5 12h14",
  down: "M5 9l7 7 7-7", up: "M5 15l7-7 7 7", play: "M7 4v16l13-8z", pause: "M7 4h3v16H7zM14 4h3v16h-3z",
  save: "M12 3v12M7 10l5 5 5-5M4 20h16", link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
  check: "M4 12l6 6L20 6", more: "M5 12h.01M12 12h.01M19 12h.01", menu: "M4 6h16M4 12h16M4 18h16", edit: "M4 20h4L19 9l-4-4L4 16z",
};
export const Icon = ({ name, size = 20 }) => html`<svg class="icon" width=${size} height=${size} viewBox="0 0 24 24"
  fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"
  focusable="false"><path d=${PATHS[name] || PATHS.more} /></svg>`;
