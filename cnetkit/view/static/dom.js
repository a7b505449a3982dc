// Creates elements. Text becomes text nodes only: nothing from a packet or a name is ever read as markup.

const SVG = "http://www.w3.org/2000/svg";

export function make(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

export function draw(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// Calls `act` with what `find` sees at a pointer that was pressed and released on the same thing, or at a screen reader's click. A
// browser drops the click if the pressed element was drawn anew meanwhile, as rows here are.
export function onpress(element, find, act) {
  let pressed = null;
  element.addEventListener("pointerdown", (event) => (pressed = event.button === 0 ? find(event.target) : null));
  element.addEventListener("pointerup", (event) => {
    const found = find(event.target);
    if (found !== null && found === pressed) act(found);
    pressed = null;
  });
  element.addEventListener("click", (event) => {
    const found = event.detail === 0 ? find(event.target) : null;
    if (found !== null) act(found);
  });
}

const WHOLE = new Intl.NumberFormat("en");
const TENTHS = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

export function figure(count) {
  return WHOLE.format(count);
}

export function tenths(count) {
  return TENTHS.format(count);
}

export function counted(count, noun) {
  return `${figure(count)} ${noun}${count === 1 ? "" : "s"}`;
}

let serial = 0;
export function unique(name) {
  serial += 1;
  return `cnetkit-${name}-${serial}`;
}
