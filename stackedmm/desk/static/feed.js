// The feed: one websocket, frames painted once a screen refresh, the past asked for again after any gap.
const listeners = { hello: [], frame: [], state: [], refused: [] };
let socket = null;
let wait = 400;
let position = null;
let latest = null;
let heard = 0;
let asking = false;
let phase = "";
let shown = "";

export function on(kind, listener) {
  listeners[kind].push(listener);
}

export function say(word) {
  if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(word));
  else tell("refused", "not connected; nothing was sent");
}

function tell(kind, value) {
  for (const listener of listeners[kind]) listener(value);
}

export function connect() {
  const url = new URL("feed", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  url.search = "";
  socket = new WebSocket(url);
  socket.onmessage = (event) => receive(JSON.parse(event.data));
  socket.onopen = () => (wait = 400);
  socket.onclose = () => {
    position = null;
    setTimeout(connect, wait);
    wait = Math.min(8000, wait * 1.7);
    watch();
  };
}

function receive(message) {
  heard = performance.now();
  if (message.type === "hello") {
    position = JSON.stringify(message.to);
    asking = false;
    latest = null;
    tell("hello", message);
  } else if (message.type === "frame") {
    follow(message);
  } else {
    tell("refused", message.text);
  }
  watch();
}

// What is appended must begin where the last frame ended; else the whole past is asked for again.
function follow(message) {
  phase = message.phase;
  if (message.from) {
    if (position !== JSON.stringify(message.from)) {
      if (!asking) say({ do: "backfill" });
      asking = true;
      return;
    }
    position = JSON.stringify(message.to);
    if (latest) {
      message.points = latest.points ? latest.points.map((rows, i) => rows.concat(message.points[i])) : message.points;
      message.fills = (latest.fills ?? []).concat(message.fills);
      message.events = (latest.events ?? []).concat(message.events);
    }
  }
  const waiting = latest !== null;
  latest = message;
  if (waiting) return;
  const paint = () => {
    const frame = latest;
    latest = null;
    if (!frame) return;
    tell("frame", frame);
    document.body.dataset.number = frame.number;
    document.body.dataset.delay = Math.round(Date.now() - frame.wall);
  };
  if (document.hidden) setTimeout(paint, 1000);
  else requestAnimationFrame(paint);
}

// A dead page must not look calm.
function watch() {
  const open = socket && socket.readyState === WebSocket.OPEN;
  const silent = performance.now() - heard;
  let state = "LIVE";
  if (!open) state = "DOWN";
  else if (phase === "failed") state = "ENGINE LOST";
  else if (phase === "ended") state = "ENDED";
  else if (silent > 2500) state = "STALE";
  if (state !== shown) tell("state", state);
  shown = state;
  document.body.dataset.feed = state;
}
setInterval(watch, 500);
