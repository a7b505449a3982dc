// Marks below the slider: where in the trace a packet was dropped, lost from sight, or is ambiguous. The list
// has the same as text.

import { make } from "./dom.js";

const HIGH = 9; // pixels
const THUMB = 8; // pixels from the slider's end to where its thumb can be
const BAD = ["dropped", "lost-from-sight", "ambiguous"];

export class Marks {
  constructor(root, story, cursor) {
    Object.assign(this, { root, story, cursor });
    this.element = make("canvas", { class: "ck-marks", "aria-hidden": "true" });
    this.seen = new ResizeObserver(() => this.paint());
    this.seen.observe(this.element);
  }

  show(story) {
    this.story = story;
    this.paint();
  }

  paint() {
    const { cursor, element, story } = this;
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth: width } = element;
    Object.assign(element, { width: width * ratio, height: HIGH * ratio });
    const context = element.getContext("2d");
    context.scale(ratio, ratio);
    context.fillStyle = getComputedStyle(this.root).getPropertyValue("--bad").trim();
    const last = Math.max(1, cursor.steps.length - 1);
    cursor.steps.forEach((hop, at) => {
      const journey = story.journeyOf[hop];
      if (!BAD.includes(story.outcome(journey)) || hop !== story.last(journey)) return;
      context.fillRect(THUMB + ((width - 2 * THUMB) * at) / last - 1, 0, 2, HIGH);
    });
  }

  close() {
    this.seen.disconnect();
  }
}
