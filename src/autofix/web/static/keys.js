// Shortcuts: `/` searches, `g` and a letter goes to a room, `j` and `k` walk a list, `?` tells them,
// Esc closes what is open. A reader may turn off all of them but Esc. Dialogs take the focus; the
// browser gives it back when they close.
const PATIENCE = 1500; // milliseconds between `g` and its letter
const FIELDS = "input:not([type=hidden]), textarea, select, [contenteditable]";

export const off = () => document.documentElement.dataset.keys === "off";

export function takeKeys() {
  let going = 0;
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key;
    if (key === "Escape") { leave(event.target); return; }
    if (off() || event.target.closest?.(FIELDS)) return;
    if (Date.now() - going < PATIENCE) { going = 0; go(key, event); return; }
    if (document.querySelector(".dialog:popover-open") && key !== "?") return;
    if (key === "g") going = Date.now();
    else if (key === "/") { event.preventDefault(); document.getElementById("search")?.focus(); }
    else if (key === "?") document.getElementById("keys")?.togglePopover();
    else if (key === "j" || key === "k") walk(key === "j" ? 1 : -1);
  });
  // It does not bubble.
  document.addEventListener("toggle", (event) => {
    if (event.newState === "open" && event.target.matches(".dialog[popover]")) enter(event.target);
  }, true);
}

function go(key, event) {
  const room = document.querySelector(`.rooms a[data-key="${CSS.escape(key)}"]`);
  if (room) { event.preventDefault(); room.click(); }
}

// To its first field; never to the button that does it, which one more Enter would press.
function enter(dialog) {
  if (dialog.contains(document.activeElement)) return;
  const field = dialog.querySelector(FIELDS);
  if (!field) dialog.tabIndex = -1;
  (field ?? dialog).focus();
}

function leave(target) {
  if (target.id === "search") document.getElementById("main")?.focus({ preventScroll: true });
  const menu = document.querySelector("details.me[open]");
  if (!menu || document.querySelector(":popover-open")) return;
  menu.open = false;
  if (menu.contains(target)) menu.querySelector("summary").focus();
}

function walk(step) {
  const all = [...document.querySelectorAll("main a.line-main, main tbody tr td:first-child a")];
  if (!all.length) return;
  const at = all.indexOf(document.activeElement);
  all[Math.min(Math.max(at + step, 0), all.length - 1)].focus();
}
