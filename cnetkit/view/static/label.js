// Text on the canvas: cut or wrapped to fit, and placed where it covers least.

const LINE = 18;
const WIDTHS = [300, 180, 94]; // pixels of a label at most, and where there is no room for that
const LINES = [3, 5, 6];
const STEP = 20; // pixels between the places that are tried in the whole pane
const NEAR = 16; // pixels between the packet and its label

// A label's lines, its size, and its place: as wide as it can be without covering more than a narrower one.
export function laid(context, text, point, frames, room) {
  const found = WIDTHS.map((widest, at) => {
    const lines = wrapped(context, text, Math.min(widest, room.width - 30), LINES[at]);
    const width = Math.max(...lines.map((line) => context.measureText(line).width)) + 16;
    const size = { width, height: lines.length * LINE + 4 };
    return { lines, ...size, ...placed(size, point, frames, room) };
  });
  return found.reduce((best, other) => (other.covered < best.covered ? other : best));
}

// The position for a label beside `point` that covers none of `frames`, as left and top relative to it: near it if there is room,
// else the nearest free place; where none is free, the one that covers least.
function placed(size, point, frames, room) {
  const { width, height } = size;
  const across = [NEAR, -NEAR - width, -width / 2];
  const aside = [-height / 2, -height, 0].flatMap((top) => across.slice(0, 2).map((left) => [left, top]));
  const above = [1, 2, 3, 4, 6].flatMap((far) => [-height - far * NEAR, far * NEAR]).flatMap((top) => across.map((left) => [left, top]));
  const near = cheapest(size, point, frames, room, [...aside, ...above]);
  if (!near.covered) return near;
  const anywhere = [];
  for (let left = 4; left + width <= room.width - 4; left += STEP) {
    for (let top = 4; top + height <= room.height - 4; top += STEP) anywhere.push([left - point.x, top - point.y]);
  }
  anywhere.sort((a, b) => distance(a, size) - distance(b, size));
  const far = cheapest(size, point, frames, room, anywhere);
  return far && far.covered < near.covered ? far : near;
}

function distance([left, top], { width, height }) {
  return Math.hypot(left + width / 2, 2 * (top + height / 2));
}

// The first place in this order that covers nothing, else the one that covers least.
function cheapest({ width, height }, point, frames, room, places) {
  let best = null;
  for (const [left, top] of places) {
    const box = { left: point.x + left, top: point.y + top, width, height };
    const seen = overlap(box, { left: 4, top: 4, width: room.width - 8, height: room.height - 8 });
    const covered = frames.reduce((sum, frame) => sum + overlap(box, frame), 0) + 3 * (width * height - seen);
    if (!best || covered < best.covered) best = { covered, left, top };
    if (covered < 1) return { ...best, covered: 0 };
  }
  return best;
}

export function written(context, lines, left, top) {
  lines.forEach((line, at) => context.fillText(line, left + 8, top + 2.5 + LINE * (at + 0.5)));
}

function overlap(a, b) {
  const across = Math.min(a.left + a.width, b.left + b.width) - Math.max(a.left, b.left);
  const down = Math.min(a.top + a.height, b.top + b.height) - Math.max(a.top, b.top);
  return across > 0 && down > 0 ? across * down : 0;
}

function wrapped(context, text, room, most) {
  const lines = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line ? `${line} ${word}` : word;
    if (!line || context.measureText(longer).width <= room) line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  lines.push(line);
  if (lines.length > most) lines.splice(most - 1, lines.length, lines.slice(most - 1).join(" "));
  return lines.map((one) => cut(context, one, room));
}

// Cut in the middle, because a name's end matters as much as its beginning.
export function cut(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  let kept = text.length - 1;
  while (kept > 2 && context.measureText(shortened(text, kept)).width > room) kept -= 1;
  return shortened(text, kept);
}

// `text` with so many letters kept and a … in their middle.
export function shortened(text, kept) {
  const end = Math.floor(kept / 2);
  return `${text.slice(0, kept - end)}…${text.slice(text.length - end)}`;
}
