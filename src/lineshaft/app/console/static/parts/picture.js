import { moment } from "../lib/text.js";

// The charts of a page as one PNG, with their legends: what a person would otherwise photograph.
const GAP = 12, LINE = 16;

export const saveFile = (blob, name) => {
  const at = URL.createObjectURL(blob), anchor = Object.assign(document.createElement("a"), { href: at, download: name });
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(at), 10000);
};

export const savePicture = async (element, name) => {
  const parts = [...element.querySelectorAll(".chart")].map(chart => ({
    canvas: chart.querySelector("canvas"), axes: [...chart.querySelectorAll(".u-label")],
    legend: [...chart.querySelectorAll("table.legend tbody tr")].map(row => [...row.children].slice(1).map(cell => cell.textContent.trim())),
  })).filter(part => part.canvas);
  const dpr = devicePixelRatio, style = getComputedStyle(document.documentElement);
  const color = name_ => style.getPropertyValue(name_).trim();
  const width = Math.max(...parts.map(part => part.canvas.width));
  const height = parts.reduce((sum, part) => sum + part.canvas.height + (GAP + LINE * part.legend.length) * dpr, (LINE + 2 * GAP) * dpr);
  const sheet = Object.assign(document.createElement("canvas"), { width, height }), pen = sheet.getContext("2d");
  pen.fillStyle = color("--panel");
  pen.fillRect(0, 0, width, height);
  pen.font = `${12 * dpr}px system-ui, sans-serif`;
  pen.fillStyle = color("--soft");
  let y = (GAP + LINE) * dpr;
  pen.fillText(`${document.title} · ${moment(Date.now())}`, GAP * dpr, y - 4 * dpr);
  for (const part of parts) {
    pen.drawImage(part.canvas, 0, y);
    y += part.canvas.height;
    pen.fillStyle = color("--ink");
    for (const [label, value, least, most] of part.legend) {
      y += LINE * dpr;
      pen.fillText(`${label}   ${value}   (${least} … ${most})`, GAP * dpr, y - 4 * dpr);
    }
    y += GAP * dpr;
  }
  const blob = await new Promise(done => sheet.toBlob(done, "image/png"));
  saveFile(blob, name);
  return blob.size;
};
