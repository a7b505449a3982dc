// The current hop: its changes, its evidence in the kernel's words, its layers, and its bytes compared with the hop before.

import { figure, make } from "./dom.js";

const WIDE = 570; // pixels that a line of sixteen bytes takes
const REST = 60; // milliseconds after which the cursor counts as resting: then layers and bytes are shown

export class Hop {
  constructor(story, ask, level) {
    Object.assign(this, { story, ask });
    this.over = (said) => make(`h${level + 1}`, { class: "ck-over" }, said);
    this.under = (said) => make(`h${level + 2}`, { class: "ck-under" }, said);
    this.body = make("div", { class: "ck-scroll ck-body", tabindex: "0", role: "group", "aria-label": "What the current hop says" });
    this.element = make("section", { class: "ck-pane ck-hop", "aria-label": "Current hop" }, this.body);
    this.folded = new Set();
    this.shown = -1;
  }

  show(story) {
    this.story = story;
    this.shown = -1;
    this.body.replaceChildren(...story.scene.said.map((line) => make("p", { class: "ck-line" }, line)));
  }

  moved(hop) {
    if (hop === this.shown) return;
    this.shown = hop;
    if (hop < 0) return void this.show(this.story);
    const { story } = this;
    const journey = story.journeyOf[hop];
    const [first, end] = story.span(journey);
    const since = story.since(hop);
    const place = `hop ${hop - first + 1} of ${end - first}`;
    const parts = [
      this.over(story.packet(journey)),
      make("p", { class: "ck-line" }, make("strong", {}, story.way(hop)), ` · ${place} · frame.number ${story.hops.frame[hop] + 1}${since === null ? "" : ` · ${figure(since)} µs after the hop before`}`),
    ];
    if (story.around(hop)) parts.push(make("p", { class: "ck-line ck-wrapping" }, `inside ${story.around(hop)}`));
    const ending = hop === story.last(journey) ? this.ending(journey) : [];
    parts.push(...this.why(hop, hop === first), ...this.changes(hop), ...ending);
    this.body.replaceChildren(...parts);
    clearTimeout(this.later);
    this.later = setTimeout(() => hop === this.shown && this.body.append(this.layers(hop), this.bytes(hop)), REST);
  }

  changes(hop) {
    const changes = this.story.changes(hop);
    if (!changes.length) return [];
    const macs = new Map(changes.filter(([field]) => field === "eth.src" || field === "eth.dst").map(([field, , after]) => [field, after]));
    const rows = changes.filter(([field]) => macs.size < 2 || !macs.has(field)).map(([field, before, after]) =>
      make("tr", {}, make("th", { scope: "row" }, field), make("td", {}, before), make("td", { "aria-hidden": "true" }, "→"), make("td", { class: "ck-change" }, after)),
    );
    if (macs.size > 1) rows.push(make("tr", {}, make("th", { scope: "row" }, "eth"), make("td", { colspan: 3 }, `the next link's: from ${macs.get("eth.src")} to ${macs.get("eth.dst")}`)));
    return [this.under("Changed"), make("table", { class: "ck-changes" }, make("tbody", {}, ...rows))];
  }

  why(hop, first) {
    const [decisive, passed] = this.story.why(hop);
    const parts = [this.under("Why")];
    if (!decisive.length && !passed.length) {
      parts.push(make("p", { class: "ck-line ck-soft" }, first ? "This is where it was seen first." : "No evidence was recorded."));
      return parts;
    }
    parts.push(...decisive.map((at) => this.reason(at)));
    if (passed.length) parts.push(this.details("passed", `and ${passed.length} rule${passed.length === 1 ? "" : "s"} that let it pass`, passed.map((at) => this.reason(at)), false));
    return parts;
  }

  reason(at) {
    const [kind, quote, source, strength] = this.story.scene.evidence[at];
    return make("p", { class: "ck-reason" }, make("span", { class: "ck-kind" }, kind), " ", make("q", {}, make("code", {}, quote)), make("span", { class: "ck-soft" }, ` ${source} · ${strength}`));
  }

  ending(journey) {
    const { story } = this;
    return [
      this.under("Outcome"),
      make("p", { class: `ck-line ck-${story.outcome(journey)}` }, story.ending(journey)),
      ...story.journeys.evidence[journey].flat().map((at) => this.reason(at)),
    ];
  }

  layers(hop) {
    const { story } = this;
    const frame = story.hops.frame[hop];
    const layers = story.scene.layers[frame];
    if (!layers) {
      const asked = this.ask?.(frame);
      return make("p", { class: "ck-line ck-soft" }, asked ? "The layers are being taken apart …" : "The layers of this frame are not in this page.");
    }
    const parent = story.hops.parent[hop];
    const earlier = parent < 0 ? -1 : story.hops.frame[parent];
    const before = story.scene.layers[earlier];
    if (earlier >= 0 && !before) this.ask?.(earlier);
    const around = before ? layers.length - before.length : 0;
    return this.details(
      "layers", `Layers: ${layers.map(([name]) => name).join(" / ")}`,
      layers.map(([name, , , fields], at) => this.layer(name, fields, before?.[at - around], Boolean(before))), true,
    );
  }

  layer(name, fields, before, known) {
    const old = before?.[0] === name ? new Map(before[3]) : null;
    const rows = fields.map(([field, value]) => {
      const differs = old && old.get(field) !== value;
      return make("tr", differs ? { class: "ck-differs" } : {}, make("th", { scope: "row" }, `${differs ? "◆ " : ""}${field}`), make("td", {}, value, differs && old.has(field) ? make("span", { class: "ck-soft" }, ` was ${old.get(field)}`) : null));
    });
    const added = known && !old ? make("span", { class: "ck-change" }, " ◆ new here") : null;
    return make("table", { class: "ck-layer" }, make("caption", {}, name, added), make("tbody", {}, ...rows));
  }

  // Sixteen bytes per line, or eight if there is no room. Bytes that differ from the hop before are marked; frames are aligned at their ends, because a tunnel
  // puts its headers in front.
  bytes(hop) {
    const { story } = this;
    const bytes = story.frameBytes(hop);
    if (!bytes.length) return make("p", { class: "ck-line ck-soft" }, "The bytes of this frame are not in this page.");
    const parent = story.hops.parent[hop];
    const before = parent < 0 ? null : story.frameBytes(parent);
    const shift = parent < 0 ? 0 : story.hops.length[hop] - story.hops.length[parent];
    const differs = (at) => Boolean(before?.length) && before[at - shift] !== bytes[at] && at - shift < before.length;
    const lines = [];
    const across = this.body.clientWidth < WIDE ? 8 : 16;
    for (let start = 0; start < bytes.length; start += across) {
      const line = make("div", {}, make("span", { class: "ck-soft" }, `${start.toString(16).padStart(4, "0")}  `));
      const end = Math.min(start + across, bytes.length);
      for (let at = start; at < end; at += 1) {
        const pair = bytes[at].toString(16).padStart(2, "0");
        line.append(differs(at) ? make("mark", {}, pair) : pair, at % 8 === 7 ? "  " : " ");
      }
      const short = (start + across - end) * 3 + across / 8 - Math.floor((end - start) / 8);
      line.append(" ".repeat(short + 1), printable(bytes.subarray(start, end)));
      lines.push(line);
    }
    const left = story.hops.length[hop] - bytes.length;
    if (left > 0) lines.push(make("div", { class: "ck-soft" }, `and ${figure(left)} more bytes, not shown here`));
    const marked = before?.length ? ", those that the hop before had otherwise are marked" : "";
    return this.details("bytes", `${figure(story.hops.length[hop])} bytes${marked}`, [make("div", { class: "ck-hex", tabindex: "0", role: "group", "aria-label": "Bytes" }, ...lines)], true);
  }

  // Folded parts keep their state when the cursor moves.
  details(name, said, parts, open) {
    const key = `${name}:${open}`;
    const element = make("details", {}, make("summary", {}, said), ...parts);
    element.open = this.folded.has(key) ? !open : open;
    element.addEventListener("toggle", () => (element.open === open ? this.folded.delete(key) : this.folded.add(key)));
    return element;
  }
}

function printable(bytes) {
  return Array.from(bytes, (byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : "·")).join("");
}
