// A run's log that grows: what the stream tells is put in where it belongs, what came first goes
// when there is too much of it. The page works without; then it shows the newest portion.
import { searchIn } from "./find.js";

const LONG = 2000; // characters of one text that are shown
const ACTIVE = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]|[\u{e0000}-\u{e0fff}]/gu;
const WORST = ["failed", "unreachable", "ignored", "changed", "ok", "skipped"];
const FAILED = 50; // failures that are listed

export const inert = (text) => text.replace(ACTIVE, (each) => "\\u" + each.codePointAt(0).toString(16).padStart(4, "0"));

function made(name, look, text) {
  const element = document.createElement(name);
  if (look) element.className = look;
  if (text) element.textContent = inert(text);
  return element;
}

class Log {
  constructor(root) {
    this.root = root;
    this.pane = root.querySelector(".pane");
    this.state = root.querySelector(".log-state");
    this.toEnd = root.querySelector(".to-end");
    this.most = Number(root.dataset.most);
    this.last = Number(root.dataset.after);
    this.waiting = [];
    this.pause = 100;
    this.follows = true;
    // What is live here is ours: a page that is asked for again leaves it alone.
    (root.closest("#log, .run-tail") || root).setAttribute("data-keep", "");
    this.pane.addEventListener("scroll", () => { this.follows = this.atEnd(); if (this.follows) this.toEnd.hidden = true; });
    this.toEnd.addEventListener("click", () => { this.follows = true; this.follow(); });
    document.addEventListener("visibilitychange", () => { if (document.hidden) this.close(); else if (!this.over) this.open(); });
    document.addEventListener("autofix:silent", () => { if (!this.over) this.open(); });
    if (!document.hidden) this.open();
    this.follow();
  }

  atEnd() { return this.pane.scrollHeight - this.pane.scrollTop - this.pane.clientHeight < 40; }
  follow() { if (this.follows) { this.pane.scrollTop = this.pane.scrollHeight; this.toEnd.hidden = true; } else this.toEnd.hidden = false; }
  say(word) { const text = this.root.dataset[word]; if (this.state.textContent !== text) this.state.textContent = text; this.state.classList.toggle("warn", word === "broken"); }
  close() { this.source?.close(); this.source = undefined; clearTimeout(this.again); clearTimeout(this.doubt); }

  open() {
    this.close();
    const source = this.source = new EventSource(`${this.root.dataset.events}?after=${this.last}`);
    source.addEventListener("open", () => { clearTimeout(this.doubt); this.doubt = undefined; this.say("following"); });
    source.addEventListener("event", (told) => this.take(Number(told.lastEventId), told.data));
    source.addEventListener("end", () => { this.over = true; this.close(); this.put(); this.say("ended"); document.dispatchEvent(new CustomEvent("autofix:look")); });
    source.addEventListener("problem", () => this.broken());
    source.addEventListener("error", () => this.broken());
  }

  broken() {
    // A stream ends every two minutes and comes again at once: that is no break.
    this.doubt ??= setTimeout(() => this.say("broken"), 3000);
    if (this.source?.readyState === EventSource.CLOSED) { clearTimeout(this.again); this.again = setTimeout(() => this.open(), 5000); }
  }

  take(number, data) {
    if (number <= this.last) return; // told already
    this.last = number;
    const event = JSON.parse(data);
    event.long = event.text.length > LONG;
    event.text = event.text.slice(0, LONG);
    this.waiting.push([number, event]);
    if (event.kind === "failed" || event.kind === "unreachable") this.failed(number, event);
    // More than can be shown: what stands there is older than what is left out, so it goes too.
    if (this.waiting.length > this.most * 1.5) { this.waiting.splice(0, this.waiting.length - this.most); this.gap = true; }
    this.timer ??= setTimeout(() => this.put(), this.pause);
  }

  put() {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (!this.waiting.length) return;
    const began = performance.now();
    this.pane.querySelector(".nothing")?.remove();
    if (this.gap) { this.pane.replaceChildren(); this.lead(this.waiting[0][0]); this.gap = false; }
    for (const [number, event] of this.waiting) this.add(number, event);
    this.waiting = [];
    this.shorten();
    this.follow();
    // A flood leaves the reader most of the time of his own machine.
    this.pause = Math.max(100, 4 * (performance.now() - began));
    this.root.dispatchEvent(new CustomEvent("autofix:lines", { bubbles: true }));
  }

  add(number, event) {
    if (event.kind === "start") return;
    const play = this.play(event);
    if (event.kind === "play") return;
    const task = this.task(play, event, number);
    if (event.kind !== "task" || event.text) this.line(task, number, event);
  }

  play(event) {
    const all = this.pane.querySelectorAll(":scope > .play"), newest = all[all.length - 1];
    if (newest && event.kind !== "play" && (!event.play || newest.dataset.name === event.play)) return newest;
    const play = this.fold("play", event.play, true);
    play.firstChild.append(made("span", "soft", this.root.dataset.play), " ", inert(event.play));
    this.pane.append(play);
    return play;
  }

  task(play, event, number) {
    const newest = play.lastElementChild;
    if (event.kind !== "task" && newest?.matches(".task") && newest.dataset.name === event.task) return newest;
    // What went well is folded once the next begins; failures stay open.
    if (newest?.matches(".task:not(.failed):not([data-mine])")) newest.open = false;
    const task = this.fold("task", event.task, true);
    if (event.kind === "task") task.id = `e${number}`;
    const at = made("time", "soft", new Date(event.at * 1000).toISOString().slice(11, 19));
    at.dateTime = new Date(event.at * 1000).toISOString();
    at.dataset.plain = "1";
    task.firstChild.append(made("span", "kind"), " ", inert(event.task || this.root.dataset.itself), " ", at);
    play.append(task);
    return task;
  }

  fold(look, name, open) {
    const fold = made("details", look);
    fold.open = open;
    fold.dataset.name = name;
    fold.append(made("summary"));
    fold.firstChild.addEventListener("click", () => { fold.dataset.mine = "1"; });
    return fold;
  }

  badge(kind) {
    const known = this.root.querySelector(`template[data-kind="${CSS.escape(kind)}"]`);
    return known ? known.content.cloneNode(true) : kind === "output" || kind === "stats" ? "" : made("span", "badge", kind);
  }

  worse(task, kind) {
    const place = WORST.indexOf(kind), now = WORST.indexOf(task.dataset.kind);
    if (place < 0 || (now >= 0 && now <= place)) return;
    task.dataset.kind = kind;
    task.querySelector(":scope > summary > .kind").replaceChildren(this.badge(kind));
    if (place < 2) { task.classList.add("failed"); task.open = true; }
  }

  line(task, number, event) {
    this.worse(task, event.kind);
    const item = event.data?.item ? String(event.data.item) : "";
    const plain = !event.long && !event.text.includes("\n") && event.text.length <= 200;
    const on = made("div", `on event event-of-${event.kind}`);
    on.id = `e${number}`;
    on.append(this.badge(event.kind), " ");
    if (event.host) on.append(made("span", "host", event.host), " ");
    if (item) on.append(made("span", "soft", item), " ");
    if (plain) { on.append(made("span", "said", event.text)); task.append(on); return; }
    const fold = this.fold("text", "", event.kind === "failed" || event.kind === "unreachable");
    fold.firstChild.append(made("span", "said first", event.text.split("\n", 1)[0].slice(0, 160)));
    fold.append(made("pre", "said", event.text));
    if (event.long) fold.append(this.whole(number));
    on.append(fold);
    task.append(on);
  }

  whole(number) {
    const more = made("p", "soft", this.root.dataset.long), link = made("a", "", this.root.dataset.whole);
    link.href = `${this.root.dataset.page}/raw/${number}`;
    more.append(" ", link);
    return more;
  }

  // The oldest lines go, with what is left empty by that; a link leads to them.
  shorten() {
    const all = this.pane.querySelectorAll(".event, .task");
    let over = all.length - this.most;
    if (over <= 0) return;
    over += this.most / 10;
    const height = this.pane.scrollHeight;
    for (const each of all) {
      if (over-- <= 0) break;
      if (each.matches(".task") && each.querySelector(".event")) continue;
      const around = each.closest(".on:not(.event)") || each;
      const task = each.closest(".task"), play = each.closest(".play");
      each.remove();
      if (around !== each && !around.querySelector(".event")) around.remove();
      if (task && task !== each && !task.querySelector(".event")) task.remove();
      if (play && !play.querySelector(".task")) play.remove();
    }
    const first = this.pane.querySelector(".event[id], .task[id]");
    if (first) this.lead(first.id.slice(1));
    if (!this.follows) this.pane.scrollTop -= height - this.pane.scrollHeight;
  }

  lead(first) {
    const older = this.root.querySelector(".older");
    older.hidden = false;
    older.querySelector("a").href = `${this.root.dataset.page}?before=${first}#log`;
  }

  failed(number, event) {
    const link = document.getElementById("failed-link"), list = document.querySelector("#failures .failures");
    if (!link || !list) return;
    const count = link.querySelector(".failed-count");
    if (!count.textContent.endsWith("+")) count.textContent = String(Number(count.textContent) + 1);
    link.hidden = document.getElementById("failures").hidden = false;
    if (list.children.length >= FAILED) return;
    const line = made("li"), to = made("a", "", event.task || event.kind);
    to.href = `#e${number}`;
    line.append(to, " ", inert(`${event.host}: ${event.text.slice(0, 200)}`));
    list.append(line);
  }
}

// A link to a line opens what it is folded in.
function reveal() {
  const wanted = /^#e\d+$/.test(location.hash) && document.getElementById(location.hash.slice(1));
  if (!wanted) return;
  for (let each = wanted; each; each = each.parentElement) if (each.localName === "details") each.open = true;
  wanted.scrollIntoView({ block: "center" });
}

export function keepLogs() {
  const begun = new WeakSet();
  const begin = () => {
    for (const root of document.querySelectorAll("[data-log][data-events]")) if (!begun.has(root)) { begun.add(root); new Log(root); }
  };
  begin();
  document.addEventListener("autofix:changed", begin);
  if (!document.getElementById("log")) return;
  searchIn(document.getElementById("log"));
  addEventListener("hashchange", reveal);
  reveal();
}
