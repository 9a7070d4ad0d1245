import { useRef } from "../lib/ui.js";
import { link, pulse } from "../lib/live.js";
import { useGet } from "../lib/load.js";
import { store } from "../lib/store.js";
import { useChange } from "./mark.js";

// The alarms as they stand: what the pulse says, with the priority that only the API knows.
// An act's answer counts until the pulse knows it too, so that a click shows at once.
const answered = store({});
export const answer = alarm => answered.set(all => ({ ...all, [alarm.name]: alarm }));

export const blamed = (alarm, decision) =>
  (alarm.active && decision?.alarm ? decision.causes : alarm.causes.map(tag => (tag.tag ? tag : { tag, share: null })));

const merged = (alarm, known, decision, ours) => {
  const newest = ours && ours.changed > alarm.changed ? { ...alarm, ...ours, causes: alarm.causes } : alarm;
  return { ...newest, key: alarm.name, priority: known?.priority || "medium", causes: blamed(newest, decision), since: newest.since || null,
           changed: newest.changed || null, score: decision?.score ?? null, confidence: decision?.confidence ?? null };
};

export const useAlarms = () => {
  const beat = pulse.use(), { up, since } = link.use(), ours = answered.use();
  const { data, error, loading, again } = useGet("/alarm");
  const held = useRef(null);
  if (beat?.reached) held.current = { alarms: beat.alarms, decision: beat.decision, time: beat.time };
  const names = (held.current?.alarms || []).map(alarm => alarm.name).join("\n");
  const unknown = names && data && names.split("\n").some(name => !data.some(alarm => alarm.name === name));
  useChange(() => { if (beat?.reached && (unknown || error)) again(); }, [Boolean(unknown), Boolean(beat?.reached)]);
  const known = Object.fromEntries((data || []).map(alarm => [alarm.name, alarm]));
  const alarms = held.current ? held.current.alarms.map(alarm => merged(alarm, known[alarm.name], held.current.decision, ours[alarm.name]))
    : data?.map(alarm => ({ ...alarm, key: alarm.name })) || null;
  const gone = beat && !beat.reached;
  return { alarms, again, loading, fresh: up && !gone, why: gone ? beat.why : !up ? "" : !alarms && error ? error.message : "",
           from: gone ? held.current?.time ?? null : up ? null : since };
};
