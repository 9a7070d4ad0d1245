import { html, useEffect, useRef, useState } from "../lib/ui.js";

// A tree that is one stop of the Tab key; arrows walk in it (the tree pattern of the ARIA guide).
// levels: [{ path, name, parent }] with parents first; row(level) draws what stands beside the name.
export const childrenOf = levels => {
  const found = new Map(levels.map(level => [level.path, []]));
  for (const level of levels) if (level.parent !== null) found.get(level.parent).push(level);
  return found;
};
// Opened at first: down to where the plant branches.
export const trunk = (levels, children) => {
  const open = new Set();
  let at = levels[0];
  while (at) {
    open.add(at.path);
    const below = children.get(at.path);
    at = below.length === 1 ? below[0] : null;
  }
  return open;
};

export const Tree = ({ levels, chosen, onChoose, label, row }) => {
  const children = childrenOf(levels), byPath = new Map(levels.map(level => [level.path, level]));
  const [open, setOpen] = useState(() => trunk(levels, children));
  const [at, setAt] = useState(chosen);
  const place = useRef(null), moved = useRef(false);
  useEffect(() => { // what is chosen elsewhere is shown here
    setAt(chosen);
    setOpen(was => {
      const next = new Set(was);
      for (let level = byPath.get(chosen); level && level.parent !== null; level = byPath.get(level.parent)) next.add(level.parent);
      return next.size === was.size ? was : next;
    });
  }, [chosen]);
  useEffect(() => {
    if (moved.current) place.current?.querySelector("[tabindex='0']")?.focus();
    moved.current = false;
  });
  const shown = [];
  const walk = (level, depth) => {
    const below = children.get(level.path);
    shown.push({ level, depth, below: below.length, place: 0 });
    if (open.has(level.path)) below.forEach(one => walk(one, depth + 1));
  };
  const top = levels.length ? children.get(levels[0].path) : [];
  if (top.length === 1) walk(top[0], 1); // a plant that is one site is that site
  else if (levels.length) walk(levels[0], 1);
  const current = shown.some(one => one.level.path === at) ? at : shown[0]?.level.path;
  const index = shown.findIndex(one => one.level.path === current);
  const fold = (path, wanted) => setOpen(was => { const next = new Set(was); if (wanted) next.add(path); else next.delete(path); return next; });
  const goTo = path => { moved.current = true; setAt(path); };
  const keys = event => {
    const { level, below } = shown[index], isOpen = open.has(level.path);
    const acts = {
      ArrowDown: () => goTo(shown[Math.min(index + 1, shown.length - 1)].level.path),
      ArrowUp: () => goTo(shown[Math.max(index - 1, 0)].level.path),
      Home: () => goTo(shown[0].level.path), End: () => goTo(shown[shown.length - 1].level.path),
      ArrowRight: () => { if (below && !isOpen) fold(level.path, true); else if (below) goTo(children.get(level.path)[0].path); },
      ArrowLeft: () => { if (below && isOpen) fold(level.path, false); else if (shown.some(one => one.level.path === level.parent)) goTo(level.parent); },
      Enter: () => onChoose(level.path), " ": () => onChoose(level.path),
    };
    if (!acts[event.key] || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    acts[event.key]();
  };
  return html`<ul class="leveltree" role="tree" aria-label=${label} ref=${place} onKeyDown=${keys}>${shown.map(({ level, depth, below }) => html`
    <li key=${level.path} role="treeitem" aria-level=${depth} aria-expanded=${below ? String(open.has(level.path)) : undefined}
        aria-selected=${String(level.path === chosen || (chosen === "" && level === shown[0].level))} tabindex=${level.path === current ? 0 : -1} title=${level.path || level.name}
        style=${{ paddingLeft: `${0.35 + 0.8 * Math.min(depth - 1, 8)}rem` }} onClick=${() => { setAt(level.path); onChoose(level.path); }}>
      <span class=${`levelfold ${below ? (open.has(level.path) ? "open" : "shut") : ""}`} aria-hidden="true"
        onClick=${event => { if (below) { event.stopPropagation(); fold(level.path, !open.has(level.path)); } }}></span>
      <bdi class="name">${level.name}</bdi>${row(level)}</li>`)}</ul>`;
};
