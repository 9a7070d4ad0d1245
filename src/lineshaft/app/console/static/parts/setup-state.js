import { attempt, get, post, remove } from "../lib/api.js";
import { store } from "../lib/store.js";
import { jobs } from "../lib/live.js";
import { useEffect, useRef, useState } from "../lib/ui.js";

// What set-up holds while somebody moves between its steps: where it stands, what is not written yet, the open source.
export const STEPS = ["source", "tags", "task", "record", "normal", "train", "result", "deploy"];
export const WRITES = ["source", "tags", "task", "record"];
export const standing = store(null);
export const drafts = store({}); // { step: { '["plant","source"]': value } }
export const probe = store(null); // { number, source, options, state, trouble, endpoints, tags }
export const plantTags = store(null); // what the open source has, null before it was browsed
export const form = store(null); // of the first step
export const discarded = store(0); // how often somebody threw away what was not written: steps begin anew then

// What a person types where this page can't act.
export const runCommand = folder => `lineshaft run --project ${folder}`;
export const PLANT_COMMAND = "lineshaft plant serve --port 4840", PASSWORD = "LINESHAFT_PASSWORD";

const LOOK_MS = 400;
const same = (one, other) => JSON.stringify(one ?? null) === JSON.stringify(other ?? null);

export const look = async () => {
  const found = await get("/setup");
  standing.set(found);
  return found;
};
export const useStanding = every => {
  const found = standing.use();
  useEffect(() => {
    let timer = null, over = false;
    const again = async () => {
      try { if (!document.hidden) await look(); } catch { /* the frame says that the console is away */ }
      if (!over) timer = setTimeout(again, every);
    };
    again();
    return () => { over = true; clearTimeout(timer); };
  }, [every]);
  return found;
};

export const loopOf = () => standing.get()?.loop || form.get()?.loop || "cell";
export const changesOf = step => Object.entries(drafts.get()[step] || {}).map(([key, value]) => ({ key: JSON.parse(key), value }));
export const forget = step => drafts.set(all => ({ ...all, [step]: {} }));

// Several keys of one step at once: { '["plant","name"]': value }; one that the file says already is no change.
export const wish = (step, wishes) => drafts.set(all => {
  const kept = { ...(all[step] || {}) };
  for (const [key, value, now] of wishes) {
    const name = JSON.stringify(key);
    if (same(value, now)) delete kept[name]; else kept[name] = value;
  }
  return { ...all, [step]: kept };
});
// One key of the task as it would be, and a way to change it; `fallback` is what counts where the file says nothing.
export const useTask = step => {
  const all = drafts.use(), now = standing.use();
  const mine = all[step] || {};
  const keyOf = name => ["tasks", loopOf(), ...(Array.isArray(name) ? name : [name])];
  return {
    value: name => {
      const key = JSON.stringify(keyOf(name));
      return key in mine ? mine[key] : now?.task?.[name];
    },
    wished: name => mine[JSON.stringify(keyOf(name))],
    change: (name, value, held = now?.task?.[name]) => wish(step, [[keyOf(name), value, held]]),
  };
};

// -- the source

let following = 0;
export const connect = async (source, options, password) => {
  const mine = ++following;
  await leave();
  plantTags.set(null);
  const begun = await attempt(() => post("/setup/probe", { source, options, password: password || "" }));
  if (!begun || mine !== following) return;
  probe.set({ ...begun, options, asked: source });
  await follow(begun.number, mine);
};
const follow = async (number, mine) => {
  let found = probe.get();
  while (mine === following && ["connecting", "browsing"].includes(found.state)) {
    await new Promise(done => setTimeout(done, LOOK_MS));
    found = await attempt(() => get(`/setup/probe/${number}`));
    if (!found || mine !== following) return;
    if (found.state === "ready") plantTags.set(await get(`/setup/probe/${number}/tag`));
    if (mine === following) probe.set(was => ({ ...was, ...found }));
  }
};
export const leave = async () => {
  const open = probe.get();
  probe.set(null);
  if (open && open.state !== "failed") await remove(`/setup/probe/${open.number}`).catch(() => undefined);
};
export const cancel = () => { following++; return leave(); };

// The file's own source, looked at when a later step needs its tags.
export const useFileSource = () => {
  const now = standing.use(), open = probe.use(), tags = plantTags.use();
  useEffect(() => {
    if (now?.source && !open) connect(now.source, now.options, form.get()?.password);
  }, [now?.source, Boolean(open)]);
  const seen = useRef(now?.digest);
  useEffect(() => { // which of them the file takes is another thing now
    if (now?.digest === seen.current) return;
    seen.current = now?.digest;
    if (open?.state === "ready") get(`/setup/probe/${open.number}/tag`).then(plantTags.set).catch(() => undefined);
  }, [now?.digest]);
  return { probe: open, tags };
};

// -- work in the background

// The newest job of a kind; undefined until it is known whether there is one, null where there is none.
export const useJob = kind => {
  const all = jobs.use();
  const [first, set] = useState(undefined);
  useEffect(() => { get("/job").then(found => set(found.find(job => job.kind === kind) || null)).catch(() => set(null)); }, []);
  const newest = Object.values(all).filter(job => job.kind === kind).sort((one, other) => other.number - one.number)[0];
  return newest && (!first || newest.number >= first.number) ? newest : first;
};
