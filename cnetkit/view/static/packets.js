// The current packet on the canvas above the network: its trail, where it is now, its tunnel around it, and its end.

import { figure } from "./dom.js";

export class Packets {
  constructor(graph) {
    this.graph = graph;
  }

  draw() {
    const { above, cursor, story, network } = this.graph;
    const context = above.getContext("2d");
    const ratio = window.devicePixelRatio || 1;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, above.width, above.height);
    if (!network) return;
    this.context = context;
    this.size = Math.min(Math.max(network.getScale(), 0.75), 1.25);
    this.counts();
    if (cursor.hop < 0) return;
    const journey = story.journeyOf[cursor.hop];
    const [first] = story.span(journey);
    const now = cursor.step[cursor.hop];
    for (let hop = first; hop < this.end(journey); hop += 1) {
      if (cursor.step[hop] >= 0 && cursor.step[hop] < now) this.trail(hop, 1);
    }
    const progress = ease(Math.min(cursor.progress, 1));
    this.forks(cursor.hop, progress);
    this.trail(cursor.hop, progress);
    this.packet(cursor.hop, progress, journey);
  }

  // In a network that is looked at while it runs: how many packets pass an interface a second.
  counts() {
    const { context } = this;
    const { colours, rates } = this.graph;
    context.font = "600 12px system-ui, sans-serif";
    context.textBaseline = "middle";
    for (const [at, rate] of rates) {
      const frame = this.graph.frame(at);
      if (!frame) continue;
      const said = `⇅ ${figure(Math.round(rate))}/s`;
      const width = context.measureText(said).width + 12;
      const left = frame.x - width / 2;
      const top = frame.y - frame.height / 2 - 11;
      context.beginPath();
      context.roundRect(left, top, width, 20, 10);
      context.fillStyle = colours.go;
      context.fill();
      context.fillStyle = colours.bg;
      context.fillText(said, left + 6, top + 10.5);
    }
  }

  end(journey) {
    return this.graph.story.span(journey)[1];
  }

  // Where a packet is on its way from one interface's edge to the next one's; over what stands between them, in a bow.
  point(hop, progress) {
    const { story } = this.graph;
    const parent = story.hops.parent[hop];
    const there = this.graph.frame(story.hops.at[hop]);
    if (!there) return null;
    const here = parent < 0 ? null : this.graph.frame(story.hops.at[parent]);
    const above = (frame) => ({ x: frame.x, y: frame.y - frame.height / 2 });
    const apart = here ? Math.abs(here.x - there.x) : 0;
    const level = Boolean(here) && Math.abs(here.y - there.y) < there.height;
    const same = !here || (level && apart < 1);
    const bowed = level && apart > there.width * 1.7 && !this.graph.linked(story.hops.at[hop], story.hops.at[parent]);
    const from = same ? above(there) : bowed ? above(here) : edge(here, there);
    const to = same || bowed ? above(there) : edge(there, here);
    const rise = bowed ? Math.min(Math.max(apart * 0.25, 24), 80) * 2 : 0;
    const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 - rise };
    const at = (name) => (1 - progress) ** 2 * from[name] + 2 * progress * (1 - progress) * middle[name] + progress ** 2 * to[name];
    const half = { x: from.x + (middle.x - from.x) * progress, y: from.y + (middle.y - from.y) * progress };
    const side = Math.abs(to.y - there.y) < there.height / 2 - 1;
    return { from, half, side, below: to.y > there.y + 2, x: at("x"), y: at("y") };
  }

  trail(hop, progress) {
    const { context } = this;
    const { colours, story } = this.graph;
    const point = this.point(hop, progress);
    if (!point) return;
    context.save();
    context.globalAlpha = 0.85;
    context.strokeStyle = story.changed(hop) ? colours.change : colours.go;
    context.lineWidth = 3.5 * this.size;
    context.lineCap = "round";
    if (story.around(hop)) context.setLineDash([2, 7]);
    context.beginPath();
    context.moveTo(point.from.x, point.from.y);
    context.quadraticCurveTo(point.half.x, point.half.y, point.x, point.y);
    context.stroke();
    context.restore();
    if (progress === 1) this.dot(point.x, point.y, 3.5 * this.size, colours.go);
  }

  // Copies that go other ways from the same place, in a flood.
  forks(hop, progress) {
    const { story, colours } = this.graph;
    const parent = story.hops.parent[hop];
    if (parent < 0) return;
    for (const other of story.children[parent]) {
      if (other === hop) continue;
      const point = this.point(other, progress);
      if (point) this.ring(point.x, point.y, 6 * this.size, colours.go);
    }
  }

  packet(hop, progress, journey) {
    const { story, colours } = this.graph;
    const point = this.point(hop, progress);
    if (!point) return;
    const colour = story.changed(hop) ? colours.change : colours.go;
    const around = story.around(hop);
    if (around) this.envelope(point, colour);
    else this.dot(point.x, point.y, 8.5 * this.size, colour, colours.bg);
    let label = around ? `${story.kind(journey)} in ${around.split(" from ")[0]}` : story.kind(journey);
    let tone = colour;
    if (progress >= 1 && hop === story.last(journey)) {
      const kind = story.outcome(journey);
      tone = kind === "delivered" || kind === "consumed" ? colours.good : colours.bad;
      const reason = story.word(story.journeys.reason[journey]);
      label = `${story.mark(journey)} ${kind}${reason ? `: ${reason}` : ""}`;
      if (tone === colours.bad) this.cross(point, tone);
    }
    this.label(point, label, tone);
  }

  dot(x, y, radius, fill, line) {
    const { context } = this;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fillStyle = fill;
    context.fill();
    if (!line) return;
    context.lineWidth = 2;
    context.strokeStyle = line;
    context.stroke();
  }

  ring(x, y, radius, line) {
    const { context } = this;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.lineWidth = 2.5;
    context.strokeStyle = line;
    context.stroke();
  }

  // A packet in a tunnel: a dot inside another packet's frame.
  envelope({ x, y }, colour) {
    const { context } = this;
    const { colours } = this.graph;
    const half = 13 * this.size;
    context.beginPath();
    context.roundRect(x - half, y - half * 0.75, 2 * half, 1.5 * half, 5);
    context.fillStyle = colours.bg;
    context.fill();
    context.lineWidth = 3;
    context.strokeStyle = colours.tunnel;
    context.stroke();
    this.dot(x, y, 6 * this.size, colour);
  }

  cross({ x, y }, colour) {
    const { context } = this;
    const arm = 13 * this.size;
    context.lineWidth = 4;
    context.lineCap = "round";
    context.strokeStyle = colour;
    context.beginPath();
    context.moveTo(x - arm, y - arm);
    context.lineTo(x + arm, y + arm);
    context.moveTo(x + arm, y - arm);
    context.lineTo(x - arm, y + arm);
    context.stroke();
  }

  label({ x, y, below, side }, text, colour) {
    const { context } = this;
    const { colours, room } = this.graph;
    context.font = "600 13px system-ui, sans-serif";
    context.textBaseline = "middle";
    const said = cut(context, text, Math.min(340, room - 30));
    const width = context.measureText(said).width + 16;
    // Beside the dot, in the gap between two rows of interfaces; above, where the packet came in from the side.
    const beside = side ? x - width / 2 : x + 13 * this.size;
    const left = Math.max(4, Math.min(room - width - 4, beside));
    const over = side ? y - 20 - 24 * this.size : y - 26;
    const top = below || over < 4 ? y + (side ? 20 : 4) : over;
    context.beginPath();
    context.roundRect(left, top, width, 22, 6);
    context.fillStyle = colours.bg;
    context.fill();
    context.lineWidth = 1.5;
    context.strokeStyle = colour;
    context.stroke();
    context.fillStyle = colour;
    context.fillText(said, left + 8, top + 11.5);
  }
}

function ease(share) {
  return share < 0.5 ? 2 * share * share : 1 - (-2 * share + 2) ** 2 / 2;
}

export function cut(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  let kept = text;
  while (kept.length > 1 && context.measureText(`${kept}…`).width > room) kept = kept.slice(0, -1);
  return `${kept}…`;
}

// Where the line from the middle of `frame` to that of `other` leaves it.
function edge(frame, other) {
  const across = other.x - frame.x;
  const down = other.y - frame.y;
  const share = Math.min(frame.width / 2 / Math.abs(across || 1e-9), frame.height / 2 / Math.abs(down || 1e-9), 0.5);
  return { x: frame.x + across * share, y: frame.y + down * share };
}
