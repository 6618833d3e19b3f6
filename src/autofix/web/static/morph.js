// Makes one element like another with as few changes as it takes. Children that have an id are
// known by it, others by their place. What a person is busy with is left alone.
const OWN = new Set(["open", "data-mine"]); // attributes that the reader's browser sets

function busy(element) {
  if (element.hasAttribute("data-keep")) return true;
  if (element.matches(":popover-open")) return true;
  return element.matches("input, textarea, select") &&
    (element === document.activeElement || element.value !== element.defaultValue && element.defaultValue !== undefined || element.checked !== element.defaultChecked);
}

export function morph(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) { old.replaceWith(document.importNode(fresh, true)); return; }
  if (old.nodeType !== Node.ELEMENT_NODE) { if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue; return; }
  if (busy(old) || old.isEqualNode(fresh)) return;
  attributes(old, fresh);
  if (old.localName === "time") return; // its words are kept by the clock
  children(old, fresh);
}

function attributes(old, fresh) {
  for (const { name, value } of fresh.attributes) if (!OWN.has(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  for (const { name } of [...old.attributes]) if (!OWN.has(name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
}

function children(old, fresh) {
  const known = new Map([...old.children].filter((each) => each.id).map((each) => [each.id, each]));
  let place = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const same = wanted.id ? known.get(wanted.id) : undefined;
    if (same) {
      if (same !== place) old.insertBefore(same, place); else place = place.nextSibling;
      morph(same, wanted);
    } else if (place && !place.id && !wanted.id && place.nodeName === wanted.nodeName) {
      const next = place.nextSibling;
      morph(place, wanted);
      place = next;
    } else {
      old.insertBefore(document.importNode(wanted, true), place);
    }
  }
  while (place) { const next = place.nextSibling; place.remove(); place = next; }
}
