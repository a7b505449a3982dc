// Buttons, slider, speed, filter, and the keys that do the same; they act through the cursor.

import { draw, figure, make, unique } from "./dom.js";

const KEYS = [
  ["Space", "play or pause"], ["→ or .", "next hop, at the end of a packet the next packet"], ["← or ,", "previous hop"], ["Home, End", "first, last hop"], ["n, p", "next, previous packet"],
  ["+, −, 0", "in the network: nearer, farther, all of it"], ["↑, ↓", "in the list: row by row; → and ← unfold and fold"],
  ["m", "one pane alone, or all again"], ["f", "full screen"], ["/", "filter"], ["1 … 4", "network, ladder, list, current hop"], ["Esc", "clear the filter, close this"], ["?", "this help"],
];

export class Controls {
  constructor(cursor, act) {
    Object.assign(this, { cursor, act });
    this.playing = button("Play", "▶", () => cursor.play());
    this.slider = make("input", { type: "range", min: 0, step: 1, value: 0, "aria-label": "Hop", class: "ck-slider", oninput: () => this.scrub() });
    this.position = make("output", { class: "ck-position" });
    this.speed = choice("Speed", [["0.25", "¼×"], ["0.5", "½×"], ["1", "1×"], ["2", "2×"], ["4", "4×"], ["8", "8×"]], "1", (value) => this.quicker(Number(value)));
    this.pace = make("span", { class: "ck-pace" });
    this.scope = choice("Step through", [["journey", "this packet"], ["flow", "this flow"], ["all", "every packet"]], "journey", () => act("filter"));
    this.filter = make("input", { type: "search", class: "ck-filter", placeholder: "Filter: dnat, or tcp.port == 80 …", title: "Words that a packet has in its text, or an expression: tcp.port == 8080 and dropped", "aria-label": "Filter journeys", spellcheck: "false", oninput: () => act("filter") });
    this.fit = button("Show the whole network", "⤢", () => act("fit"));
    this.single = button("One pane alone", "▣", () => act("alone"));
    this.single.classList.add("ck-single");
    this.full = button("Full screen", corners(), () => act("full"));
    this.full.hidden = !document.fullscreenEnabled;
    this.asked = button("Help: keys", "?", () => this.help.showModal());
    this.help = this.dialog();
    this.bar = make(
      "div", { class: "ck-bar", role: "toolbar", "aria-label": "Playing" },
      button("Previous hop", "◂", () => cursor.previous()), this.playing, button("Next hop", "▸", () => cursor.next()),
      make("div", { class: "ck-scrub" }, this.slider), this.position, this.speed.element, this.pace,
    );
    this.top = make("div", { class: "ck-wishes" }, this.filter, this.scope.element, this.fit, this.single, this.full, this.asked);
  }

  dialog() {
    const rows = KEYS.map(([key, said]) => make("tr", {}, make("th", { scope: "row" }, make("kbd", {}, key)), make("td", {}, said)));
    const title = unique("help");
    const dialog = make("dialog", { class: "ck-help", "aria-labelledby": title }, make("h2", { id: title }, "Keys"), make("table", {}, make("tbody", {}, ...rows)));
    dialog.append(
      make("p", {}, "Hops play in proportion to the time that passed; long pauses are shortened, and then it says so."),
      make("p", {}, "Dots are packets; a frame around one is a tunnel; ◆ and the second colour say that a packet was changed; ✕ where it was dropped; strokes under the slider say where in the trace that, or another bad end, is. A wide pale line is a tunnel along the links that carry it, a dashed frame is an interface that is down."),
      make("button", { type: "button", class: "ck-button", onclick: () => dialog.close() }, "Close"),
    );
    return dialog;
  }

  alone(one) {
    this.single.setAttribute("aria-pressed", String(one));
  }

  quicker(speed) {
    this.cursor.speed = speed;
    this.paced();
  }

  // Shows the time scale: called at each frame, written only when it changes.
  paced() {
    const said = this.cursor.paced;
    if (this.pace.textContent !== said) this.pace.textContent = said;
  }

  scrub() {
    this.cursor.play(false);
    this.cursor.to(Number(this.slider.value));
  }

  moved() {
    const { cursor } = this;
    const last = Math.max(0, cursor.steps.length - 1);
    if (this.slider.max !== String(last)) this.slider.max = last;
    this.slider.value = cursor.at;
    const said = cursor.steps.length ? `hop ${figure(cursor.at + 1)} of ${figure(cursor.steps.length)}` : "no hops";
    this.slider.setAttribute("aria-valuetext", said);
    this.position.textContent = cursor.steps.length ? `${figure(cursor.at + 1)} / ${figure(cursor.steps.length)}` : "—";
    this.playing.textContent = cursor.playing ? "❚❚" : "▶";
    this.playing.setAttribute("aria-label", cursor.playing ? "Pause" : "Play");
    this.playing.title = `${cursor.playing ? "Pause" : "Play"} (Space)`;
  }

  // The meaning of a key outside text fields; the list and the network have keys of their own.
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || this.help.open) return;
    const typing = event.target.matches("input[type=search]");
    const own = event.target.matches("button, select, summary, input[type=range]");
    if (event.key === "Escape" && typing) {
      this.filter.value = "";
      this.act("filter");
      this.act("list");
    } else if (event.key === "Enter" && typing) this.act("list");
    else if (typing) return;
    else if (event.key === " " && !own) this.cursor.play();
    else if ((event.key === "ArrowRight" && !own) || event.key === ".") this.cursor.next();
    else if ((event.key === "ArrowLeft" && !own) || event.key === ",") this.cursor.previous();
    else if (event.key === "Home" && !own) this.cursor.to(0);
    else if (event.key === "End" && !own) this.cursor.to(this.cursor.steps.length - 1);
    else if (event.key === "n") this.cursor.packet(1);
    else if (event.key === "p") this.cursor.packet(-1);
    else if (event.key === "m") this.act("alone");
    else if (event.key === "f" && !this.full.hidden) this.act("full");
    else if (event.key === "/") this.filter.focus();
    else if (event.key === "?") this.help.showModal();
    else if ("1234".includes(event.key)) this.act(["graph", "ladder", "list", "hop"][Number(event.key) - 1]);
    else return;
    event.preventDefault();
  }
}

function corners() {
  return draw("svg", { viewBox: "0 0 14 14", width: 14, height: 14, "aria-hidden": "true" }, draw("path", { d: "M1 5V1h4M9 1h4v4M13 9v4H9M5 13H1V9", fill: "none", stroke: "currentColor", "stroke-width": 1.8 }));
}

function button(label, sign, action) {
  return make("button", { type: "button", class: "ck-button", "aria-label": label, title: label, onclick: action }, sign);
}

function choice(label, options, chosen, action) {
  const id = unique("choice");
  const select = make("select", { id, onchange: () => action(select.value) }, ...options.map(([value, said]) => make("option", { value, selected: value === chosen }, said)));
  return { element: make("label", { class: "ck-choice", for: id }, make("span", {}, label), select), select };
}
