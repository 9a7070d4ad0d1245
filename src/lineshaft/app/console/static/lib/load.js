import { useEffect, useState } from "./ui.js";
import { get } from "./api.js";

// GET `path` now and whenever it or `every` (ms) says so: { data, error, loading, again }.
export const useGet = (path, query, { every = 0 } = {}) => {
  const [found, set] = useState({ data: null, error: null, loading: true });
  const [round, again] = useState(0);
  const key = path === null ? null : JSON.stringify([path, query]);
  useEffect(() => {
    if (path === null) return undefined;
    const stop = new AbortController();
    let timer = null;
    const ask = async () => {
      try {
        const data = await get(path, query, stop.signal);
        set({ data, error: null, loading: false });
      } catch (error) {
        if (error.name === "AbortError") return;
        set(was => ({ data: was.data, error, loading: false }));
      }
      if (every && !stop.signal.aborted) timer = setTimeout(ask, every);
    };
    set(was => ({ ...was, loading: true }));
    ask();
    return () => { stop.abort(); clearTimeout(timer); };
  }, [key, round, every]);
  return { ...found, again: () => again(count => count + 1) };
};
