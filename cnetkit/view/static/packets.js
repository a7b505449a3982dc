// The current packet on the canvas above the network: its trail, where it is now, its tunnel around it, and its end.

import { figure } from "./dom.js";
import { laid, written } from "./label.js";
import { travelled, way } from "./way.js";

const SMALL = 0.5; // a scale below which names in the picture are too small to read

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

  // In a network that is watched live: packets per second at each interface.
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

  trail(hop, progress, style = {}) {
    const { context } = this;
    const { colours, story } = this.graph;
    const line = this.line(hop, progress);
    if (!line) return null;
    const end = line.at(-1);
    context.save();
    context.globalAlpha = 0.85;
    context.strokeStyle = story.changed(hop) ? colours.change : colours.go;
    context.lineWidth = (style.width ?? 3.5) * this.size;
    context.lineCap = context.lineJoin = "round";
    if (story.around(hop)) context.setLineDash([2, 7]);
    context.beginPath();
    for (const { x, y } of line) context.lineTo(x, y);
    context.stroke();
    context.restore();
    if (progress === 1 && !style.bare) this.dot(end.x, end.y, 3.5 * this.size, colours.go);
    return end;
  }

  line(hop, progress) {
    const points = way(this.graph, hop);
    return points && travelled(points, progress);
  }

  // Copies that go other ways from the same place, in a flood.
  forks(hop, progress) {
    const { story, colours } = this.graph;
    const parent = story.hops.parent[hop];
    if (parent < 0) return;
    for (const other of story.children[parent]) {
      const end = other === hop ? null : this.trail(other, progress, { width: 1.5, bare: true });
      if (end) this.ring(end.x, end.y, 6 * this.size, colours.go);
    }
  }

  packet(hop, progress, journey) {
    const { story, colours } = this.graph;
    const point = this.line(hop, progress)?.at(-1);
    if (!point) return;
    const colour = story.changed(hop) ? colours.change : colours.go;
    const around = story.around(hop);
    if (around) this.envelope(point, colour);
    else this.dot(point.x, point.y, 8.5 * this.size, colour, colours.bg);
    let label = around ? `${story.kind(journey)} in ${around.split(" from ")[0]}` : story.kind(journey);
    const changed = around ? "" : story.changed(hop);
    if (changed) label = `${label} ◆ ${changed}`;
    let tone = colour;
    if (progress >= 1 && hop === story.last(journey)) {
      const kind = story.outcome(journey);
      tone = kind === "delivered" || kind === "consumed" ? colours.good : kind === "arrived" || kind === "left" ? colour : colours.bad;
      const reason = story.word(story.journeys.reason[journey]);
      label = `${story.mark(journey)} ${kind}${reason ? `: ${reason}` : ""}`;
      if (tone === colours.bad) this.cross(point, tone);
    }
    if (this.graph.network.getScale() < SMALL) label = `${label} · ${story.place(story.hops.at[hop])}`;
    this.label(hop, point, label, tone);
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

  // Beside the place where the packet arrives, with a line to where it is now.
  label(hop, point, text, colour) {
    const { context } = this;
    const { colours, stage } = this.graph;
    const room = { width: this.graph.room, height: stage.clientHeight };
    context.font = "600 13px system-ui, sans-serif";
    context.textBaseline = "middle";
    const end = this.line(hop, 1).at(-1);
    const key = [hop, text, end.x, end.y, room.width, room.height].join(" ");
    if (this.placed?.key !== key) this.placed = { key, ...laid(context, text, end, this.graph.covered(), room) };
    const label = this.placed;
    const left = Math.max(4, Math.min(room.width - label.width - 4, end.x + label.left));
    const top = Math.max(4, Math.min(room.height - label.height - 4, end.y + label.top));
    context.strokeStyle = colour;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(point.x, point.y);
    context.lineTo(left + label.width / 2, top + label.height / 2);
    context.stroke();
    context.lineWidth = 1.5;
    context.beginPath();
    context.roundRect(left, top, label.width, label.height, 6);
    context.fillStyle = colours.bg;
    context.fill();
    context.stroke();
    context.fillStyle = colour;
    written(context, label.lines, left, top);
  }
}

function ease(share) {
  return share < 0.5 ? 2 * share * share : 1 - (-2 * share + 2) ** 2 / 2;
}
