// The ladder: what all venues show, price by price, split by venue, with our own orders where they stand.
import { $, el, fixed, hue, size, text } from "./format.js";

const HEIGHT = 19;
let said = null;
let rows = [];
let last = null;
let middle = null;
let digits = 2;

export function hello(message) {
  said = message;
  $("ladder-legend").replaceChildren(
    ...message.markets.flatMap((market, i) => [el("i", { style: `--c:${hue(i)}` }), market.venue]),
  );
  text($("ladder-unit"), `size ${message.coin}`);
  digits = message.target >= 100 ? 1 : message.size_digits;
  text($("ladder-step"), `× ${message.step} ${message.quote}`);
  $("ladder-group").onchange = () => last && frame(last);
  new ResizeObserver(() => (build(), last && frame(last))).observe($("ladder"));
  build();
}

function build() {
  const count = Math.max(6, Math.floor(($("ladder").clientHeight - 34) / 2 / HEIGHT));
  if (rows.length === 2 * count) return;
  const row = (side) => {
    const bars = said.markets.map((_, i) => el("i", { style: `background:${hue(i)}` }));
    const cells = { own: el("span", { class: "own" }), price: el("span", { class: "price" }), size: el("span", { class: "size" }), bars };
    cells.node = el("div", { class: `rung ${side}` }, cells.own, cells.price, cells.size, el("span", { class: "depth" }, ...bars));
    return cells;
  };
  rows = Array.from({ length: 2 * count }, (_, i) => row(i < count ? "ask" : "bid"));
  middle = { left: el("b"), right: el("span") };
  const centre = el("div", { class: "middle-row" }, middle.left, middle.right);
  $("ladder").replaceChildren(...rows.slice(0, count).map((r) => r.node), centre, ...rows.slice(count).map((r) => r.node));
}

// Levels of one side by price step, away from the middle, and what we have there.
function side(frame, name, group, count) {
  const bid = name === "bids";
  const step = (tick) => (bid ? Math.floor(tick / group + 1e-9) : Math.ceil(tick / group - 1e-9));
  const levels = new Map();
  for (const [tick, ...sizes] of frame.ladder[name]) {
    const at = step(tick);
    const sum = levels.get(at);
    if (sum) sizes.forEach((v, i) => (sum[i] += v));
    else levels.set(at, sizes.slice());
  }
  const own = new Map();
  let out = 0;
  const best = frame.ladder[name].length ? step(frame.ladder[name][0][0]) : null;
  const inside = [];
  for (const [line, market, s, price, open, life] of frame.orders) {
    if ((s === 0) !== bid || best === null) continue;
    const at = step(price / said.step);
    inside.push([at, { line, market, open, life }]);
  }
  const first = inside.reduce((a, [at]) => (bid ? Math.max(a, at) : Math.min(a, at)), best);
  const found = [];
  for (let i = 0; i < count && best !== null; i++) found.push(bid ? first - i : first + i);
  for (const [at, order] of inside) {
    if (found.length && (bid ? at < found[count - 1] : at > found[count - 1])) out += 1;
    else own.set(at, [...(own.get(at) ?? []), order]);
  }
  return { found, levels, own, out };
}

function chips(node, orders) {
  const key = orders.map((o) => `${o.line}.${o.market}.${o.open}.${o.life}`).join("|");
  if (node.dataset.key === key) return;
  node.dataset.key = key;
  const lines = new Map();
  for (const order of orders) lines.set(order.line, [...(lines.get(order.line) ?? []), order]);
  node.replaceChildren(
    ...[...lines].map(([line, some]) => {
      const { id, kind } = said.lines[line] ?? { id: "?", kind: "tob" };
      const life = some.every((o) => o.life === "live") ? "" : some.some((o) => o.life === "cancelling" || o.life === "unknown") ? " leaving" : " wanted";
      const sum = some.reduce((total, o) => total + o.open, 0);
      const words = some.map((o) => `${id} ${o.open} on ${said.markets[o.market].venue}, ${o.life}`).join("\n");
      const label = kind === "tob" ? "T" : "P";
      return el("span", { class: `own-chip ${kind}${life}`, title: words }, el("em", {}, label), size(sum, sum >= 10 ? 0 : digits), ...some.map((o) => el("i", { style: `background:${hue(o.market)}` })));
    }),
  );
}

export function frame(message) {
  if (!said || !message.ladder) return;
  last = message;
  const group = Number($("ladder-group").value);
  const count = rows.length / 2;
  const asks = side(message, "asks", group, count);
  const bids = side(message, "bids", group, count);
  const sum = (sizes) => (sizes ? sizes.reduce((a, b) => a + b, 0) : 0);
  // One wall must not make all else invisible: the scale ends a little above what most levels show.
  const depths = [bids, asks].flatMap((s) => s.found.map((at) => sum(s.levels.get(at)))).toSorted((a, b) => a - b);
  const deepest = Math.max(1e-9, 1.25 * (depths[Math.floor(0.9 * (depths.length - 1))] ?? 0));
  for (let i = 0; i < count; i++) {
    paint(rows[count - 1 - i], asks, asks.found[i], group, deepest, sum);
    paint(rows[count + i], bids, bids.found[i], group, deepest, sum);
  }
  text(middle.left, fixed(message.reference, said.decimals + 1));
  const crossed = message.crossed > 0 ? ` · uncrossed ${size(message.crossed, digits)} ${said.coin}` : "";
  text(middle.right, `reference · spread ${fixed(message.spread_bps, 2)} bps${crossed}`);
  const out = asks.out + bids.out;
  text($("ladder-out"), out ? `further out: ${asks.out} asks, ${bids.out} bids` : `${message.orders.length} own orders, all in view`);
}

function paint(row, side, at, group, deepest, sum) {
  const sizes = at === undefined ? null : side.levels.get(at);
  const total = sum(sizes);
  text(row.price, at === undefined ? "" : fixed(at * group * said.step, digitsOf(said.step)));
  text(row.size, total > 0 ? size(total, digits) : "");
  row.bars.forEach((bar, i) => {
    const width = sizes ? ((100 * sizes[i]) / Math.max(deepest, total)).toFixed(1) : "0";
    if (bar.dataset.w !== width) bar.style.width = `${(bar.dataset.w = width)}%`;
  });
  chips(row.own, (at !== undefined && side.own.get(at)) || []);
}

function digitsOf(step) {
  const written = String(step);
  return written.includes("e-") ? Number(written.split("e-")[1]) : (written.split(".")[1] ?? "").length;
}
