/* A topic in a browser. What was shown is remembered by its offsets, so that a page that was away goes on where it was:
   messages count as read when they are shown, and only then are they acknowledged. */
"use strict";

const ROWS = 2000; // that are kept; the topic has the others still
const OUTBOX = 2000; // messages that may wait to be sent
const LONGEST_PAUSE = 5000; // milliseconds between two attempts to connect
const FINAL = new Set([4400, 4403, 4405]); // close codes after which no other attempt would go better
const AGAIN = new Set(["buffer-full", "going-away", "broker-away"]); // what a message may be sent again after
// what is over once it is connected
const OVER = new Set([...AGAIN, "topic-unknown", "topic-not-served", "too-many-browsers", "failed"]);

const at = id => document.getElementById(id);
const me = Array.from(crypto.getRandomValues(new Uint8Array(8)), byte => byte.toString(16).padStart(2, "0")).join("");

class Page {
  constructor(topic) {
    this.topic = topic;
    this.next = this.remembered(); // partition -> the offset that comes next; null for a browser that is new here
    this.from = "end"; // where such a browser begins
    this.ends = {}; // what each partition had when this connected
    this.frames = []; // that came and are not all shown
    this.outbox = new Map(); // id -> {value, key, state: "unsent", "sent" or "unsure"}
    this.socket = null;
    this.limits = null; // as the server says at each beginning
    this.failures = 0;
    this.timer = this.showing = this.flushing = 0;
    this.doubled = 0;
    this.numbered = 0;
    this.shown = 0;
  }

  /* -- The socket */

  connect() {
    this.leave();
    this.state("connecting");
    const secure = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${secure}://${location.host}/topics/${encodeURIComponent(this.topic)}/stream`);
    this.socket = socket;
    socket.onopen = () => this.tell({ type: "resume", ...(this.next ? { offsets: this.next } : { from: this.from }) });
    // whatever an older socket still brings is read again by the newer one
    socket.onmessage = event => socket === this.socket && this.take(JSON.parse(event.data));
    socket.onclose = event => socket === this.socket && this.closed(event);
  }

  leave() {
    clearTimeout(this.timer);
    const socket = this.socket;
    this.socket = this.limits = null;
    this.frames = [];
    at("client").textContent = "";
    if (socket) socket.close();
    for (const entry of this.outbox.values()) if (entry.state === "sent") entry.state = "unsure";
  }

  closed(event) {
    this.leave();
    if (FINAL.has(event.code)) {
      this.state("stopped", `stopped: ${event.reason || event.code}`);
      return;
    }
    const pause = Math.min(LONGEST_PAUSE, 250 * 2 ** this.failures++) * (0.8 + 0.4 * Math.random());
    this.state("waiting", `connects again in ${(pause / 1000).toFixed(1)} s`);
    this.timer = setTimeout(() => this.connect(), pause);
  }

  tell(frame) {
    if (this.socket && this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  take(frame) {
    if (frame.type === "hello") this.begin(frame);
    else if (frame.type === "messages") this.frames.push({ ...frame, done: 0 }) && this.show();
    else if (frame.type === "sent") this.settled(frame.id);
    else if (frame.type === "broker") this.broker(frame);
    else if (frame.id !== undefined) this.refused(frame);
    else this.error(frame);
  }

  begin(hello) {
    this.failures = 0;
    this.limits = hello;
    this.next = hello.offsets;
    this.ends = hello.ends;
    this.remember();
    for (const line of [...at("errors").children]) if (OVER.has(line.dataset.code)) line.remove();
    at("client").textContent = `through ${hello.client}`;
    this.state("connected");
    this.broker({ state: "there" }); // else it could not have said hello
    this.caughtUp();
  }

  /* -- Messages that come */

  show() {
    clearTimeout(this.showing);
    const pace = Number(at("pace").value);
    if (pace < 0 || !this.frames.length) return;
    const scroll = at("scroll");
    const atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 40;
    const frame = this.frames[0];
    const rows = document.createDocumentFragment();
    const until = pace ? frame.done + 1 : frame.messages.length;
    for (; frame.done < until; frame.done++) this.read(frame.messages[frame.done], rows);
    at("messages").append(rows);
    while (at("messages").childElementCount > ROWS) at("messages").firstElementChild.remove();
    at("empty").hidden = true;
    if (atEnd) scroll.scrollTop = scroll.scrollHeight;
    this.remember();
    if (frame.done === frame.messages.length) {
      this.frames.shift();
      this.tell({ type: "ack", frame: frame.frame });
    }
    this.caughtUp();
    if (this.frames.length) this.showing = setTimeout(() => this.show(), pace);
  }

  read(message, rows) {
    if (message.offset < (this.next[message.partition] ?? 0)) {
      document.body.dataset.doubled = ++this.doubled; // the server does not do that; a test looks
      return;
    }
    this.next[message.partition] = message.offset + 1;
    this.shown += 1;
    rows.append(row(message));
    if (message.id) this.settled(message.id);
  }

  /* -- Messages that go */

  send(value, key) {
    const size = new TextEncoder().encode(value + key).length;
    if (this.limits && size > this.limits.largest) {
      this.error({ code: "message-too-large", what: `the message has ${size} bytes; ${this.limits.largest} are taken`,
        next: "send less in a message, or several messages." });
      return false;
    }
    if (this.outbox.size >= OUTBOX) {
      this.error({ code: "buffer-full", what: `${OUTBOX} messages wait to be sent`, next: "wait until some are." });
      return false;
    }
    this.outbox.set(`${me}-${++this.numbered}`, { value, key: key || null, state: "unsent" });
    this.flush();
    return true;
  }

  /* In their order. What may have been written is not sent again before all was read that there was after it. */
  flush() {
    clearTimeout(this.flushing);
    this.counts();
    let room = this.limits ? this.limits.sends : 0;
    for (const [id, entry] of this.outbox) {
      if (room <= 0 || entry.state === "unsure") break;
      if (entry.state === "unsent") {
        entry.state = "sent";
        this.tell({ type: "send", id, value: entry.value, key: entry.key });
      }
      room -= 1;
    }
  }

  settled(id) {
    if (this.outbox.delete(id)) this.flush();
  }

  refused(frame) {
    const entry = this.outbox.get(frame.id);
    if (!entry) return;
    if (frame.unsure) { // it shows when this has connected again, and has read all that there is
      entry.state = "unsure";
      this.closed({});
    } else if (AGAIN.has(frame.code)) {
      entry.state = "unsent";
      this.flushing = setTimeout(() => this.flush(), 500);
    } else {
      this.outbox.delete(frame.id);
      this.error(frame);
      this.flush();
    }
  }

  caughtUp() {
    if (!this.limits || this.frames.length) return;
    if (Object.entries(this.ends).some(([partition, end]) => (this.next[partition] ?? 0) < end)) return;
    for (const entry of this.outbox.values()) if (entry.state === "unsure") entry.state = "unsent";
    this.flush();
  }

  /* -- What is remembered, and what is told */

  remembered() {
    try {
      return JSON.parse(localStorage.getItem(`webtopic ${this.topic}`));
    } catch {
      return null;
    }
  }

  remember() {
    try {
      localStorage.setItem(`webtopic ${this.topic}`, JSON.stringify(this.next));
    } catch { /* a browser that remembers nothing: this page still does, while it is open */ }
    this.counts();
  }

  restart(from) {
    this.next = null;
    this.from = from;
    at("messages").replaceChildren();
    at("empty").hidden = false;
    this.shown = 0;
    this.connect();
  }

  counts() {
    at("shown").textContent = this.shown;
    at("waiting").textContent = this.outbox.size;
    const places = Object.entries(this.next ?? {}).map(([partition, offset]) => `${partition}:${offset}`);
    at("next").textContent = places.length ? places.join(" ") : "unknown";
  }

  state(name, text) {
    at("state").dataset.state = name;
    at("state").textContent = text ?? name;
  }

  broker(frame) {
    at("broker").hidden = frame.state === "there";
    at("broker").textContent = frame.state === "there" ? "" : `Kafka is away. ${frame.what} Next: ${frame.next}`;
    if (frame.state === "there") this.flush();
  }

  error(frame) {
    const text = `${frame.code}: ${frame.what}. Next: ${frame.next}`;
    const last = at("errors").lastElementChild;
    if (last && last.firstChild.data === text) return; // it is there to be read
    const line = document.createElement("p");
    line.dataset.code = frame.code;
    const gone = document.createElement("button");
    gone.textContent = "×";
    gone.ariaLabel = "Dismiss";
    gone.onclick = () => line.remove();
    line.append(text, gone);
    at("errors").append(line);
    while (at("errors").childElementCount > 20) at("errors").firstElementChild.remove();
  }
}

function row(message) {
  const item = document.createElement("li");
  item.dataset.partition = message.partition;
  item.dataset.offset = message.offset;
  if (message.id && message.id.startsWith(`${me}-`)) item.className = "mine";
  const time = document.createElement("time");
  if (message.time !== null) {
    const date = new Date(message.time);
    time.textContent = date.toLocaleTimeString();
    time.title = time.dateTime = date.toISOString();
  }
  const place = cell("place", `${message.partition}:${message.offset}`);
  place.title = "partition:offset";
  item.append(time, place, cell("key", message.key, ""), cell("value", message.value, "no value"));
  return item;
}

function cell(name, data, none) {
  const span = document.createElement("span");
  span.className = name;
  if (typeof data === "string") {
    span.textContent = data;
  } else {
    span.classList.add("none");
    span.textContent = data === null ? none : `${atob(data.base64).length} bytes that are no text`;
  }
  return span;
}

let page = new Page(new URLSearchParams(location.search).get("topic") ?? at("topic").value);
at("topic").value = page.topic;
at("topic").onchange = () => location.assign(`/?topic=${encodeURIComponent(at("topic").value)}`);
at("pace").onchange = () => page.show();
at("start").onclick = () => page.restart("start");
at("end").onclick = () => page.restart("end");
at("form").onsubmit = event => {
  event.preventDefault();
  if (page.send(at("value").value, at("key").value)) at("value").value = "";
  at("value").focus();
};
addEventListener("beforeunload", event => page.outbox.size && event.preventDefault());
document.body.dataset.doubled = 0;
page.counts();
page.connect();
