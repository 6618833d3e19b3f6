// While a page is brought up to date, what is being read stays where it is: what has the focus, else
// what most of the view does. At the top of a page nothing is held: what is new and bad shows there.
// A browser scrolls by whole pixels: what is left of one is owed to the next time.
let owed = 0;

export function still(main, change) {
  if (!scrollY) { change(); return; }
  const edge = Math.max(0, document.querySelector(".top")?.getBoundingClientRect().bottom ?? 0);
  const place = (element) => element.getBoundingClientRect().top;
  const seen = (element) => element.getClientRects().length && place(element) >= edge && place(element) < innerHeight;
  const focus = main.contains(document.activeElement) && document.activeElement !== main && seen(document.activeElement) && document.activeElement;
  const marks = [...main.querySelectorAll("[id]")].filter(seen).map((each) => [each, place(each)]);
  const was = focus && place(focus);
  change();
  const moved = marks.filter(([each]) => each.isConnected && each.getClientRects().length).map(([each, before]) => place(each) - before);
  const by = focus && focus.isConnected ? place(focus) - was : moved.sort((one, other) => one - other)[moved.length >> 1];
  if (!by) return;
  const from = scrollY, wanted = by + owed;
  scrollBy({ top: wanted, behavior: "instant" });
  const left = wanted - (scrollY - from);
  owed = Math.abs(left) < 1 ? left : 0;
}
