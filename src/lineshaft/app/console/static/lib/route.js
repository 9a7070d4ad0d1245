import { store } from "./store.js";

// The view is in the address: #/trend?tags=a&tags=b&start=... gives { page: "trend", query: URLSearchParams }.
const read = () => {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [page, ...rest] = path.split("/").map(decodeURIComponent);
  return { page: page || "", rest, query: new URLSearchParams(query) };
};
export const route = store(read());
addEventListener("hashchange", () => route.set(read()));

export const href = (page, query, rest = []) => {
  const found = new URLSearchParams();
  for (const [name, value] of Object.entries(query || {})) {
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== undefined && one !== null && one !== "") found.append(name, one);
  }
  const text = found.toString();
  return `#/${[page, ...rest].map(encodeURIComponent).join("/")}${text ? `?${text}` : ""}`;
};
export const go = (page, query, rest) => { location.hash = href(page, query, rest); };
// Change the view without a step in the browser's history: a live trend moves ten times a second.
export const replace = (page, query, rest) => {
  history.replaceState(null, "", href(page, query, rest));
  route.set(read());
};
