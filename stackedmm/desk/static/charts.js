// The charts: the figures are the server's, what flows through them is the feed's.
import { $, el, text, fixed, signed, hue } from "./format.js";

const MINUTES = [15, 180, 1440];
let said = null;
let rings = [];
let chosen = 0;
let models = null;
let waiting = [];

function find() {
  const doc = window.Bokeh?.documents?.[0];
  const points = doc?.get_model_by_name("points");
  if (!points) return false;
  const named = (name) => doc.get_model_by_name(name);
  models = { doc, points, buys: named("buys"), sells: named("sells"), time: named("time") };
  return true;
}

export async function ready() {
  while (!find()) await new Promise((done) => setTimeout(done, 30));
  await Promise.all(["12px Inter", "11px 'JetBrains Mono'"].map((font) => document.fonts.load(font)));
  paint();
}

export const drawn = () => models !== null;

export function hello(message) {
  said = message;
  rings = message.points;
  waiting = message.fills;
  $("spans").replaceChildren(
    ...message.spans.map((name, i) => el("button", { class: i === chosen ? "on" : "", onclick: () => choose(i) }, name)),
  );
  $("volume-legend").replaceChildren(
    ...message.markets.flatMap((market, i) => [el("i", { style: `--c:${hue(i)}` }), market.venue]),
    el("span", { class: "aside" }, "1 is the usual volume"),
  );
  refill();
}

function choose(i) {
  chosen = i;
  [...$("spans").children].forEach((button, k) => (button.className = k === i ? "on" : ""));
  refill();
}

const columns = (rows) => Object.fromEntries(said.columns.map((name, i) => [name, rows.map((row) => row[i] ?? NaN)]));
const marks = (fills, side) => {
  const some = fills.filter((fill) => fill[3] === side);
  return { t: some.map((f) => f[0]), price: some.map((f) => f[4]), inventory: some.map((f) => f[8]) };
};

function refill() {
  if (!models || !said || !rings[chosen].length) return;
  models.points.setv({ data: columns(rings[chosen]) }, { sync: false });
  models.buys.setv({ data: marks(waiting, 0) }, { sync: false });
  models.sells.setv({ data: marks(waiting, 1) }, { sync: false });
  slide();
}

// The newest sample stands at the right edge, with room for a marker.
function slide() {
  const rows = rings[chosen];
  if (!rows.length) return;
  const width = MINUTES[chosen] * 60000;
  const end = rows[rows.length - 1][0] + width * 0.012;
  models.time.setv({ start: end - width, end }, { sync: false });
}

export function frame(message) {
  if (!said) return;
  if (message.points) {
    const limits = [900, 1080, 1440];
    message.points.forEach((rows, i) => {
      rings[i].push(...rows);
      if (rings[i].length > limits[i]) rings[i].splice(0, rings[i].length - limits[i]);
    });
    if (message.fills.length) waiting = waiting.concat(message.fills).slice(-1000);
    if (models) append(message, limits[chosen]);
  }
  if (message.t !== undefined) words(message);
}

// Into an empty ring everything goes anew: until then the figures hold what they were made with.
function append(message, limit) {
  const rows = message.points[chosen];
  if (rings[chosen].length === rows.length) return refill();
  if (message.fills.length) {
    models.buys.stream(marks(message.fills, 0), 1000, { sync: false });
    models.sells.stream(marks(message.fills, 1), 1000, { sync: false });
  }
  if (rows.length) {
    models.points.stream(columns(rows), limit, { sync: false });
    slide();
  }
}

function words(message) {
  const held = signed(message.pnl - message.trading, 2);
  text($("pnl-words"), `trading ${signed(message.trading, 2)} ${said.quote} on ${fixed(message.turnover, 0)} · fees ${fixed(message.fees, 2)} · held target ${held}`);
  gauge(message);
}

function gauge(message) {
  const node = $("gauge");
  if (!node.firstChild) {
    node.append(el("i", { class: "fill" }), el("i", { class: "target" }), el("i", { class: "needle" }));
  }
  const at = Math.min(100, Math.max(0, 50 + 44 * message.band));
  const [fill, , needle] = node.children;
  fill.style.left = `${Math.min(50, at)}%`;
  fill.style.width = `${Math.abs(at - 50)}%`;
  needle.style.left = `${at}%`;
  node.setAttribute("aria-valuemin", said.target - said.deviation);
  node.setAttribute("aria-valuemax", said.target + said.deviation);
  node.setAttribute("aria-valuenow", message.inventory);
  const digits = said.target % 1 ? 4 : 0;
  const word = (value) => fixed(value, digits);
  text($("inventory-words"), `${said.coin} · band ${word(said.target - said.deviation)} to ${word(said.target + said.deviation)} · target ${word(said.target)} · ${fixed(100 * Math.abs(message.band), 0)} % of the band used`);
}

// Models carry in their tags which colour of the theme goes where.
export function paint() {
  if (!models) return;
  const palette = window.THEMES[document.documentElement.dataset.theme];
  for (const model of models.doc._all_models.values()) {
    const roles = model.tags?.[0];
    if (roles === null || typeof roles !== "object") continue;
    for (const [property, role] of Object.entries(roles instanceof Map ? Object.fromEntries(roles) : roles)) {
      model.setv({ [property]: palette[role] }, { sync: false });
    }
  }
  refill();
}
