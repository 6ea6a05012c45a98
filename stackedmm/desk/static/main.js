// The page: connects the feed to everything that shows it.
import { $, text } from "./format.js";
import * as feed from "./feed.js";
import * as strip from "./strip.js";
import * as ladder from "./ladder.js";
import * as charts from "./charts.js";
import * as quotes from "./quotes.js";
import * as waterfall from "./waterfall.js";
import * as tables from "./tables.js";
import * as controls from "./controls.js";

const PARTS = [strip, ladder, quotes, waterfall, tables, controls, charts];
const WORDS = {
  compiling: ["Compiling the engine", "Once after an installation or a change of the core, about a minute. Later starts take seconds."],
  "warming up": ["Warming up", "The market runs at full speed until every volume window is full and the charts have a past."],
};

function veil(message) {
  const words = WORDS[message.phase] ?? (charts.drawn() ? null : ["Drawing", ""]);
  $("veil").hidden = !words;
  if (!words) return;
  text($("veil-title"), words[0]);
  text($("veil-text"), words[1]);
  $("veil-bar").style.width = `${100 * message.progress}%`;
  $("veil-bar").parentNode.classList.toggle("endless", message.phase === "compiling");
}

feed.on("hello", (message) => PARTS.forEach((part) => part.hello(message)));
feed.on("frame", (message) => {
  veil(message);
  PARTS.forEach((part) => part.frame(message));
});
feed.on("state", (word) => {
  strip.feed(word);
  if (word === "DOWN") text($("veil-title"), "Connecting");
});
feed.on("hello", () => strip.feed(strip.now()));
controls.listen();
feed.connect();
charts.ready();
