// Moments: relative and kept so, the exact one in the viewer's own zone on hover.
const language = document.documentElement.lang;
const near = new Intl.RelativeTimeFormat(language, { style: "short", numeric: "always" });
const exact = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "long" });
const UNITS = [["year", 31536000], ["month", 2592000], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

// The server's clock is the one that counts; ours may be wrong, and may be put right while we look.
let skew = 0;
const compare = () => { skew = Date.now() - (Number(document.body.dataset.now) * 1000 || Date.now()); };
compare();

// `fine`: a clock that runs down; it counts minutes up to two hours, and hours up to two days.
export function relative(moment, fine = false) {
  const seconds = Math.round((moment - (Date.now() - skew)) / 1000);
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size * (fine && size > 60 ? 2 : 1)) || ["second", 1];
  return near.format(Math.trunc(seconds / size) || -0, unit); // "0 seconds ago", not "in 0 seconds"
}

function show(time) {
  const moment = Date.parse(time.dateTime);
  if (Number.isNaN(moment)) return;
  if (!time.dataset.plain) {
    const said = relative(moment, "until" in time.dataset);
    if (time.textContent !== said) time.textContent = said;
    if ("until" in time.dataset) time.classList.toggle("over", moment <= Date.now() - skew);
  }
  const title = exact.format(moment);
  if (time.title !== title) time.title = title;
}

export function keepTimes(root) {
  const all = () => root.querySelectorAll("time[datetime]").forEach(show);
  all();
  setInterval(all, 1000);
  document.addEventListener("autofix:changed", () => { compare(); all(); });
}
