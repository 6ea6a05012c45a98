// Why this price: the bars between the reference and an order, bid to the left, ask to the right, one scale.
import { $, el, fixed, signed, text } from "./format.js";

let said = null;
let chosen = "";
let shown = "";
let last = null;

export function hello(message) {
  said = message;
  const pairs = message.lines.flatMap((line, l) => message.markets.map((market, m) => [`${l}.${m}`, `${line.id} on ${market.venue}`]));
  const passive = message.lines.findIndex((line) => line.kind === "passive");
  if (!pairs.some(([key]) => key === chosen)) chosen = `${Math.max(0, passive)}.0`;
  const select = el("select", { "aria-label": "Line and venue", onchange: () => ((chosen = select.value), (shown = ""), last && frame(last)) }, ...pairs.map(([key, name]) => el("option", { value: key, selected: key === chosen }, name)));
  $("waterfall-choice").replaceChildren(select);
  shown = "";
}

function bars(message, side) {
  const [line, market] = chosen.split(".").map(Number);
  const index = said.quotes.findIndex(([l, m, s, level]) => l === line && m === market && s === side && level === 0);
  return message.bars?.[index] ?? [];
}

// Where each owner's bar begins and ends, in order; equal owners are one bar.
function steps(list) {
  const sums = new Map();
  for (const [owner, bps] of list) sums.set(owner, (sums.get(owner) ?? 0) + bps);
  let at = 0;
  return new Map([...sums].map(([owner, bps]) => [owner, { from: at, to: (at += bps), bps }]));
}

export function frame(message) {
  if (!said || !message.bars) return;
  last = message;
  const sides = [bars(message, 0), bars(message, 1)];
  const key = chosen + JSON.stringify(sides);
  if (key === shown) return;
  shown = key;
  const [bid, ask] = sides.map(steps);
  const place = order();
  const owners = [...new Set([...bid.keys(), ...ask.keys()])].toSorted((a, b) => place(a) - place(b)).filter((name) => [bid, ask].some((s) => Math.abs(s.get(name)?.bps ?? 0) >= 0.005));
  const ends = [...bid.values(), ...ask.values()].flatMap((step) => [step.from, step.to]);
  const low = Math.min(0, ...ends);
  const span = Math.max(1, ...ends) * 1.04 - low;
  const total = (side) => [...side.values()].reduce((sum, step) => sum + step.bps, 0);
  $("waterfall").replaceChildren(
    ...owners.map((name) => row(name, bid.get(name), ask.get(name), low, span)),
    row("order", { from: 0, to: total(bid), bps: total(bid), final: true }, { from: 0, to: total(ask), bps: total(ask), final: true }, low, span),
  );
}

// Owners stand in the order in which they act, whichever side they act on.
function order() {
  const rules = (verb) => said.rules.filter((rule) => rule.verb === verb).map((rule) => rule.name);
  const all = ["configured", "inventory", "volume", "volatility", "drift", ...rules("spread"), ...rules("widen"), "clamp", ...rules("skew"), "skew limit", "anchor", "level", "book", "taker check", "rounding"];
  return (name) => all.indexOf(name);
}

function row(name, bid, ask, low, span) {
  const known = said.rules.find((rule) => rule.name === name);
  return el("div", { class: `fall ${name === "order" ? "final" : ""}`, title: known ? known.text : "" },
    number(bid), bar(bid, low, span, "right"), el("span", { class: `owner ${known ? "named" : ""}` }, name), bar(ask, low, span, "left"), number(ask));
}

function number(step) {
  return el("span", { class: "num" }, !step ? "" : step.final ? fixed(step.bps, 2) : signed(step.bps, 2));
}

function bar(step, low, span, edge) {
  const track = el("span", { class: "track" });
  if (!step) return track;
  const from = (Math.min(step.from, step.to) - low) / span;
  const width = Math.abs(step.to - step.from) / span;
  const inner = el("i", { class: step.final ? (edge === "right" ? "bid" : "ask") : step.bps >= 0 ? "adds" : "takes" });
  inner.style[edge] = `${100 * from}%`;
  inner.style.width = `${Math.max(100 * width, 0.6)}%`;
  track.append(inner);
  return track;
}
