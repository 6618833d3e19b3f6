// What an act came to is said once: after a while the address does not ask for it any more, so the
// next look leaves it out, and so does a reload. By then it may not be so any longer.
const READ = 10000;

export function forgetSaid() {
  if (!new URLSearchParams(location.search).has("said")) return;
  setTimeout(() => {
    const here = new URL(location.href);
    here.searchParams.delete("said");
    history.replaceState(history.state, "", here);
  }, READ);
}
