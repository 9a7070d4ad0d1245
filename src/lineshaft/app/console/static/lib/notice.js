import { store } from "./store.js";

// Short words at the edge of the screen; a failure stays until it is closed.
export const notices = store([]);
let last = 0;

export const notify = (text, kind = "done") => {
  const number = ++last;
  notices.set(all => [...all.filter(one => one.text !== text), { number, text, kind }].slice(-4));
  if (kind === "done") setTimeout(() => dismiss(number), 5000);
};
export const dismiss = number => notices.set(all => all.filter(one => one.number !== number));
