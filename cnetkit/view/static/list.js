// Flows, their packets and their hops as a tree in text: the content of the picture for the keyboard and for screen readers.
// Only the visible rows are in the document; each contains the number of its siblings.

import { counted, figure, make, onpress, unique } from "./dom.js";
import { ARROWS } from "./story.js";

const ROW = 26;
const FOLD = "fold:"; // before the key of a row whose sign was pressed
const SERVING = "serving"; // the key of the row above the flows that only serve the network

export class List {
  constructor(story, cursor) {
    Object.assign(this, { story, cursor });
    this.name = unique("row");
    this.opened = new Set();
    this.space = make("div", { class: "ck-space", role: "presentation" });
    this.tree = make(
      "div",
      { class: "ck-scroll ck-tree", role: "tree", tabindex: "0", "aria-label": "Flows, packets and hops", onkeydown: (event) => this.key(event) },
      this.space,
    );
    onpress(this.tree, pressed, (found) => this.choose(this.place.get(found.replace(FOLD, "")), found.startsWith(FOLD) || found === SERVING));
    this.none = make("p", { class: "ck-none", hidden: true });
    this.element = make("section", { class: "ck-pane ck-list", "aria-label": "Journeys" }, this.none, this.tree);
    this.tree.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.active = "";
    Object.assign(this, { top: 0, high: 400 }); // cached, not read while painting
    this.seen = new ResizeObserver(() => this.resized());
    this.seen.observe(this.tree);
  }

  resized() {
    this.high = this.tree.clientHeight || 400;
    this.paint();
  }

  scrolled() {
    const top = this.tree.scrollTop;
    if (top === this.top) return;
    this.top = top;
    this.paint();
  }

  show(story) {
    this.story = story;
    this.active = "";
    this.opened.clear();
    this.moved(true);
  }

  moved(anew) {
    const { cursor, story } = this;
    const hop = cursor.hop;
    const journey = hop < 0 ? -1 : story.journeyOf[hop];
    if (anew) {
      this.within = story.ofFlow.map((journeys) => journeys.filter((one) => cursor.lists(one)));
    }
    if (anew || journey !== this.journey) {
      this.journey = journey;
      this.flow = hop < 0 ? -1 : story.flowOf(hop);
      this.flatten();
    }
    const wanted = `h${hop}`;
    if (!this.kept || this.kept !== hop) this.active = hop < 0 ? "" : wanted;
    this.kept = undefined;
    this.reveal();
    this.paint();
  }

  // The rows in their order: those of the current flow and packet, and of nodes that were opened by hand. Flows that only serve
  // the network are folded away together, unless there are no others.
  flatten() {
    const { story } = this;
    const rows = [];
    const listed = this.within.map((_, flow) => flow).filter((flow) => this.within[flow].length);
    const serving = listed.filter((flow) => story.scene.flows[flow].housekeeping);
    const others = listed.filter((flow) => !story.scene.flows[flow].housekeeping);
    const whole = others.length ? others : serving;
    const folded = others.length && serving.length ? 1 : 0;
    whole.forEach((flow, place) => this.add(rows, flow, 1, place, whole.length + folded));
    if (folded) {
      const open = serving.includes(this.flow) || this.opened.has(SERVING);
      const packets = serving.reduce((sum, flow) => sum + this.within[flow].length, 0);
      rows.push({ key: SERVING, level: 0, depth: 1, open, packets, set: whole.length + 1, place: whole.length });
      if (open) serving.forEach((flow, place) => this.add(rows, flow, 2, place, serving.length));
    }
    this.rows = rows;
    this.place = new Map(rows.map((row, at) => [row.key, at]));
    this.space.style.height = `${rows.length * ROW}px`;
    this.tree.hidden = !rows.length;
    this.none.hidden = Boolean(rows.length);
    this.none.textContent = story.count ? "Nothing fits the filter." : "No packets here.";
  }

  // The row of a flow, and below it those of its packets and hops that are unfolded.
  add(rows, flow, depth, place, set) {
    const { story } = this;
    const shown = this.within[flow];
    const open = flow === this.flow || this.opened.has(`f${flow}`);
    rows.push({ key: `f${flow}`, level: 1, depth, flow, open, among: shown.length, set, place });
    if (!open) return;
    shown.forEach((journey, nth) => {
      const [first, end] = story.span(journey);
      const unfolded = journey === this.journey || this.opened.has(`j${journey}`);
      rows.push({ key: `j${journey}`, level: 2, depth: depth + 1, journey, open: unfolded, set: shown.length, place: nth });
      if (!unfolded) return;
      for (let hop = first; hop < end; hop += 1) rows.push({ key: `h${hop}`, level: 3, depth: depth + 2, hop, set: end - first, place: hop - first });
    });
  }

  reveal() {
    const at = this.place.get(this.active);
    if (at === undefined) return;
    const last = Math.max(0, this.rows.length * ROW - this.high);
    this.top = Math.min(this.top, last);
    if (at * ROW < this.top + ROW || (at + 2) * ROW > this.top + this.high) {
      this.top = Math.min(last, Math.max(0, Math.round(at * ROW - this.high / 2)));
    }
    this.tree.scrollTop = this.top;
  }

  paint() {
    if (!this.rows) return;
    const first = Math.max(0, Math.floor(this.top / ROW) - 2);
    const end = Math.min(this.rows.length, first + Math.ceil(this.high / ROW) + 4);
    const shown = [];
    for (let at = first; at < end; at += 1) shown.push(this.row(this.rows[at], at));
    const place = this.place.get(this.active);
    if (place !== undefined && (place < first || place >= end)) shown.push(this.row(this.rows[place], place));
    this.space.replaceChildren(...shown);
    if (place === undefined) this.tree.removeAttribute("aria-activedescendant");
    else this.tree.setAttribute("aria-activedescendant", `${this.name}-${this.active}`);
  }

  row(row, at) {
    const active = row.key === this.active;
    const element = make(
      "div",
      {
        id: `${this.name}-${row.key}`, class: `ck-item ck-level${row.level}${active ? " ck-active" : ""}`, role: "treeitem", "data-key": row.key,
        "aria-level": row.depth, "aria-setsize": row.set, "aria-posinset": row.place + 1, "aria-selected": String(active),
        "aria-expanded": row.level < 3 ? String(row.open) : null,
      },
      ...this.words(row),
    );
    element.style.top = `${at * ROW}px`;
    return element;
  }

  words(row) {
    const { story } = this;
    if (row.level === 0) return [fold(row.open), part("ck-grow ck-soft", "housekeeping: address resolution and the like"), part("ck-soft", counted(row.packets, "packet"))];
    if (row.level === 1) {
      const flow = story.scene.flows[row.flow];
      const more = flow.of > row.among ? ` of ${figure(flow.of)}` : "";
      return [fold(row.open), part("ck-strong ck-grow", flow.title), part("ck-soft", `${figure(row.among)}${more} ${flow.of === 1 ? "packet" : "packets"}`)];
    }
    if (row.level === 2) {
      const outcome = story.outcome(row.journey);
      return [
        fold(row.open), part("ck-soft", `#${story.journeys.id[row.journey]}`), part("ck-strong", story.kind(row.journey)),
        part("ck-grow", story.ends(row.journey)), part(`ck-${outcome}`, `${story.mark(row.journey)} ${outcome}`),
      ];
    }
    const changed = story.changed(row.hop);
    const around = story.around(row.hop);
    return [
      part("ck-number", String(row.place + 1)), place(story.place(story.hops.at[row.hop])), part("ck-soft", ARROWS[story.hops.direction[row.hop]]),
      part("ck-grow ck-change", changed ? `◆ ${changed}` : ""), around && part("ck-wrapping", around.split(" from ")[0]),
    ].filter(Boolean);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = this.place.get(this.active) ?? 0;
    const page = Math.max(1, Math.floor(this.high / ROW) - 1);
    const ways = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: this.rows.length - 1, PageDown: at + page, PageUp: at - page };
    if (event.key in ways) this.choose(Math.max(0, Math.min(this.rows.length - 1, ways[event.key])));
    else if (event.key === "ArrowRight") this.unfold(at, true);
    else if (event.key === "ArrowLeft") this.unfold(at, false);
    else if (event.key === "Enter") this.choose(at, true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // Makes a row the active one; the cursor goes to its hop, or to the first hop in it.
  choose(at, toggle = false) {
    const row = this.rows[at];
    if (!row) return;
    if (toggle && row.level < 3) return void this.unfold(at, !row.open);
    this.active = row.key;
    if (row.level === 0) return void [this.reveal(), this.paint()];
    const hop = row.hop ?? this.story.span(row.journey ?? this.within[row.flow][0])[0];
    this.kept = hop;
    this.cursor.select(hop);
  }

  unfold(at, open) {
    const row = this.rows[at];
    if (row.level === 3 || (!open && !row.open)) {
      if (!open && row.depth > 1) {
        const above = this.rows.slice(0, at).findLastIndex((one) => one.depth === row.depth - 1);
        this.active = this.rows[above].key;
      }
    } else if (open && row.open) {
      return void this.choose(at + 1);
    } else {
      if (open) this.opened.add(row.key);
      else {
        this.opened.delete(row.key);
        if (row.journey === this.journey) this.journey = -1;
        if (row.flow === this.flow || row.level === 0) this.flow = this.journey = -1;
      }
      this.active = row.key;
      this.flatten();
    }
    this.reveal();
    this.paint();
  }

  close() {
    this.seen.disconnect();
  }
}

// What was pressed: the key of a row, with FOLD before it if it was its sign.
function pressed(target) {
  const key = target.closest("[data-key]")?.dataset.key;
  return key ? `${target.closest(".ck-fold") ? FOLD : ""}${key}` : null;
}

function part(style, said) {
  return make("span", style ? { class: style } : {}, said);
}

// If there is no room its end, the interface, stays visible: written from the right for the style sheet.
function place(said) {
  return make("span", { class: "ck-place" }, make("bdi", {}, said));
}

function fold(open) {
  return make("span", { class: "ck-fold", "aria-hidden": "true" }, open ? "▾" : "▸");
}

export function summary(story) {
  return `${counted(story.scene.flows.length, "flow")}, ${counted(story.packets, "packet")}, ${counted(story.count, "hop")}`;
}
