// Keeps the page up to date: a stream says that something changed, the page is asked for again, and
// what differs is put in. What has the focus, is open, or is being filled in stays as it is.
import { morph } from "./morph.js";

const LEAST = 1000; // milliseconds between two looks

export function keepLive() {
  const main = document.querySelector("main[data-live]");
  const sign = document.getElementById("connection");
  if (!main || !sign) return;
  let source, timer, last = 0, asking = false, again = false;

  function say(state) {
    sign.textContent = sign.dataset[state] || "";
    sign.classList.toggle("lost", state !== "live");
  }

  async function look() {
    if (asking) { again = true; return; }
    asking = true;
    last = Date.now();
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "follow" });
      if (answer.redirected && new URL(answer.url).pathname !== location.pathname) { location.reload(); return; }
      if (!answer.ok) { say("old"); return; }
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const found = fresh.getElementById("main");
      if (found) { morph(main, found); document.dispatchEvent(new CustomEvent("autofix:changed")); say("live"); }
    } catch { say("lost"); } finally {
      asking = false;
      if (again) { again = false; soon(); }
    }
  }

  function soon() {
    clearTimeout(timer);
    timer = setTimeout(look, Math.max(0, LEAST - (Date.now() - last)));
  }

  function open() {
    source = new EventSource(main.dataset.live);
    source.addEventListener("open", () => say("live"));
    source.addEventListener("changed", soon);
    source.addEventListener("problem", () => say("old"));
    source.addEventListener("error", () => {
      say("lost");
      if (source.readyState === EventSource.CLOSED) { clearTimeout(timer); timer = setTimeout(() => { open(); look(); }, 5000); }
    });
  }

  // A browser keeps few connections to one server: pages that nobody looks at give theirs back.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { source?.close(); source = undefined; } else if (!source) { open(); look(); }
  });
  document.addEventListener("autofix:look", soon);
  if (!document.hidden) open();
}
