import { useEffect, useState } from "./ui.js";

// A value that components follow: store(1).set(2); const one = shared.use();
export const store = first => {
  let value = first;
  const followers = new Set();
  return {
    get: () => value,
    set: next => {
      const after = typeof next === "function" ? next(value) : next;
      if (after === value) return;
      value = after;
      for (const follower of [...followers]) follower(value);
    },
    follow: follower => {
      followers.add(follower);
      return () => followers.delete(follower);
    },
    use: () => {
      const [, draw] = useState(0);
      useEffect(() => {
        const seen = value;
        const redraw = () => draw(count => count + 1);
        followers.add(redraw);
        if (seen !== value) redraw();
        return () => followers.delete(redraw);
      }, []);
      return value;
    },
  };
};

// The same, kept in this browser between visits.
export const kept = (name, first) => {
  const key = `lineshaft.${name}`;
  let start = first;
  try {
    const found = localStorage.getItem(key);
    if (found !== null) start = JSON.parse(found);
  } catch { /* storage may be forbidden, or hold what an older version wrote */ }
  const found = store(start);
  found.follow(value => {
    try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* then it is forgotten */ }
  });
  return found;
};
