// The scene in words: hops, packets and flows. Draws nothing and keeps no position.

import { counted, figure } from "./dom.js";
import { compiled, meant, Wrong } from "./expression.js";

const MARKS = { delivered: "✓", arrived: "○", consumed: "●", dropped: "✕", left: "→", "lost-from-sight": "?", ambiguous: "≈" };
const WAYS = ["seen at", "into", "out of"];
export const ARROWS = ["·", "→ in", "out →"];

export class Story {
  constructor(scene) {
    this.scene = scene;
    this.hops = scene.hops;
    this.journeys = scene.journeys;
    this.count = scene.hops.frame?.length ?? 0;
    this.packets = scene.journeys.id?.length ?? 0;
    this.journeyOf = new Int32Array(this.count);
    this.children = Array.from({ length: this.count }, () => null);
    for (let journey = 0; journey < this.packets; journey += 1) {
      const [first, end] = this.span(journey);
      this.journeyOf.fill(journey, first, end);
    }
    for (let hop = 0; hop < this.count; hop += 1) {
      const parent = this.hops.parent[hop];
      if (parent >= 0) (this.children[parent] ??= []).push(hop);
    }
    const { time, frame } = this.hops;
    this.inTime = Int32Array.from({ length: this.count }, (_, hop) => hop);
    this.inTime.sort((a, b) => time[a] - time[b] || frame[a] - frame[b]);
    this.ofFlow = this.scene.flows.map(() => []);
    for (let journey = 0; journey < this.packets; journey += 1) this.ofFlow[this.journeys.flow[journey]].push(journey);
    this.starts = null;
    this.texts = null;
  }

  span(journey) {
    const { first } = this.journeys;
    return [first[journey], journey + 1 < this.packets ? first[journey + 1] : this.count];
  }

  flowOf(hop) {
    return this.journeys.flow[this.journeyOf[hop]];
  }

  // Whether a journey only serves the network: ARP, neighbour discovery, IGMP and the like.
  serves(journey) {
    return Boolean(this.scene.flows[this.journeys.flow[journey]].housekeeping);
  }

  word(at) {
    return this.scene.words[at];
  }

  place(at) {
    if (at < 0) return "";
    const one = this.scene.interfaces[at];
    return `${this.scene.nodes[one.node].name}/${one.name}`;
  }

  kind(journey) {
    return this.word(this.journeys.kind[journey]);
  }

  ends(journey) {
    return `${this.word(this.journeys.from[journey])} → ${this.word(this.journeys.to[journey])}`;
  }

  packet(journey) {
    return `#${this.journeys.id[journey]} ${this.kind(journey)} ${this.ends(journey)}`;
  }

  outcome(journey) {
    return this.scene.outcomes[this.journeys.outcome[journey]];
  }

  mark(journey) {
    return MARKS[this.outcome(journey)] ?? "";
  }

  ending(journey) {
    const kind = this.outcome(journey);
    const after = kind === "dropped" || kind === "lost-from-sight" ? "after" : "at";
    const reason = this.word(this.journeys.reason[journey]);
    return `${this.mark(journey)} ${kind} ${after} ${this.place(this.journeys.where[journey])}${reason ? `: ${reason}` : ""}`;
  }

  // The hop after which the journey's outcome is known: the last one at the place where it ended.
  last(journey) {
    const [first, end] = this.span(journey);
    for (let hop = end - 1; hop >= first; hop -= 1) {
      if (this.hops.at[hop] === this.journeys.where[journey] && !this.children[hop]) return hop;
    }
    return end - 1;
  }

  changes(hop) {
    return this.hops.all_changes[this.hops.changes[hop]];
  }

  why(hop) {
    return this.hops.all_why[this.hops.why[hop]];
  }

  around(hop) {
    return this.hops.all_around[this.hops.around[hop]];
  }

  since(hop) {
    const parent = this.hops.parent[hop];
    return parent < 0 ? null : (this.hops.time[hop] - this.hops.time[parent]) / 1000;
  }

  // The changes in one line, without those that every link makes.
  changed(hop) {
    const told = this.changes(hop).filter(([field]) => !/(^|\.)eth\.|\.(ttl|hlim)$/.test(field));
    return told.map(([field, before, after]) => `${field} ${before} → ${after}`).join(", ");
  }

  way(hop) {
    return `${WAYS[this.hops.direction[hop]]} ${this.place(this.hops.at[hop])}`;
  }

  // One hop as a sentence, for the live region.
  sentence(hop) {
    const journey = this.journeyOf[hop];
    const [first, end] = this.span(journey);
    const changed = this.changed(hop);
    const [decisive] = this.why(hop);
    const parts = [`${this.packet(journey)}, hop ${hop - first + 1} of ${end - first}: ${this.way(hop)}`];
    if (this.around(hop)) parts.push(`inside ${this.around(hop)}`);
    if (changed) parts.push(`changed ${changed}`);
    if (decisive.length) parts.push(`because of the ${this.scene.evidence[decisive[0]][0]} ${this.scene.evidence[decisive[0]][1]}`);
    if (hop === this.last(journey)) parts.push(this.ending(journey));
    return `${parts.join("; ")}.`;
  }

  frameBytes(hop) {
    const { size, data } = this.scene.bytes;
    if (!this.starts) {
      this.starts = new Int32Array(this.count + 1);
      for (let at = 0; at < this.count; at += 1) this.starts[at + 1] = this.starts[at] + size[at];
      this.raw = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    }
    return this.raw.subarray(this.starts[hop], this.starts[hop + 1]);
  }

  // The journeys that an expression selects, or that contain every word: in their packet, places, changes, reasons or outcome. And what
  // was made of the text, in a sentence.
  fitting(wanted) {
    if (!wanted.trim()) return { fits: null, said: "" };
    let wrong = "";
    if (meant(wanted)) {
      try {
        const test = compiled(wanted, this);
        return this.found((journey) => test(journey), `the expression ${wanted.trim()}`, "");
      } catch (error) {
        if (!(error instanceof Wrong)) throw error;
        wrong = ` No expression: ${error.message}.`;
      }
    }
    const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
    this.texts ??= Array.from({ length: this.packets }, (_, journey) => this.text(journey));
    const quoted = words.map((word) => `“${word}”`).join(" and ");
    return this.found((journey) => words.every((word) => this.texts[journey].includes(word)), `packets with ${quoted}`, wrong);
  }

  found(test, what, wrong) {
    const fits = Array.from({ length: this.packets }, (_, journey) => test(journey));
    return { fits, said: `Filter: ${what}: ${figure(fits.filter(Boolean).length)} of ${counted(this.packets, "packet")}.${wrong}` };
  }

  text(journey) {
    const [first, end] = this.span(journey);
    const parts = [this.packet(journey), this.ending(journey), this.scene.flows[this.journeys.flow[journey]].title];
    for (let hop = first; hop < end; hop += 1) {
      parts.push(this.place(this.hops.at[hop]), this.around(hop), ...this.changes(hop).flat());
      for (const piece of this.why(hop).flat()) parts.push(...this.scene.evidence[piece]);
    }
    return [...new Set(parts)].join(" ").toLowerCase();
  }
}
