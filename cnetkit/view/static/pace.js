// How long each hop takes in playback: in proportion to the real time since the hop before, except that a
// long pause is shortened and a distance too short to see is stretched. Moves nothing.

import { tenths } from "./dom.js";

const USUAL = 600; // milliseconds, at speed 1, for the distance that three of four hops do not exceed
const LEAST = 90;
const MOST = 3000;

export class Pace {
  // `steps` are hops in the order of their times; `time` is each hop's, in nanoseconds.
  constructor(steps, time) {
    this.passed = Array.from(steps, (hop, at) => (at ? time[hop] - time[steps[at - 1]] : 0));
    const distances = this.passed.filter((passed) => passed > 0).sort((a, b) => a - b);
    this.scale = (distances[Math.floor(distances.length * 0.75)] ?? 1000) / USUAL; // nanoseconds per millisecond of playback
  }

  // Milliseconds from the step before to this one, at speed 1.
  takes(at) {
    return Math.max(LEAST, Math.min(MOST, this.passed[at] / this.scale));
  }

  // The text while the pause before this step is shown shortened.
  shortened(at) {
    return this.passed[at] / this.scale > MOST ? `a pause of ${span(this.passed[at])}, shortened` : "";
  }

  said(speed) {
    return `1 s shows ${span(this.scale * 1000 * speed)}`;
  }
}

// Nanoseconds in the unit that fits.
export function span(time) {
  for (const [unit, size] of [["s", 1e9], ["ms", 1e6], ["µs", 1e3]]) if (time >= size) return `${tenths(time / size)} ${unit}`;
  return `${tenths(time)} ns`;
}
