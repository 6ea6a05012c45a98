// Lines and quotes: what each line shows on each venue, or in words why it does not; switches per side.
import { $, dress, el, fixed, hue, size, text } from "./format.js";
import { say } from "./feed.js";

const REPLACING = new Set([41, 42]);
let said = null;
let rows = [];
let heads = [];

export function hello(message) {
  said = message;
  rows = [];
  heads = [];
  const heads_of = (side) => el("span", { class: "side" }, ...[side, `size ${said.coin}`, "bps", "levels"].map((word) => el("span", { class: "num" }, word)));
  const nodes = [el("div", { class: "quote-head" }, el("span", {}, "venue"), heads_of("bid"), heads_of("ask"))];
  message.lines.forEach((line, i) => {
    nodes.push(head(line, i));
    message.markets.forEach((market, m) => nodes.push(row(market, i, m)));
  });
  $("quotes").replaceChildren(...nodes);
}

function head(line, i) {
  const toggles = ["bid", "ask"].map((side, s) =>
    el("button", {
      class: "switch",
      role: "switch",
      "aria-label": `${line.id} ${side}`,
      onclick: () => say({ do: "side", line: line.id, side, on: !heads[i].on[s] }),
    }),
  );
  const counts = el("span", { class: "counts" });
  heads[i] = { toggles, counts, on: [true, true] };
  const kind = line.kind === "tob" ? "T" : "P";
  const words = line.kind === "tob" ? `top of book, ${fixed(line.bps, 0)} bps from the reference at least` : `passive, ${fixed(line.bps, 0)} bps half-spread`;
  return el("div", { class: "line-head" },
    el("span", { class: "line-name" }, el("span", { class: `own-chip ${line.kind}` }, el("em", {}, kind)), el("b", {}, line.id), el("small", {}, words)),
    counts, el("span", { class: "toggles" }, ...toggles));
}

function row(market, line, m) {
  const sides = [0, 1].map((side) => {
    const indices = said.quotes.flatMap(([l, k, s], i) => (l === line && k === m && s === side ? [i] : []));
    const cells = { price: el("span", { class: "price" }), size: el("span", { class: "num" }), bps: el("span", { class: "num" }), levels: el("span", { class: "num dim" }), why: el("span", { class: "why" }) };
    const node = el("span", { class: `side ${side ? "ask" : "bid"}` }, cells.price, cells.size, cells.bps, cells.levels, cells.why);
    return { indices, node, cells, seen: 0 };
  });
  rows.push({ market: m, sides });
  const name = el("span", { class: "venue" }, el("i", { class: "dot", style: `background:${hue(m)}` }), market.venue);
  return el("div", { class: "quote-row" }, name, ...sides.map((side) => side.node));
}

export function frame(message) {
  if (!said || !message.quotes) return;
  message.lines.forEach((line, i) => {
    heads[i].on = line.on;
    heads[i].toggles.forEach((button, s) => {
      text(button, `${s ? "ask" : "bid"} ${line.on[s] ? "on" : "off"}`);
      dress(button, `switch ${line.on[s] ? "on" : ""}`);
      button.setAttribute("aria-checked", line.on[s]);
    });
    text(heads[i].counts, `${fixed(line.fills, 0)} fills of ${fixed(line.placed, 0)} orders`);
  });
  for (const row of rows) row.sides.forEach((side, s) => paint(message, side, s));
}

function paint(message, side, s) {
  const quotes = side.indices.map((i) => message.quotes[i]);
  const standing = quotes.filter((quote) => quote.length > 1);
  const { cells } = side;
  if (standing.length) {
    const [, price, open] = standing[0];
    const bps = ((s ? price - message.reference : message.reference - price) / message.reference) * 1e4;
    text(cells.price, fixed(price, said.decimals));
    text(cells.size, size(open, said.size_digits));
    text(cells.bps, fixed(bps, 1));
    text(cells.levels, `${standing.length}/${quotes.length}`);
    text(cells.why, "");
    side.seen = performance.now();
    dress(side.node, `side ${s ? "ask" : "bid"}`);
    return;
  }
  // An order that is being replaced leaves its place for a moment: its row stays, dimmed.
  if (REPLACING.has(quotes[0]?.[0]) && performance.now() - side.seen < 1500) {
    dress(side.node, `side ${s ? "ask" : "bid"} replacing`);
    return;
  }
  for (const name of ["price", "size", "bps", "levels"]) text(cells[name], "");
  const reason = said.reasons[quotes[0]?.[0]] ?? "";
  text(cells.why, reason);
  cells.why.title = reason; // the cell may be too narrow for all of it
  dress(side.node, `side ${s ? "ask" : "bid"} none`);
}
