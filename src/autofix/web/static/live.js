// Keeps the page up to date: a stream says that something changed, the page is asked for again, and
// what differs is put in. What has the focus, is open, or is being filled in stays as it is.
import { inUse, morph } from "./morph.js";
import { still } from "./still.js";

// Milliseconds: between two looks; a break that is not worth a word; until a look is given up; between
// two looks without a stream; after which a stream that says nothing is dead, though no break was
// noticed: the laptop slept, or the net went away without a word; between two looks when nothing has
// happened: what probes see, and how autofix is, changes without a word of the record.
const LEAST = 1000, BLINK = 4000, HANGS = 20000, SLOW = 15000, SILENT = 45000, AGED = 25000;

export function keepLive() {
  const main = document.querySelector("main[data-live]");
  const sign = document.getElementById("connection");
  if (!main || !sign) return;
  let source, timer, doubt, poll, last = Date.now(), heard = 0, asking = false, again = false, behind = false;

  function say(state) {
    clearTimeout(doubt);
    doubt = undefined;
    const words = sign.dataset[state] || "";
    if (sign.textContent !== words) sign.textContent = words;
    sign.classList.toggle("lost", state !== "live");
  }

  // Milliseconds since then, long ones when somebody set the clock: what is late by that is done.
  const since = (moment) => { const passed = Date.now() - moment; return passed < 0 ? Infinity : passed; };

  // The session is over. The login leads back here; what is typed here is not thrown away for it.
  function out() {
    if (inUse(main)) say("out"); else location.reload();
  }

  // Is it there, and up to date?
  async function look() {
    if (asking) { again = true; return; }
    asking = true;
    last = Date.now();
    behind = true;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(HANGS) });
      if (answer.redirected && new URL(answer.url).pathname !== location.pathname) { out(); return; }
      if (!answer.ok) { say("old"); return; }
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main");
      document.body.dataset.now = fresh?.ownerDocument.body.dataset.now ?? "";
      if (fresh) still(main, () => { morph(main, fresh); document.dispatchEvent(new CustomEvent("autofix:changed")); });
      behind = false;
      say(poll ? "slow" : "live");
    } catch { say("lost"); } finally {
      asking = false;
      if (again || behind) soon(behind ? SLOW : LEAST);
      again = false;
    }
  }

  function soon(least = LEAST) {
    clearTimeout(timer);
    timer = setTimeout(look, Math.max(0, least - since(last)));
  }

  function open() {
    close();
    source = new EventSource(main.dataset.live);
    heard = Date.now();
    for (const word of ["open", "changed", "here"]) source.addEventListener(word, () => { heard = Date.now(); });
    source.addEventListener("open", () => {
      if (poll || behind) soon();
      clearInterval(poll);
      poll = undefined;
      say("live");
    });
    source.addEventListener("changed", () => soon());
    source.addEventListener("here", () => { if (since(last) >= AGED) soon(); });
    source.addEventListener("problem", () => say("old"));
    source.addEventListener("error", () => {
      // Every stream ends after a while, and the browser comes again by itself.
      if (source.readyState === EventSource.CONNECTING) doubt ??= setTimeout(() => say("lost"), BLINK);
      else slowly();
    });
  }

  // There is no stream to be had (too many are open, the session is over): look now and then, and
  // try for one each time.
  function slowly() {
    if (poll) return;
    poll = setInterval(() => { open(); look(); }, SLOW);
    look();
  }

  function close() {
    source?.close();
    source = undefined;
  }

  function rest() {
    close();
    clearInterval(poll);
    clearTimeout(doubt);
    poll = doubt = undefined;
  }

  // What was missed is told by the new stream: it begins with the version of this page.
  function listen() {
    if (!source || poll || since(heard) < SILENT) return;
    say("lost");
    open();
    document.dispatchEvent(new CustomEvent("autofix:silent"));
  }
  setInterval(listen, LEAST);

  // A browser keeps few connections to one server: pages that nobody looks at give theirs back.
  function wake() {
    if (document.hidden) rest(); else if (!source) { open(); look(); }
  }
  document.addEventListener("visibilitychange", wake);
  addEventListener("pagehide", rest);
  // A form that is on its way stays the one it was: pressed once more, it is done once.
  addEventListener("submit", ({ target }) => target.elements.namedItem("once")?.setAttribute("data-keep", ""));
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    for (const each of main.querySelectorAll("[name=once][data-keep]")) each.removeAttribute("data-keep");
    wake();
  });
  document.addEventListener("autofix:look", () => soon());
  if (!document.hidden) open();
}
