// The viewer: a scene, shown by five panes on one cursor. Requests only the layers of a frame, and changes nothing.

import { Around } from "./around.js";
import { Controls } from "./controls.js";
import { Cursor } from "./cursor.js";
import { make, unique } from "./dom.js";
import { Graph } from "./graph.js";
import { Hop } from "./hop.js";
import { Ladder } from "./ladder.js";
import { List, summary } from "./list.js";
import { Marks } from "./marks.js";
import { Story } from "./story.js";
import { Table } from "./table.js";

const WIDE = 700; // a network of more pixels across, and so many times as wide as high, gets the whole width
const BROAD = 2.6;

export class Viewer {
  // `ask(frame)` may request the layers of a frame, which arrive with `learn`; `chosen(frame)` reports the cursor's frame.
  constructor(element, vis, scene, { ask = null, chosen = null, level = 2 } = {}) {
    this.story = new Story(scene);
    this.chosen = chosen;
    this.cursor = new Cursor(this.story);
    this.element = element;
    const title = unique("title");
    this.title = make(`h${level}`, { id: title, class: "ck-title" });
    this.brief = make("p", { class: "ck-said" });
    this.lines = make("p", { class: "ck-said" });
    this.more = make("details", { class: "ck-more" }, make("summary", {}, "About this capture"), this.lines);
    this.alerts = make("div", { role: "alert" });
    this.spoken = make("p", { class: "ck-spoken", role: "status", "aria-live": "polite" });
    this.made = make("p", { class: "ck-made", role: "status", hidden: true });
    this.controls = new Controls(this.cursor, (what) => this.act(what));
    this.root = make("div", { class: "cnetkit-viewer", role: "region", "aria-labelledby": title, onkeydown: (event) => this.controls.key(event) });
    this.graph = new Graph(vis, this.root, this.story, this.cursor);
    this.ladder = new Ladder(this.story, this.cursor);
    this.list = new List(this.story, this.cursor);
    this.hop = new Hop(this.story, ask, level);
    this.table = new Table();
    this.marks = new Marks(this.root, this.story, this.cursor);
    this.controls.slider.after(this.marks.element);
    this.within = [this.graph, this.ladder, this.list, this.hop];
    this.panes = make("div", { class: "ck-panes" }, ...this.within.map(({ element }) => element));
    this.root.append(
      make("div", { class: "ck-head" }, make("div", { class: "ck-names" }, this.title, this.brief, this.alerts), this.controls.top),
      this.made, this.panes, this.controls.bar, make("div", { class: "ck-foot" }, this.more, this.table.element), this.spoken, this.controls.help,
    );
    element.append(this.root);
    this.cursor.onchange((what) => this.moved(what));
    this.around = new Around(this.root, () => [this.graph.repaint(), this.marks.paint()]); // a canvas has no style sheet
    this.show(scene);
  }

  show(scene) {
    const before = this.story;
    this.story = before.scene === scene ? before : new Story(scene);
    if (this.story !== before) this.cursor.tell(this.story);
    if (this.controls.filter.value) this.filter();
    if (scene.follow) this.cursor.around(this.cursor.listed.at(-1) ?? -1);
    this.title.textContent = scene.title;
    const calm = scene.said.filter((line) => !scene.alerts.includes(line));
    const spans = (lines) => lines.map((line) => make("span", {}, line));
    this.brief.replaceChildren(...(scene.brief ? [scene.brief] : spans(calm)));
    this.lines.replaceChildren(...spans([...calm, ...scene.left_out]));
    this.more.hidden = !scene.brief;
    this.alerts.replaceChildren(...scene.alerts.map((line) => make("p", { class: "ck-alert" }, `⚠ ${line}`)));
    this.root.classList.toggle("ck-bare", !this.story.count);
    for (const pane of [this.graph, this.ladder, this.list, this.hop, this.table, this.marks]) pane.show(this.story);
    const { width, height } = this.graph.size;
    this.root.classList.toggle("ck-broad", width > WIDE && width / height > BROAD);
    this.root.style.setProperty("--tall", `${this.graph.tall}px`);
    this.moved(new Set(["listed"]));
    if (scene.begin >= 0) this.cursor.select(scene.begin);
  }

  learn(frame, layers) {
    this.story.scene.layers[frame] = layers;
    const { hop } = this.cursor;
    const { frame: frames, parent } = this.story.hops;
    if (hop >= 0 && (frames[hop] === frame || frames[parent[hop]] === frame)) {
      this.hop.shown = -1;
      this.hop.moved(hop);
    }
  }

  // The packets received and sent by each interface so far: the difference since the last time is shown in the picture.
  count(packets, seconds) {
    const { interfaces } = this.story.scene;
    const rates = new Map();
    interfaces.forEach((one, at) => {
      if (!packets[at]) return;
      const passed = one.packets ? packets[at][0] + packets[at][1] - one.packets[0] - one.packets[1] : 0;
      if (passed > 0) rates.set(at, passed / seconds);
      one.packets = packets[at];
    });
    this.graph.rate(rates);
    this.table.fill();
  }

  moved(what) {
    const { cursor } = this;
    if (what.has("move") || what.has("steps") || what.has("listed")) {
      const anew = what.has("listed");
      this.ladder.moved(anew);
      this.list.moved(anew);
      this.hop.moved(cursor.hop);
      if (anew || what.has("steps")) this.marks.paint();
      this.speak();
    }
    if (what.size) this.controls.moved();
    this.controls.paced();
    this.graph.moved();
  }

  // The hop in words, once the cursor rests.
  speak() {
    clearTimeout(this.later);
    const { hop } = this.cursor;
    this.later = setTimeout(() => {
      this.spoken.textContent = hop < 0 ? summary(this.story) : this.story.sentence(hop);
      if (hop >= 0) this.chosen?.(this.story.hops.frame[hop]);
    }, 250);
  }

  act(what) {
    if (what === "filter") return void this.filter();
    if (what === "fit") return void this.graph.fit();
    if (what === "alone") return void this.alone();
    if (what === "full") return void (document.fullscreenElement ? document.exitFullscreen() : this.root.requestFullscreen());
    const inside = { graph: this.graph.element, ladder: this.ladder.scroll, list: this.list.tree, hop: this.hop.body };
    if (this.only) this.alone(this[what]);
    inside[what].focus();
  }

  // Maximises the pane that has the focus; a second call restores all panes.
  alone(pane = this.only ? null : (this.within.find(({ element }) => element.contains(document.activeElement)) ?? this.graph)) {
    this.only = pane;
    this.panes.classList.toggle("ck-one", Boolean(pane));
    for (const one of this.within) one.element.classList.toggle("ck-alone", one === pane);
    this.controls.alone(Boolean(pane));
  }

  filter() {
    const { cursor, story, controls } = this;
    const { fits, said } = story.fitting(controls.filter.value);
    this.made.textContent = said;
    this.made.hidden = !said;
    cursor.limit(fits, controls.scope.select.value);
  }

  close() {
    this.cursor.playing = false;
    this.around.close();
    clearTimeout(this.later);
    for (const pane of [this.graph, this.ladder, this.list, this.marks]) pane.close();
    this.root.remove();
  }
}
