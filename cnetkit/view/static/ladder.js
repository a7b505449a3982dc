// The ladder of the current flow: a column for each interface, a row for each hop, the cursor as a line across.
// Only the visible rows are in the document, with the visible part of their text; the list beside it has the same as text.

import { draw, make, onpress, tenths } from "./dom.js";
import { shortened } from "./label.js";

const ROW = 24;
const HEAD = 44;
const TALL = 58; // if names are in two lines, every other one lower
const SNUG = 66; // pixels between two columns if text needs the room, and at least
const LEAST = 56;
const TIMES = 78;
const WORDS = 205; // pixels of words at least, and at most
const MANY = 420;
const LONGEST = 900;
const BESIDE = 28; // pixels from an arrow to words behind it, and before it
const BEFORE = 10;
const LETTER = 7.3;

export class Ladder {
  constructor(story, cursor) {
    Object.assign(this, { story, cursor });
    this.head = HEAD;
    this.heads = draw("svg", { class: "ck-heads", height: HEAD, "aria-hidden": "true" });
    this.rows = draw("svg", { class: "ck-rows", "aria-hidden": "true" });
    this.scroll = make("div", { class: "ck-scroll", tabindex: "0", role: "group", "aria-label": "Ladder of the current flow" }, this.heads, this.rows);
    this.element = make("section", { class: "ck-pane ck-ladder", "aria-label": "Ladder" }, this.scroll);
    this.scroll.addEventListener("scroll", () => this.scrolled(), { passive: true });
    onpress(this.rows, (target) => target.closest("[data-row]")?.dataset.row ?? null, (row) => this.cursor.select(this.hops[Number(row)]));
    this.flow = -1;
    // Sizes are cached: reading them while painting makes the browser lay out the page each time.
    Object.assign(this, { top: 0, left: 0, across: 700, high: 300 });
    this.seen = new ResizeObserver(() => this.resized());
    this.seen.observe(this.scroll);
  }

  resized() {
    this.across = this.scroll.clientWidth;
    this.high = this.scroll.clientHeight;
    if (this.flow < 0) return;
    this.laid();
    this.reveal();
    this.paint();
  }

  scrolled() {
    const { scrollTop: top, scrollLeft: left } = this.scroll;
    if (top === this.top && left === this.left) return;
    Object.assign(this, { top, left });
    this.paint();
  }

  show(story) {
    this.story = story;
    this.flow = -1;
    this.heads.replaceChildren();
    this.rows.replaceChildren();
    this.moved(true);
  }

  // Follows the cursor; with `anew` also if the list of hops has changed.
  moved(anew) {
    const { cursor, story } = this;
    if (cursor.hop < 0) {
      this.flow = -1;
      this.heads.replaceChildren();
      this.rows.replaceChildren();
      return;
    }
    const flow = story.flowOf(cursor.hop);
    if (anew) this.byFlow = null;
    if (anew || flow !== this.flow) {
      this.flow = flow;
      this.hops = this.hopsOf(flow);
      this.rowOf = new Map(this.hops.map((hop, row) => [hop, row]));
      this.laid();
    }
    this.reveal();
    this.paint();
  }

  hopsOf(flow) {
    if (!this.byFlow) {
      this.byFlow = this.story.scene.flows.map(() => []);
      for (const hop of this.cursor.listed) this.byFlow[this.story.flowOf(hop)].push(hop);
    }
    return this.byFlow[flow];
  }

  laid() {
    const { story } = this;
    const nodes = new Map();
    for (const hop of this.hops) {
      const at = story.hops.at[hop];
      const { node } = story.scene.interfaces[at];
      if (!nodes.has(node)) nodes.set(node, []);
      if (!nodes.get(node).includes(at)) nodes.get(node).push(at);
    }
    const columns = [...nodes.values()].flat();
    const many = Math.max(columns.length, 1);
    const room = this.across - TIMES - 10;
    const longest = this.hops.reduce((most, hop) => Math.max(most, this.said(hop)[1].length), 0) * LETTER + 12;
    const words = Math.max(WORDS, Math.min(MANY, longest, room - SNUG * many));
    this.gap = Math.max(LEAST, Math.min(170, (room - words) / many));
    const names = columns.map((at) => story.scene.interfaces[at].name.length * LETTER);
    this.head = this.gap < Math.max(...names) + LETTER ? TALL : HEAD;
    this.x = new Map(columns.map((at, place) => [at, TIMES + this.gap * (place + 0.5)]));
    this.words = TIMES + this.gap * columns.length + 8;
    // If the text column would be out of sight, the text is beside the arrows.
    this.beside = this.words + WORDS > this.across;
    this.width = Math.max(this.words + Math.max(WORDS, Math.min(longest, LONGEST)), this.across - 2);
    this.heads.setAttribute("width", this.width);
    this.heads.setAttribute("height", this.head);
    this.rows.setAttribute("width", this.width);
    this.rows.setAttribute("height", this.hops.length * ROW + 8);
    this.heads.replaceChildren(...this.headings(nodes));
  }

  headings(nodes) {
    const { story } = this;
    const bands = [];
    const found = [];
    let column = 0;
    const lines = this.head === TALL ? 2 : 1;
    for (const [node, places] of nodes) {
      const left = this.x.get(places[0]) - this.gap / 2 + 3;
      const width = places.length * this.gap - 6;
      bands.push(draw("rect", { class: "ck-band", x: left, y: 3, width, height: this.head - 6, rx: 6 }));
      found.push(text("ck-strong", left + width / 2, 18, named(story.scene.nodes[node].name, width), "middle"));
      for (const at of places) {
        const line = column++ % lines;
        const { name } = story.scene.interfaces[at];
        const half = (Math.min(name.length * LETTER, this.gap * lines - 3)) / 2;
        const x = 2 * half > width ? this.x.get(at) : Math.max(left + half, Math.min(left + width - half, this.x.get(at)));
        found.push(text("ck-soft", x, 35 + 14 * line, named(name, this.gap * lines - 3), "middle"));
      }
    }
    return [...bands, ...found];
  }

  reveal() {
    const row = this.rowOf.get(this.cursor.hop) * ROW;
    const room = this.high - this.head;
    const last = Math.max(0, this.hops.length * ROW + 8 - room);
    this.top = Math.min(this.top, last);
    if (row < this.top + ROW || row + 2 * ROW > this.top + room) this.top = Math.min(last, Math.max(0, Math.round(row - room / 2)));
    const x = this.x.get(this.story.hops.at[this.cursor.hop]);
    if (x < this.left + 20 || x > this.left + this.across - 20) this.left = Math.max(0, Math.round(x - this.across / 2));
    this.scroll.scrollTo(this.left, this.top);
  }

  paint() {
    if (this.flow < 0) return;
    const first = Math.max(0, Math.floor(this.top / ROW) - 3);
    const end = Math.min(this.hops.length, first + Math.ceil(this.high / ROW) + 6);
    const parts = [...this.x.values()].map((x) =>
      draw("line", { class: "ck-life", x1: x, x2: x, y1: first * ROW, y2: end * ROW }),
    );
    for (let row = first; row < end; row += 1) parts.push(this.row(row));
    this.rows.replaceChildren(...parts);
  }

  row(row) {
    const { story, cursor } = this;
    const hop = this.hops[row];
    const y = row * ROW + ROW / 2;
    const journey = story.journeyOf[hop];
    const changed = story.changed(hop);
    const here = hop === cursor.hop;
    const group = draw("g", { class: changed ? "ck-row ck-changed" : "ck-row", "data-row": row });
    group.append(draw("rect", { class: here ? "ck-cursor" : "ck-free", x: 1, y: row * ROW, width: this.width - 2, height: ROW, rx: 4 }));
    const since = story.since(hop);
    if (since !== null) group.append(text("ck-soft", TIMES - 6, y + 4, `+${tenths(since)} µs`, "end"));
    group.append(...this.arrow(hop, y));
    const [style, words] = this.said(hop);
    if (words) {
      const [at, room, anchor] = this.room(hop, words.length * LETTER);
      const shown = short(words, room);
      if (shown !== words) group.append(draw("title", {}, words));
      group.append(text(this.beside ? `${style} ck-beside` : style, at, y + 4, shown, anchor));
    }
    return group;
  }

  // The text beside a hop, and its style: the packet that begins, the changes, the outcome, or the tunnel.
  said(hop) {
    const { story } = this;
    const journey = story.journeyOf[hop];
    const changed = story.changed(hop);
    const words = [];
    if (story.hops.parent[hop] < 0) words.push(["ck-strong", `#${story.journeys.id[journey]} ${story.kind(journey)}`]);
    if (changed) words.push(["ck-change", `◆ ${changed}`]);
    if (hop === story.last(journey)) words.push([`ck-${story.outcome(journey)}`, story.ending(journey).split(": ")[0]]);
    if (!words.length && story.around(hop)) words.push(["ck-soft", `in ${story.around(hop)}`]);
    return [words.at(-1)?.[0] ?? "", words.map(([, said]) => said).join("  ")];
  }

  // The position and width of a hop's text, and its alignment: in the text column, or beside the arrow
  // if more of it is visible there.
  room(hop, wanted) {
    const edge = this.left + this.across - 4;
    if (!this.beside) return [this.words, edge - this.words, "start"];
    const begin = this.left + (this.left < TIMES ? TIMES - this.left : 4);
    const after = Math.max(begin, Math.max(...this.reach(hop)) + BESIDE);
    const before = Math.min(edge, Math.min(...this.reach(hop)) - BEFORE);
    const [left, right] = [before - begin, edge - after];
    return wanted <= right || left < right ? [after, right, "start"] : [before, left, "end"];
  }

  // The beginning of an arrow, if it has one, and its end.
  reach(hop) {
    const { at, parent } = this.story.hops;
    const ends = parent[hop] < 0 ? [hop] : [parent[hop], hop];
    return ends.map((one) => this.x.get(at[one])).filter((x) => x !== undefined);
  }

  arrow(hop, y) {
    const { story } = this;
    const ends = this.reach(hop);
    const to = ends.at(-1);
    const from = ends.length > 1 ? ends[0] : undefined;
    const wrapped = story.around(hop) ? "ck-way ck-wrapped" : "ck-way";
    if (from === undefined) return [draw("circle", { class: "ck-tipped", cx: to, cy: y, r: 4.5 })];
    if (from === to) {
      return [
        draw("path", { class: wrapped, d: `M${to} ${y - 7}h20v10h${-12}` }),
        draw("path", { class: "ck-tipped", d: `M${to + 1} ${y + 3}l8 -4v8z` }),
      ];
    }
    const side = to > from ? 1 : -1;
    return [
      draw("circle", { class: "ck-tipped", cx: from, cy: y, r: 2.2 }),
      draw("path", { class: wrapped, d: `M${from} ${y}H${to - 8 * side}` }),
      draw("path", { class: "ck-tipped", d: `M${to} ${y}l${-9 * side} -4.5v9z` }),
    ];
  }

  close() {
    this.seen.disconnect();
  }
}

function text(style, x, y, said, anchor = "start") {
  return draw("text", { class: style, x, y, "text-anchor": anchor }, said);
}

function named(said, room) {
  const letters = Math.max(3, Math.floor(room / LETTER));
  return said.length <= letters ? said : shortened(said, letters - 1);
}

function short(said, room) {
  const letters = Math.max(1, Math.floor(room / LETTER));
  return said.length <= letters ? said : `${said.slice(0, letters - 1)}…`;
}
