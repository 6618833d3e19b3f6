import { off } from "./keys.js";

// Search within a log: lines that don't have it are put aside, hits are counted, `n` and `N` walk
// them. What was folded is so again afterwards. Where no line that is shown has it, Enter asks the
// server, which searches all of the log.
export function searchIn(section) {
  const field = section.querySelector("#find"), said = section.querySelector(".hits");
  const pane = section.querySelector(".pane");
  if (!field || !pane) return;
  let folds, hits = [], at = -1, timer, looked = "";

  const has = (element, wanted) => element.textContent.toLowerCase().includes(wanted);

  function look() {
    const wanted = looked = field.value.trim().toLowerCase();
    section.querySelector(".hit")?.classList.remove("hit");
    if (!wanted) { clear(); return; }
    folds ??= new Map([...pane.querySelectorAll("details")].map((each) => [each, each.open]));
    hits = [];
    for (const task of pane.querySelectorAll(".task")) {
      const named = has(task.querySelector("summary"), wanted);
      let some = false;
      for (const line of task.querySelectorAll(".event")) { const found = has(line, wanted); line.hidden = !(found || named); if (found) { hits.push(line); some = true; } }
      for (const on of task.querySelectorAll("details.on")) on.hidden = !on.querySelector(".event:not([hidden])");
      if (named && !some) hits.push(task.querySelector("summary"));
      task.hidden = !(named || some);
      if (some) for (const fold of [task, ...task.querySelectorAll("details")]) if (!fold.hidden) fold.open = true;
    }
    for (const play of pane.querySelectorAll(".play")) { play.hidden = !play.querySelector(".task:not([hidden])"); if (!play.hidden) play.open = true; }
    at = Math.min(at, hits.length - 1);
    tell();
  }

  function clear() {
    for (const each of pane.querySelectorAll("[hidden]")) each.hidden = false;
    folds?.forEach((open, each) => { each.open = open; });
    folds = undefined;
    hits = [];
    at = -1;
    tell();
  }

  function tell() { said.textContent = field.value.trim() ? `${at + 1} / ${hits.length}` : ""; }

  function go(step) {
    if (!hits.length) return;
    hits[at]?.classList.remove("hit");
    at = (at + step + hits.length) % hits.length;
    hits[at].classList.add("hit");
    hits[at].scrollIntoView({ block: "center" });
    tell();
  }

  field.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => { at = -1; look(); }, 150); });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      clearTimeout(timer);
      if (looked !== field.value.trim().toLowerCase()) { at = -1; look(); }
      if (hits.length) { event.preventDefault(); go(event.shiftKey ? -1 : 1); }
    }
    if (event.key === "Escape") { field.value = ""; clear(); }
  });
  document.addEventListener("keydown", (event) => {
    if (off() || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    if (hits.length && (event.key === "n" || event.key === "N")) go(event.key === "n" ? 1 : -1);
  });
  section.addEventListener("autofix:lines", () => { if (field.value.trim()) look(); });
}
