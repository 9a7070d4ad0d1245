import { store } from "./store.js";
import { notify } from "./notice.js";
import { t } from "./text.js";

// Everything the console asks of its server goes through here.
export const session = store({ token: "" });
export const loggedOut = store(false);
// Who is logged in, or what is set up, has changed: the frame asks anew (app.js listens).
export const reload = () => dispatchEvent(new Event("lineshaft:reload"));

export class Failure extends Error {
  constructor(status, told, wait = 0) { // wait: seconds before anything is tried again
    super(told.error || String(status));
    Object.assign(this, { status, wait, what: told.what, where: told.where, do: told.do });
  }
}

const address = (path, query) => {
  const found = new URLSearchParams();
  for (const [name, value] of Object.entries(query || {})) {
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== undefined && one !== null && one !== "") found.append(name, one);
  }
  const text = found.toString();
  return `/api/v1${path}${text ? `?${text}` : ""}`;
};
export const link = address;

const call = async (method, path, { query, body, signal } = {}) => {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRF-Token"] = session.get().token;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(address(path, query), { method, headers, signal, credentials: "same-origin",
                                                 body: body === undefined ? undefined : JSON.stringify(body) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure(0, { error: t("common.unreachable"), what: t("common.unreachable") });
  }
  const told = answer.status === 204 ? null : await answer.json().catch(error => {
    if (error.name === "AbortError") throw error; // nobody wants it any more: no answer is not an empty one
    return {};
  });
  if (answer.status === 401) loggedOut.set(true);
  if (answer.status === 403 && told.where === "X-CSRF-Token") reload(); // somebody logged in or out in another tab
  if (!answer.ok) throw new Failure(answer.status, told, Number(answer.headers.get("Retry-After")) || 0);
  return told;
};

export const get = (path, query, signal) => call("GET", path, { query, signal });
export const post = (path, body = {}, query) => call("POST", path, { body, query });
export const put = (path, body = {}) => call("PUT", path, { body });
export const remove = path => call("DELETE", path);

// For a click: what goes wrong becomes a notice; gives undefined then.
export const attempt = async (work, done) => {
  try {
    const found = await work();
    if (done) notify(done, "done");
    return found ?? null;
  } catch (error) {
    if (error.name !== "AbortError") notify(error.message, "failed");
    return undefined;
  }
};
