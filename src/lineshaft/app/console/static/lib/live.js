import { store } from "./store.js";
import { useEffect, useRef } from "./ui.js";
import { get, loggedOut, session } from "./api.js";

// One socket for the whole page. What it brings is either fresh or marked as lost, never quietly old.
export const pulse = store(null);
export const jobs = store({});
export const link = store({ up: false, since: Date.now(), late: false, fault: "" });
export const offset = store(0); // the server's clock minus ours, ms

const SILENT_MS = 2500, WAIT_MS = [250, 500, 1000, 2000, 5000], POLICY = 1008;
const watches = new Map();
let socket = null, tries = 0, number = 0, heard = 0, timer = null;

const send = message => { if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message)); };
const ask = (id, { tags, every, newest }) => send({ watch: id, tags, every, newest });

const down = () => link.set(was => (was.up ? { ...was, up: false, since: heard || Date.now() } : was));

const take = message => {
  heard = Date.now();
  link.set(was => (was.up && was.fault === (message.fault ?? was.fault) ? was
    : { up: true, since: heard, late: false, fault: message.fault ?? was.fault }));
  if (message.now) offset.set(message.now - heard);
  if (message.pulse) pulse.set({ ...message.pulse, heard });
  if (message.job) jobs.set(all => ({ ...all, [message.job.number]: message.job }));
  const asked = message.watch === undefined ? undefined : watches.get(message.watch);
  if (asked && message.began) asked.began?.();
  else if (asked) asked.take(message.samples, message.lost, message.now);
};

// A socket that is refused looks like one that fails; whether somebody has to log in is asked.
const askWhether = () => get("/session").then(found => {
  if (found.users && (!found.person || found.must_change)) loggedOut.set(true);
}).catch(() => { /* then the server is away, and is tried again */ });

const open = () => {
  timer = null;
  if (loggedOut.get() || session.get().mustChange) return;
  const ours = socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/v1/live`);
  ours.binaryType = "arraybuffer";
  const decoder = new TextDecoder();
  let opened = false;
  ours.onopen = () => {
    opened = true;
    tries = 0;
    for (const [id, watch] of watches) ask(id, watch);
  };
  ours.onmessage = event => take(JSON.parse(typeof event.data === "string" ? event.data : decoder.decode(event.data)));
  ours.onclose = event => {
    down();
    if (ours !== socket) return;
    if (event.code === POLICY) { loggedOut.set(true); return; }
    if (!opened) askWhether();
    again();
  };
};
const again = () => { if (!timer) timer = setTimeout(open, WAIT_MS[Math.min(tries++, WAIT_MS.length - 1)]); };

export const connect = () => {
  open();
  loggedOut.follow(out => { if (!out) reconnect(); });
  setInterval(() => { // a socket can be open and dead
    if (socket && socket.readyState === WebSocket.OPEN && heard && Date.now() - heard > SILENT_MS) {
      down();
      socket.close();
      again();
    }
  }, 500);
  addEventListener("online", () => { if (!link.get().up) { tries = 0; again(); } });
};
export const reconnect = () => { // also after the server has said no: somebody else may be logged in now
  const before = socket;
  if (before?.readyState === WebSocket.CONNECTING) return;
  clearTimeout(timer);
  tries = 0;
  open();
  before?.close();
};

// From now on `take(samples, lost, now)` for new samples of `tags`; with `newest` of each tag the last one only. `began` is
// called once nothing new can be missed, and again after a lost connection: then is the time to read what was before.
export const watch = (tags, every, take_, began, newest = false) => {
  const id = ++number, wish = { tags, every, newest, take: take_, began };
  watches.set(id, wish);
  ask(id, wish);
  return () => { watches.delete(id); send({ unwatch: id }); };
};
export const useWatch = (tags, every, take_, began, newest = false) => {
  const current = useRef({});
  current.current = { take: take_, began };
  useEffect(() => tags.length ? watch(tags, every, (...all) => current.current.take(...all),
                                      () => current.current.began?.(), newest) : undefined, [tags.join("\n"), every, newest]);
};
export const serverNow = () => Date.now() + offset.get();
