// Text on the canvas: cut or wrapped to fit, and placed where it covers least.

const LINE = 18;
const WIDEST = 300;
const LINES = 3;
const NEAR = 16; // pixels between the packet and its label

// A label's lines and size.
export function laid(context, text, room) {
  const lines = wrapped(context, text, Math.min(WIDEST, room - 30));
  const width = Math.max(...lines.map((line) => context.measureText(line).width)) + 16;
  return { lines, width, height: lines.length * LINE + 4 };
}

// The position for a label beside `point` that covers as little as possible of `frames`, as left and top relative to it: the
// nearest position that covers nothing, if there is one.
export function placed({ width, height }, point, frames, room) {
  const across = [NEAR, -NEAR - width, -width / 2];
  const aside = [-height / 2, -height, 0].flatMap((top) => across.slice(0, 2).map((left) => [left, top]));
  const steps = [1, 2, 3, 4, 6].map((step) => step * NEAR);
  const sides = [...aside, ...steps.flatMap((far) => [-height - far, far]).flatMap((top) => across.map((left) => [left, top]))];
  const reach = { left: point.x - width - NEAR, top: point.y - height - steps.at(-1), width: 2 * (width + NEAR), height: 2 * (height + steps.at(-1)) };
  const near = frames.filter((frame) => overlap(reach, frame));
  let best = null;
  for (const [order, [left, top]] of sides.entries()) {
    const box = { left: point.x + left, top: point.y + top, width, height };
    const seen = overlap(box, { left: 4, top: 4, width: room.width - 8, height: room.height - 8 });
    const covered = near.reduce((sum, frame) => sum + overlap(box, frame), 0);
    const cost = covered + 3 * (width * height - seen) + 4 * order;
    if (!best || cost < best.cost) best = { cost, left, top };
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

function wrapped(context, text, room) {
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
  if (lines.length > LINES) lines.splice(LINES - 1, lines.length, lines.slice(LINES - 1).join(" "));
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
