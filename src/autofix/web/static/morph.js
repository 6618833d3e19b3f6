// Makes one element like another with as few changes as it takes. Children that have an id are
// known by it, others by their kind and order. What a person is busy with is left alone.
const OWN = new Set(["open", "data-mine"]); // attributes that the reader's browser sets
const TYPED = "input:not([type=hidden]), textarea, select";

function changed(field) {
  if (field.localName === "select") return [...field.options].some((each) => each.selected !== each.defaultSelected && field.querySelector("[selected]"));
  return field.type === "checkbox" || field.type === "radio" ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
}

function busy(element) {
  if (element.hasAttribute("data-keep") || element.matches(":popover-open")) return true;
  return element.matches(TYPED) && (element === document.activeElement || changed(element));
}

// Is something in it being read or filled in that would be lost with it?
export function inUse(element) {
  if (element.nodeType !== Node.ELEMENT_NODE) return false;
  if (busy(element) || element.querySelector(":popover-open, [data-keep]")) return true;
  return [...element.querySelectorAll(TYPED)].some((each) => changed(each) && each.checkVisibility());
}

export function morph(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) { old.replaceWith(document.importNode(fresh, true)); return; }
  if (old.nodeType !== Node.ELEMENT_NODE) { if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue; return; }
  if (busy(old) || old.isEqualNode(fresh)) return;
  attributes(old, fresh);
  // Its words are kept by the clock.
  if (old.localName !== "time") children(old, fresh);
}

function attributes(old, fresh) {
  const ours = (name) => OWN.has(name) || (name === "title" && old.localName === "time");
  for (const { name, value } of fresh.attributes) if (!ours(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  for (const { name } of [...old.attributes]) if (!ours(name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
}

function children(old, fresh) {
  const wanted = [...fresh.childNodes];
  const pairs = paired([...old.childNodes], wanted);
  const used = new Set(pairs);
  for (const each of [...old.childNodes]) if (!used.has(each) && !inUse(each)) drop(each);
  const order = new Map([...old.childNodes].map((each, index) => [each, index]));
  const still = longest(pairs.map((each) => (each ? order.get(each) : -1)));
  let next = null;
  for (let index = wanted.length - 1; index >= 0; index--) {
    const node = pairs[index] ?? document.importNode(wanted[index], true);
    if (!pairs[index]) old.insertBefore(node, next);
    else if (!still.has(index)) move(old, node, next);
    next = node;
  }
  pairs.forEach((each, index) => each && morph(each, wanted[index]));
}

// For each node that is wanted the old one that becomes it, or nothing.
function paired(having, wanted) {
  const known = new Map(having.filter((each) => each.id).map((each) => [each.id, each]));
  const rest = having.filter((each) => !each.id);
  const from = {}; // how far the old nodes of each kind are given away
  return wanted.map((each) => {
    const name = each.nodeName;
    if (each.id) { const same = known.get(each.id); return same?.nodeName === name ? same : undefined; }
    const index = rest.findIndex((other, at) => at >= (from[name] ?? 0) && other.nodeName === name);
    from[name] = index < 0 ? rest.length : index + 1;
    return rest[index];
  });
}

// The places of a longest rising run of numbers (those below 0 left out): these nodes need not move.
function longest(numbers) {
  const ends = [], before = [];
  numbers.forEach((number, index) => {
    if (number < 0) return;
    let at = ends.findIndex((end) => numbers[end] >= number);
    if (at < 0) at = ends.length;
    before[index] = at ? ends[at - 1] : -1;
    ends[at] = index;
  });
  const found = new Set();
  for (let index = ends.at(-1) ?? -1; index >= 0; index = before[index]) found.add(index);
  return found;
}

// Where the browser can, an element is moved with its focus and what is open in it.
function move(parent, node, next) {
  if (parent.moveBefore && node.nodeType === Node.ELEMENT_NODE) { parent.moveBefore(node, next); return; }
  const active = document.activeElement;
  parent.insertBefore(node, next);
  if (active !== document.activeElement && node.contains(active)) active.focus({ preventScroll: true });
}

// Whose focus is in what goes away finds it at the neighbour, not at the top of the page.
function drop(node) {
  const focused = node.nodeType === Node.ELEMENT_NODE && node.contains(document.activeElement);
  const beside = focused && (node.nextElementSibling ?? node.previousElementSibling);
  node.remove();
  if (focused) (beside?.querySelector?.("a, button, input, summary") ?? document.getElementById("main"))?.focus({ preventScroll: true });
}
