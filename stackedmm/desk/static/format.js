// Numbers as people read them. A minus is a minus sign, nothing is a dash, and widths do not jump.
const formats = new Map();

export function fixed(value, digits = 2) {
  if (value === null || value === undefined) return "–";
  let format = formats.get(digits);
  if (!format) {
    format = new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    formats.set(digits, format);
  }
  return format.format(value).replace("-", "−");
}

export function signed(value, digits = 2) {
  if (value === null || value === undefined) return "–";
  const text = fixed(Math.abs(value), digits);
  if (!/[1-9]/.test(text)) return " " + text;
  return (value < 0 ? "−" : "+") + text;
}

// Sizes: as many digits as tell them apart, at most `digits`.
export function size(value, digits = 2) {
  if (value === null || value === undefined) return "–";
  const most = [[10000, 0], [100, 1], [10, 2], [1, 4]].find(([least]) => Math.abs(value) >= least)?.[1] ?? digits;
  return fixed(value, Math.min(most, digits));
}

export function clock(ms) {
  return ms ? new Date(ms).toISOString().slice(11, 19) : "--:--:--";
}

export function age(ms) {
  if (ms === null || ms === undefined) return "–";
  return ms < 1000 ? `${Math.round(ms)} ms` : ms < 60000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60000)} min`;
}

// An element with properties and children. Words go in as text, never as markup.
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "class") node.className = value;
    else if (name === "style") node.style.cssText = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name.includes("-") || name === "role") node.setAttribute(name, value);
    else node[name] = value;
  }
  node.append(...children);
  return node;
}

// Change a text or an attribute only where it differs: the browser lays out nothing that stays.
export function text(node, value) {
  if (node.textContent !== value) node.textContent = value;
}

export function dress(node, name) {
  if (node.className !== name) node.className = name;
}

export const $ = (id) => document.getElementById(id);
export const hue = (index) => `var(--venue${index % 6})`;
