// The path of a packet in the picture, from one interface to the next, as a line of points on the screen. Draws nothing.

const ROUND = 16; // points of a curve

// From the hop before to this one: straight along a link, through the bridge between two of its ports, and in a curve over
// interfaces in between. One point for a first hop; null if its interface is not in the picture.
export function way(graph, hop) {
  const { at, parent } = graph.story.hops;
  const there = graph.frame(at[hop]);
  if (!there) return null;
  const here = parent[hop] < 0 ? null : graph.frame(at[parent[hop]]);
  if (!here) return [above(there)];
  const level = Math.abs(here.y - there.y) < there.height;
  const apart = Math.abs(here.x - there.x);
  if (level && apart < 1) return [above(there)];
  const bridge = graph.between(at[parent[hop]], at[hop]);
  if (bridge) return [edge(here, bridge), { x: bridge.x, y: bridge.y + bridge.height / 2 + 3 }, edge(there, bridge)];
  if (level && apart > there.width * 1.7 && !graph.linked(at[hop], at[parent[hop]])) return bow(above(here), above(there), apart);
  return [edge(here, there), edge(there, here)];
}

// The part of the line already travelled: `share` of its length, at least its first point.
export function travelled(points, share) {
  const lengths = points.slice(1).map((point, at) => Math.hypot(point.x - points[at].x, point.y - points[at].y));
  let left = lengths.reduce((sum, one) => sum + one, 0) * share;
  const found = [points[0]];
  for (const [at, length] of lengths.entries()) {
    const part = length ? Math.min(1, left / length) : 1;
    const [from, to] = [points[at], points[at + 1]];
    found.push({ x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part });
    left -= length;
    if (left <= 0) break;
  }
  return found;
}

function above(frame) {
  return { x: frame.x, y: frame.y - frame.height / 2 };
}

function bow(from, to, apart) {
  const top = (from.y + to.y) / 2 - 2 * Math.min(Math.max(apart * 0.25, 24), 80);
  const middle = { x: (from.x + to.x) / 2, y: top };
  return Array.from({ length: ROUND + 1 }, (_, at) => {
    const share = at / ROUND;
    const on = (name) => (1 - share) ** 2 * from[name] + 2 * share * (1 - share) * middle[name] + share ** 2 * to[name];
    return { x: on("x"), y: on("y") };
  });
}

// Where the line from the centre of `frame` to that of `other` leaves it.
function edge(frame, other) {
  const across = other.x - frame.x;
  const down = other.y - frame.y;
  const share = Math.min(frame.width / 2 / Math.abs(across || 1e-9), frame.height / 2 / Math.abs(down || 1e-9), 0.5);
  return { x: frame.x + across * share, y: frame.y + down * share };
}
