// What a person may say: every rule parameter, pause, kill. The engine's own numbers come back and are shown.
import { $, el, fixed, text } from "./format.js";
import { on, say } from "./feed.js";
import { mode } from "./strip.js";
import { paint } from "./charts.js";

let said = null;
let sliders = [];
let last = null;

export function hello(message) {
  said = message;
  sliders = [];
  const groups = message.rules.map(rule);
  const empty = el("p", { class: "empty" }, "No rules are in force: lines quote as configured. Start in a folder that has rules/, or name one with --rules.");
  $("pane-rules").replaceChildren(...(groups.length ? groups : [empty]));
}

function rule(each) {
  const where = each.scope === "everywhere" ? "every quote" : each.scope;
  return el("section", { class: "rule" },
    el("h3", {}, each.name, el("span", { class: "verb" }, each.verb), el("small", {}, `${where} · ${each.file}`)),
    el("p", {}, each.text), ...each.params.map(slider));
}

const digitsOf = (param) => (param.high - param.low >= 50 ? 1 : 2);

function slider(param) {
  const step = (param.high - param.low) / 400;
  const input = el("input", { type: "range", min: param.low, max: param.high, step, value: param.default, id: `param-${param.name}`, "aria-label": `${param.name} ${param.unit}` });
  const value = el("output", { class: "num" });
  const reset = el("button", { class: "plain small", title: `Back to ${param.default}`, onclick: () => send(param.default) }, "reset");
  const known = { param, input, value, reset, held: 0 };
  let timer = 0;
  const send = (number) => {
    known.held = performance.now();
    show(known, number);
    clearTimeout(timer);
    timer = setTimeout(() => say({ do: "tune", name: param.name, value: Number(number) }), 60);
  };
  input.addEventListener("input", () => send(Number(input.value)));
  sliders.push(known);
  const low = el("span", { class: "bound" }, fixed(param.low, 0));
  const high = el("span", { class: "bound" }, fixed(param.high, 0));
  return el("div", { class: "param" },
    el("label", { htmlFor: `param-${param.name}` }, param.label), low, input, high,
    el("span", { class: "reading" }, value, el("span", { class: "unit" }, param.unit)), reset, el("small", { class: "help" }, param.help));
}

function show(known, number) {
  const { param, input, value, reset } = known;
  if (Number(input.value) !== number) input.value = number;
  input.style.setProperty("--at", `${(100 * (number - param.low)) / (param.high - param.low)}%`);
  text(value, fixed(number, digitsOf(param)));
  reset.disabled = Math.abs(number - param.default) < 1e-9;
}

export function frame(message) {
  if (!said || message.t === undefined) return;
  last = message;
  for (const known of sliders) {
    if (performance.now() - known.held > 700) show(known, message.params[known.param.slot]);
  }
  text($("pause"), message.paused ? "Resume" : "Pause");
  $("pause").classList.toggle("on", message.paused);
  text($("kill"), message.killed || message.halted ? "Clear" : "KILL");
  document.body.dataset.mode = mode(message)[0];
}

function ask({ title, words, word, yes, control }) {
  text($("sure-title"), title);
  text($("sure-text"), words);
  text($("sure-word"), word);
  text($("sure-yes"), yes);
  $("sure-input").value = "";
  $("sure-yes").disabled = true;
  $("sure").returnValue = "";
  $("sure").onclose = () => $("sure").returnValue === "yes" && say({ do: "control", name: control });
  $("sure").showModal();
  $("sure-input").focus();
}

export function listen() {
  $("sure-input").addEventListener("input", () => ($("sure-yes").disabled = $("sure-input").value.trim().toUpperCase() !== $("sure-word").textContent));
  $("sure-input").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (!$("sure-yes").disabled) $("sure").close("yes");
  });
  $("pause").onclick = () => say({ do: "control", name: last?.paused ? "resume" : "pause" });
  $("kill").onclick = () => {
    const venues = said?.markets.length ?? 0;
    if (last?.killed || last?.halted) {
      ask({ title: "Quote again?", words: "The kill switch is cleared and every line that is switched on quotes again.", word: "QUOTE", yes: "Quote again", control: "revive" });
    } else {
      ask({ title: "Kill all quoting", words: `${last?.orders?.length ?? "All"} orders on ${venues} venues are cancelled. Nothing quotes until a person clears it. The inventory stays as it is.`, word: "KILL", yes: "KILL", control: "kill" });
    }
  };
  const root = document.documentElement;
  const name = () => text($("theme"), root.dataset.theme === "dark" ? "Light" : "Dark");
  $("theme").onclick = () => {
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    localStorage.setItem("theme", root.dataset.theme);
    name();
    paint();
  };
  name();
  let timer = 0;
  on("refused", (words) => {
    text($("toast"), words);
    $("toast").classList.add("shown");
    clearTimeout(timer);
    timer = setTimeout(() => $("toast").classList.remove("shown"), 6000);
  });
}
