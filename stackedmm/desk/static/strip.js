// The strip: what one glance has to tell.
import { $, age, clock, dress, el, fixed, hue, signed, text } from "./format.js";

let said = null;
let part = {};
let state = "DOWN";

function item(label, name, width, unit = "") {
  const value = el("span", { class: "value" });
  value.style.minWidth = `${width}ch`;
  const after = el("span", { class: "unit" }, unit);
  part[name] = value;
  part[`${name}-unit`] = after;
  return el("div", { class: `item item-${name}` }, el("span", { class: "label" }, label), el("span", { class: "line" }, value, after));
}

export function hello(message) {
  said = message;
  part = {};
  const venues = el("div", { class: "item item-venues" }, el("span", { class: "label" }, "volume coefficient ", el("span", { class: "age-word" }, "and feed age "), "by venue"));
  const chips = el("span", { class: "line chips" });
  message.markets.forEach((market, i) => {
    const chip = { dot: el("i", { class: "dot" }), volume: el("b"), age: el("span", { class: "unit" }) };
    part[`venue${i}`] = chip;
    const name = el("span", {}, market.kind === "spot" ? market.venue : `${market.venue} perp`);
    name.style.color = hue(i);
    chips.append(el("span", { class: "chip", title: market.symbol }, chip.dot, name, chip.volume, chip.age));
  });
  venues.append(chips);
  $("strip").replaceChildren(
    item("mode", "mode", 6),
    item(`mid ${message.coin}/${message.quote}`, "mid", 6),
    item("spread", "spread", 4, "bps"),
    item("inventory", "inventory", 7, `of ${fixed(message.target, message.target % 1 ? 4 : 0)} ${message.coin}`),
    item("inv. coefficient", "coefficient", 6),
    item("trading profit", "pnl", 7, message.quote),
    venues,
    item("feed", "feed", 4),
    item(message.source.startsWith("recording") ? "utc, recorded" : "utc", "clock", 8),
  );
}

export function mode(frame) {
  if (frame.killed) return ["KILLED", "bad"];
  if (frame.halted) return ["HALTED", "bad"];
  return frame.paused ? ["PAUSED", "warn"] : ["PAPER", "good"];
}

export function frame(message) {
  if (!said || message.t === undefined) return;
  const [word, kind] = mode(message);
  text(part.mode, word);
  dress(part.mode, `value pill ${kind}`);
  text(part.mid, fixed((message.bid + message.ask) / 2, said.decimals));
  text(part.spread, fixed(message.spread_bps, 2));
  text(part.inventory, fixed(message.inventory, said.target % 1 ? 4 : 1));
  text(part.coefficient, signed(message.coefficient, 3));
  text(part.pnl, signed(message.trading, 2));
  dress(part.pnl, `value ${message.trading < 0 ? "bad" : "good"}`);
  text(part.clock, clock(message.t));
  message.markets.forEach((market, i) => {
    const chip = part[`venue${i}`];
    const late = market.age_ms > 2000;
    dress(chip.dot, `dot ${!market.usable ? "bad" : late ? "warn" : "good"}`);
    text(chip.volume, `${fixed(market.volume, 2)}×`);
    text(chip.age, market.usable ? age(market.age_ms) : "no book");
  });
  text(part["feed-unit"], `${fixed(message.rate, 0)} rows/s` + (message.lag > 1 ? ` · ${age(message.lag * 1000)} behind` : ""));
}

export function feed(word) {
  state = word;
  document.body.classList.toggle("stale", word !== "LIVE");
  if (!part.feed) return;
  text(part.feed, word);
  dress(part.feed, `value ${word === "LIVE" ? "good" : word === "ENDED" ? "warn" : "bad"}`);
}

export const now = () => state;
