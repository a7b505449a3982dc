// The network drawn by vis-network, boxes around a host's parts, and on a canvas above it the moving packet.
// vis-network redraws only when the network or the view changes; a moving packet costs one small canvas.

import { make } from "./dom.js";
import { box, icon } from "./kinds.js";
import { cut } from "./label.js";
import { Packets } from "./packets.js";

const ZOOM = 1.25;
const MARGIN = 14; // pixels around the whole network
const LARGEST = 1.3; // times its natural size
const LEGIBLE = 11; // pixels of a node's name on the screen, at least
const SMALL = 8; // and where there is no room for that
const BOUND = 6; // pixels by which vis-network's bounding box is larger than a frame, on each side
const LETTERS = 6; // a name with room for fewer letters is left out

export class Graph {
  constructor(vis, root, story, cursor) {
    Object.assign(this, { vis, root, story, cursor });
    this.stage = make("div", { class: "ck-stage" });
    this.above = make("canvas", { class: "ck-above", "aria-hidden": "true" });
    this.tip = make("p", { class: "ck-tip", hidden: true });
    this.none = make("p", { class: "ck-none", hidden: true });
    this.element = make(
      "section",
      { class: "ck-pane ck-graph", tabindex: "0", "aria-label": "Network", onkeydown: (event) => this.key(event) },
      this.stage, this.above, this.none, this.tip,
    );
    this.element.addEventListener("focusin", () => this.zooms(true));
    this.element.addEventListener("focusout", () => this.zooms(false));
    this.stage.addEventListener("pointerdown", () => this.element.focus({ preventScroll: true }));
    this.packets = new Packets(this);
    this.rates = new Map();
    this.room = 0;
    this.seen = new ResizeObserver(() => this.resized());
    this.seen.observe(this.element);
  }

  show(story) {
    this.story = story;
    const { graph } = story.scene;
    this.none.textContent = missing(story);
    this.none.hidden = !this.none.textContent;
    this.wires = new Set(graph.edges.filter(({ smooth }) => !smooth).flatMap(({ from, to }) => [`${from} ${to}`, `${to} ${from}`]));
    this.masters = mastered(story.scene.interfaces);
    if (this.network) {
      const before = this.extent;
      this.repaint();
      if (before !== this.measured()) this.fit();
    } else {
      this.network = new this.vis.Network(this.stage, this.dressedAll(), graph.options);
      this.stage.firstElementChild?.setAttribute("tabindex", "-1"); // the pane around it takes the focus, and shows it
      this.network.on("beforeDrawing", (context) => this.boxes(context));
      this.network.on("afterDrawing", (context) => this.names(context));
      this.network.on("afterDrawing", () => this.packets.draw());
      this.network.on("click", (event) => this.clicked(event));
      this.network.on("hoverNode", (event) => this.told(event.node));
      this.network.on("blurNode", () => this.told(-1));
      this.fit();
    }
    this.extent = this.measured();
  }

  linked(a, b) {
    return this.wires.has(`${a} ${b}`);
  }

  // The frame of the bridge through which a packet goes from port `a` to port `b`, if there is one.
  between(a, b) {
    const bridge = this.masters[a];
    return bridge >= 0 && bridge === this.masters[b] ? this.frame(bridge) : null;
  }

  // What a label should not cover, on the screen: interfaces, and the names of nodes.
  covered() {
    const { interfaces, graph } = this.story.scene;
    const around = 2 * BOUND * this.network.getScale();
    const frames = interfaces.map((_, at) => this.frame(at)).filter(Boolean);
    const names = graph.boxes.map(([, x, y, width, height, depth]) => {
      const from = this.network.canvasToDOM({ x, y: depth ? y + height - 26 : y + 3 });
      const to = this.network.canvasToDOM({ x: x + Math.min(width, 150), y: depth ? y + height : y + 26 });
      return { left: from.x, top: from.y, width: to.x - from.x, height: to.y - from.y };
    });
    const drawn = frames.map(({ x, y, width, height }) => ({ x, y, width: width - around, height: height - around }));
    return [...drawn.map(({ x, y, width, height }) => ({ left: x - width / 2, top: y - height / 2, width, height })), ...names];
  }

  // Packets per second at each interface with traffic.
  rate(rates) {
    this.rates = rates;
    this.packets.draw();
  }

  // The width and height of the network at its natural size.
  get size() {
    const { boxes } = this.story.scene.graph;
    const ends = (from, size) => Math.max(...boxes.map((box) => box[from] + box[size])) - Math.min(...boxes.map((box) => box[from]));
    return boxes.length ? { width: ends(1, 3), height: ends(2, 4) } : { width: 1, height: 1 };
  }

  // The pixels that it takes at most.
  get tall() {
    return Math.round(this.size.height * LARGEST + 2 * MARGIN);
  }

  measured() {
    return JSON.stringify(this.story.scene.graph.boxes);
  }

  // The page's current colours: a canvas has no style sheet.
  paint() {
    const style = getComputedStyle(this.root);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    this.colours = Object.fromEntries(
      ["bg", "ink", "soft", "line", "band", "go", "change", "bad", "good", "tunnel"].map((name) => [name, colour(name)]),
    );
  }

  // Restores the same part of the network at once: vis-network forgets its position, and until it has drawn, its
  // coordinates are wrong.
  repaint() {
    if (!this.network) return;
    const view = { position: this.network.getViewPosition(), scale: this.network.getScale() };
    this.network.setData(this.dressedAll());
    this.network.moveTo(view);
    this.network.redraw();
  }

  dressedAll() {
    this.paint();
    const { nodes, edges } = this.story.scene.graph;
    return { nodes: new this.vis.DataSet(nodes.map((node) => this.dressed(node))), edges: new this.vis.DataSet(edges.map((edge) => this.lined(edge))) };
  }

  dressed(node) {
    const { bg, band, ink, go, soft, bad, tunnel } = this.colours;
    const down = Boolean(node.shapeProperties?.borderDashes);
    const border = down ? bad : { bridge: go, tunnel }[node.group] ?? soft;
    const colour = { background: node.group === "bridge" ? band : bg, border };
    const { group, ...rest } = node;
    return {
      ...rest,
      borderWidth: node.group === "bridge" ? 2.5 : 1.5,
      color: { ...colour, highlight: colour, hover: { ...colour, border: go } },
      font: { color: down ? bad : ink },
    };
  }

  lined(edge) {
    const { line, tunnel, soft } = this.colours;
    const colour = { tunnel, bridge: line, seen: line }[edge.kind] ?? soft;
    const { kind, ...rest } = edge;
    return { ...rest, color: { color: colour, highlight: colour, hover: colour }, width: kind === "tunnel" ? 3 : 2 };
  }

  boxes(context) {
    const { nodes, graph } = this.story.scene;
    const { band, bg, line } = this.colours;
    for (const [node, x, y, width, height, depth] of graph.boxes) {
      box(context, nodes[node].kind, x, y, width, height);
      context.fillStyle = depth ? bg : band;
      context.globalAlpha = depth ? 0.75 : 0.45;
      context.fill();
      context.globalAlpha = 1;
      context.lineWidth = 1.2;
      context.strokeStyle = line;
      context.stroke();
    }
    this.pipes(context);
  }

  // Tunnels, along the links that carry them.
  pipes(context) {
    const { graph } = this.story.scene;
    const drawn = new Set();
    context.save();
    context.strokeStyle = this.colours.tunnel;
    context.lineCap = "round";
    for (const pipe of graph.pipes ?? []) {
      pipe.slice(1).forEach((to, at) => {
        const [low, high] = [pipe[at], to].sort((a, b) => a - b);
        if (drawn.has(`${low} ${high}`)) return;
        drawn.add(`${low} ${high}`);
        const [from, end] = [graph.nodes[low], graph.nodes[high]];
        context.beginPath();
        context.moveTo(from.x, from.y);
        context.lineTo(end.x, end.y);
        context.globalAlpha = 0.16;
        context.lineWidth = 16;
        context.setLineDash([]);
        context.stroke();
        context.globalAlpha = 0.8;
        context.lineWidth = 2;
        context.setLineDash([2, 7]);
        context.stroke();
      });
    }
    context.restore();
  }

  // Above everything else in the picture, so that no link or tunnel crosses a name.
  names(context) {
    const { nodes, graph } = this.story.scene;
    const { bg, ink, soft } = this.colours;
    const usual = Math.max(14, LEGIBLE / this.network.getScale());
    const least = SMALL / this.network.getScale();
    context.save();
    context.textBaseline = "middle";
    context.lineJoin = "round";
    context.strokeStyle = bg;
    context.lineWidth = usual / 4;
    const write = (said, left, base, colour) => {
      context.strokeText(said, left, base);
      context.fillStyle = colour;
      context.fillText(said, left, base);
    };
    for (const [node, x, y, width, height, depth] of graph.boxes) {
      const { name, kind } = nodes[node];
      context.font = `600 ${usual}px system-ui, sans-serif`;
      const needed = (context.measureText(name).width + usual) / (width - 24);
      const size = needed > 1 && usual / needed >= least ? (0.97 * usual) / needed : usual;
      context.font = `600 ${size}px system-ui, sans-serif`;
      const written = cut(context, name, width - 24 - size);
      if (written !== name && written.length < LETTERS) continue;
      const base = depth ? y + height - 13 : y + 15;
      const left = x + 15 + size;
      const after = left + context.measureText(written).width + size / 2;
      icon(context, kind, x + 10, base - size / 2, size, soft);
      write(written, left, base, ink);
      context.font = `${size - 2}px system-ui, sans-serif`;
      if (after + context.measureText(kind).width + 10 < x + width) write(kind, after, base, soft);
    }
    context.restore();
  }

  clicked(event) {
    const [at] = event.nodes;
    if (at === undefined) return;
    this.told(at);
    // The next hop here of what is stepped through, else of anything that is listed.
    const { steps, listed, at: now } = this.cursor;
    const turned = [...steps.subarray(now + 1), ...steps.subarray(0, now + 1), ...listed];
    const hop = turned.find((one) => this.story.hops.at[one] === at);
    if (hop !== undefined) this.cursor.select(hop);
  }

  told(at) {
    this.tip.hidden = at < 0;
    if (at >= 0) this.tip.textContent = described(this.story, at);
  }

  // An interface's frame on the screen, with the space around it in which a packet stands.
  frame(at) {
    if (at < 0 || !this.story.scene.graph.nodes[at]) return null;
    const { left, top, right, bottom } = this.network.getBoundingBox(at);
    const from = this.network.canvasToDOM({ x: left, y: top });
    const to = this.network.canvasToDOM({ x: right, y: bottom });
    return { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2, width: to.x - from.x, height: to.y - from.y };
  }

  key(event) {
    const moves = { "+": ZOOM, "=": ZOOM, "-": 1 / ZOOM };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (moves[event.key]) this.network?.moveTo({ scale: this.network.getScale() * moves[event.key] });
    else if (event.key === "0") this.fit();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // The wheel scrolls the page until the network has the focus.
  zooms(on) {
    this.network?.setOptions({ interaction: { zoomView: on } });
  }

  // The whole network with its boxes, as large as possible.
  fit() {
    const { boxes } = this.story.scene.graph;
    const { clientWidth: width, clientHeight: height } = this.stage;
    if (!this.network || !boxes.length || !width || !height) return;
    const left = Math.min(...boxes.map((box) => box[1]));
    const top = Math.min(...boxes.map((box) => box[2]));
    const right = Math.max(...boxes.map((box) => box[1] + box[3]));
    const bottom = Math.max(...boxes.map((box) => box[2] + box[4]));
    const scale = Math.min((width - 2 * MARGIN) / (right - left), (height - 2 * MARGIN) / (bottom - top), LARGEST);
    this.network.moveTo({ position: { x: (left + right) / 2, y: (top + bottom) / 2 }, scale });
  }

  resized() {
    const { clientWidth: width, clientHeight: height } = this.stage;
    const ratio = window.devicePixelRatio || 1;
    this.room = width;
    Object.assign(this.above, { width: width * ratio, height: height * ratio });
    if (!this.network || !width) return;
    this.network.setSize(`${width}px`, `${height}px`);
    this.repaint();
    this.fit();
  }

  moved() {
    this.packets.draw();
  }

  close() {
    this.seen.disconnect();
    this.network?.destroy();
  }
}

function missing({ count, hops, scene }) {
  const built = scene.graph.boxes.length > 0;
  if (!hops.frame) return built ? "" : "Nothing is built yet.";
  if (count) return "";
  return built ? "No packets to show." : "No network and no packets to show.";
}

// For each port the index of its bridge, else -1.
function mastered(interfaces) {
  const places = new Map(interfaces.map((one, at) => [`${one.node} ${one.name}`, at]));
  return interfaces.map((one) => (one.master ? (places.get(`${one.node} ${one.master}`) ?? -1) : -1));
}

export function described(story, at) {
  const one = story.scene.interfaces[at];
  const parts = [story.place(at)];
  if (one.kind) {
    parts.push(one.kind, one.up ? "up" : "down", one.addresses.join(", ") || "no address");
    parts.push(`MTU ${one.mtu}`, one.mac, one.master && `port of ${one.master}`);
    for (const [name, value] of Object.entries(one.details)) parts.push(`${name} ${value}`);
  }
  return parts.filter(Boolean).join(" · ");
}
