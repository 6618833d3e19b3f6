// Shortcuts: `/` searches, `g` and a letter goes to a room, `j` and `k` walk a list, `?` tells them.
export function takeKeys() {
  let going = 0;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const key = event.key;
    if (Date.now() - going < 1500) { going = 0; const room = document.querySelector(`.rooms a[data-key="${CSS.escape(key)}"]`); if (room) { event.preventDefault(); room.click(); } return; }
    if (key === "g") going = Date.now();
    else if (key === "/") { event.preventDefault(); document.getElementById("search")?.focus(); }
    else if (key === "?") document.getElementById("keys")?.togglePopover();
    else if (key === "j" || key === "k") walk(key === "j" ? 1 : -1);
  });
}

function walk(step) {
  const all = [...document.querySelectorAll("main .line-main, main tbody tr td:first-child a")];
  if (!all.length) return;
  const at = all.indexOf(document.activeElement);
  all[Math.min(Math.max(at + step, 0), all.length - 1)].focus();
}
