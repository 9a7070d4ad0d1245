import { kept, store } from "./store.js";

// Words of the reader's language, and numbers and times as people write them.
export const language = kept("language", (navigator.language || "en").startsWith("zh") ? "zh" : "en");
export const zone = kept("zone", "local");
export const words = store({});

export const t = (key, values) => {
  const found = words.get()[key];
  if (found === undefined) return `[${key}]`;
  return values ? found.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? `{${name}}`) : found;
};
export const known = key => words.get()[key] !== undefined;
export const useText = () => { words.use(); zone.use(); return t; };

const locale = () => (language.get() === "zh" ? "zh-CN" : "en-GB");
const timeZone = () => (zone.get() === "utc" ? "UTC" : undefined);

export const number = (value, digits = 4) => {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e7 || size < 1e-4)) return value.toExponential(Math.min(digits, 3) - 1);
  return value.toLocaleString(locale(), { maximumSignificantDigits: size >= 1000 ? Math.max(digits, Math.ceil(Math.log10(size))) : digits });
};
// Always so many decimals: a live value must not change its width.
export const fixed = (value, decimals) => (value === null || value === undefined || !Number.isFinite(value) ? "–"
  : value.toLocaleString(locale(), { minimumFractionDigits: decimals, maximumFractionDigits: decimals }));
export const count = value => value.toLocaleString(locale());
export const percent = (share, digits = 1) =>
  share === null || share === undefined || !Number.isFinite(share) ? "–"
    : share.toLocaleString(locale(), { style: "percent", maximumFractionDigits: digits });

const shown = (ms, options) => new Date(ms).toLocaleString(locale(), { hourCycle: "h23", timeZone: timeZone(), ...options });
export const clock = ms => shown(ms, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
export const day = ms => new Date(ms).toLocaleDateString("sv-SE", { timeZone: timeZone() }); // as ISO 8601 writes it
export const moment = ms => `${day(ms)} ${clock(ms)}`;
export const near = ms => (day(ms) === day(Date.now()) ? clock(ms) : moment(ms)); // the day only where it isn't today
export const zoneName = () => {
  if (zone.get() === "utc") return "UTC";
  const part = new Intl.DateTimeFormat("en-GB", { timeZoneName: "shortOffset" }).formatToParts(new Date())
    .find(one => one.type === "timeZoneName");
  return part ? part.value.replace("GMT", "UTC") : "";
};

const STEPS = [["d", 86400000], ["h", 3600000], ["min", 60000], ["s", 1000], ["ms", 1], ["us", 0.001]];
// A length of time in its largest fitting unit; `ms` may be a fraction.
export const duration = ms => {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return "–";
  const [unit, size] = STEPS.find(([, one]) => Math.abs(ms) >= one) ?? STEPS[STEPS.length - 1];
  const value = ms / size;
  return `${number(value, Math.abs(value) >= 100 ? 3 : 2)} ${t(`look.unit.${unit}`)}`;
};
export const ago = ms => t("common.ago", { time: duration(Math.max(0, ms)) });

export const unit = code => (known(`look.ucum.${code}`) ? t(`look.ucum.${code}`) : (code || "").replace("m3", "m³").replace("m2", "m²"));

// A tag's path as [where it is, its name]: "works/hall1/P101/flow" -> ["works/hall1/P101", "flow"].
export const split = path => {
  const at = path.lastIndexOf("/");
  return at < 0 ? ["", path] : [path.slice(0, at), path.slice(at + 1)];
};
export const short = path => path.split("/").slice(-2).join("/");
