// Tables behind the tabs: only the one in front is drawn.
import { $, age, clock, el, fixed, hue, signed, size } from "./format.js";

const KEPT = 200;
let said = null;
let fills = [];
let events = [];
let minute = [];
let last = null;
let front = "rules";
let drawn = "";
const NAMES = { rules: "Rules", fills: "Fills", orders: "Orders", refused: "Why not", venues: "Venues", log: "Log" };

export function hello(message) {
  said = message;
  fills = message.fills.slice(-KEPT);
  events = message.events.slice(-KEPT);
  drawn = "";
  if (!$("tabs").firstChild) tabs();
  show(front);
}

function tabs() {
  for (const [name, label] of Object.entries(NAMES)) {
    const count = el("small", { id: `count-${name}` });
    $("tabs").append(el("button", { role: "tab", id: `tab-${name}`, "aria-controls": `pane-${name}`, onclick: () => show(name) }, label, count));
    $("panes").append(el("div", { role: "tabpanel", id: `pane-${name}`, "aria-labelledby": `tab-${name}`, class: "pane", tabIndex: 0 }));
  }
}

function show(name) {
  front = name;
  for (const each of Object.keys(NAMES)) {
    $(`tab-${each}`).setAttribute("aria-selected", each === name);
    $(`pane-${each}`).hidden = each !== name;
  }
  drawn = "";
  if (last) frame(last);
}

export function frame(message) {
  if (!said) return;
  if (message.fills?.length) fills = fills.concat(message.fills).slice(-KEPT);
  if (message.events?.length) events = events.concat(message.events).slice(-KEPT);
  if (message.t === undefined) return;
  last = message;
  const total = message.refusals;
  const second = Math.floor(message.t / 1000);
  if (!minute.length || minute[minute.length - 1][0] !== second) minute.push([second, total]);
  while (minute.length > 1 && minute[0][0] < second - 60) minute.shift();
  $("count-orders").textContent = message.orders.length;
  const table = { fills: fillTable, orders: orderTable, refused: refusedTable, venues: venueTable, log: logTable }[front];
  if (!table) return;
  const [key, make] = table(message);
  if (key === drawn) return;
  drawn = key;
  const pane = $(`pane-${front}`);
  const top = pane.scrollTop;
  pane.replaceChildren(make());
  pane.scrollTop = top;
}

// A table of columns [head, class] and rows of texts or nodes.
function table(columns, rows, empty) {
  if (!rows.length) return el("p", { class: "empty" }, empty);
  const head = el("tr", {}, ...columns.map(([name, kind]) => el("th", { class: kind ?? "", scope: "col" }, name)));
  const body = rows.map((row) => el("tr", {}, ...row.map((cell, i) => el("td", { class: columns[i][1] ?? "" }, cell))));
  return el("table", {}, el("thead", {}, head), el("tbody", {}, ...body));
}

const venue = (i) => el("span", { class: "venue" }, el("i", { class: "dot", style: `background:${hue(i)}` }), said.markets[i]?.venue ?? "?");
const line = (i) => said.lines[i]?.id ?? "?";
const way = (side) => el("span", { class: side ? "down" : "up" }, side ? "▼ sold" : "▲ bought");

function fillTable() {
  const columns = [["time UTC"], ["line"], ["venue"], ["side"], [`price ${said.quote}`, "num"], [`size ${said.coin}`, "num"], [`fee ${said.quote}`, "num"]];
  const key = `fills${fills.length ? fills[fills.length - 1].join() : ""}${fills.length}`;
  return [key, () => table(columns, fills.toReversed().map(([t, l, m, s, price, open, fee]) => [clock(t), line(l), venue(m), way(s), fixed(price, said.decimals), size(open, said.size_digits), fixed(fee, 4)]), "No fills yet: quotes rest until somebody takes them.")];
}

function orderTable(message) {
  const columns = [["line"], ["venue"], ["side"], [`price ${said.quote}`, "num"], ["from reference", "num"], [`open ${said.coin}`, "num"], ["state"]];
  const orders = message.orders.toSorted((a, b) => b[3] - a[3]);
  const rows = () => orders.map(([l, m, s, price, open, life]) => [line(l), venue(m), el("span", { class: s ? "down" : "up" }, s ? "▼ ask" : "▲ bid"), fixed(price, said.decimals), `${signed((price / message.reference - 1) * 1e4, 1)} bps`, size(open, said.size_digits), life]);
  return [`orders${message.number}`, () => table(columns, rows(), "No orders rest.")];
}

function refusedTable(message) {
  const before = minute[0]?.[1] ?? {};
  const rows = Object.entries(message.refusals).map(([code, n]) => [said.reasons[code] ?? code, n, n - (before[code] ?? 0)]).toSorted((a, b) => b[2] - a[2] || b[1] - a[1]);
  const columns = [["what kept a quote from standing"], ["last minute", "num"], ["since start", "num"]];
  return [`refused${Math.floor(message.t / 1000)}`, () => table(columns, rows.map(([text, n, recent]) => [text, fixed(recent, 0), fixed(n, 0)]), "Nothing was refused.")];
}

function venueTable(message) {
  const facts = [
    ["book", (m) => el("span", { class: m.usable ? "good" : "bad" }, m.usable ? "usable" : "not usable")],
    ["feed age", (m) => age(m.age_ms)],
    ["best bid and ask", (m) => `${fixed(m.bid, said.decimals)}  ${fixed(m.ask, said.decimals)}`],
    ["spread", (m) => (m.bid ? `${fixed((m.ask / m.bid - 1) * 1e4, 1)} bps` : "–")],
    ["share of depth near the price", (m) => `${fixed(100 * m.share, 0)} %`],
    ["volume coefficient", (m) => `${fixed(m.volume, 2)}×`],
    ["last public trade", (m) => `${fixed(m.quiet_s, 1)} s ago`],
    ["gaps in the feed", (m) => fixed(m.gaps, 0)],
    ["own orders", (m) => fixed(m.orders, 0)],
    ["messages left in the budget", (m) => fixed(m.tokens, 0)],
    [`wallet ${said.coin}`, (m) => size(m.base, said.size_digits)],
    [`wallet ${said.quote}`, (m) => fixed(m.quote, 0)],
  ];
  const columns = [["venue"], ...said.markets.map((_, i) => [venue(i), "num"])];
  return [`venues${message.number}`, () => table(columns, facts.map(([name, read]) => [name, ...message.markets.map(read)]), "No venue.")];
}

function logTable() {
  const key = `log${events.length ? events[events.length - 1].join() : ""}${events.length}`;
  return [key, () => table([["time UTC"], ["what"], ["event"]], events.toReversed().map(([t, kind, text]) => [clock(t), kind, text]), "Nothing happened yet.")];
}
