import { useEffect, useState } from "./ui.js";
import { serverNow } from "./live.js";

// The server's time, drawn anew every `every` ms while somebody looks.
export const useNow = (every = 1000) => {
  const [now, set] = useState(serverNow());
  useEffect(() => {
    const timer = setInterval(() => { if (!document.hidden) set(serverNow()); }, every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
};
