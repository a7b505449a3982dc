// The cursor: the current hop, the hops that are stepped through, and whether it moves by itself.
// Every pane listens to it and moves it; panes never talk to each other.

import { Pace } from "./pace.js";

const TRAVEL = 620; // milliseconds from one interface to the next in a manual step

export class Cursor {
  constructor(story) {
    this.listeners = [];
    this.speed = 1;
    this.playing = false;
    this.calm = window.matchMedia?.("(prefers-reduced-motion: reduce)").matches ?? false;
    this.tick = this.tick.bind(this);
    this.tell(story);
  }

  tell(story) {
    this.story = story;
    this.steps = story.inTime;
    this.at = 0;
    this.progress = 1;
    this.spent = 0; // milliseconds spent moving, or waiting, before the next hop
    this.number(this.steps);
  }

  number(steps) {
    this.steps = steps;
    this.pace = new Pace(steps, this.story.hops.time ?? []);
    this.step = new Int32Array(this.story.count).fill(-1);
    steps.forEach((hop, at) => (this.step[hop] = at));
  }

  get hop() {
    return this.steps.length ? this.steps[this.at] : -1;
  }

  onchange(listener) {
    this.listeners.push(listener);
  }

  // Steps through these hops from now on; stays at its hop, or at the next one that remains.
  limit(steps) {
    const hop = this.hop;
    const time = hop >= 0 ? this.story.hops.time[hop] : 0;
    this.number(steps);
    const same = hop >= 0 ? this.step[hop] : -1;
    const later = steps.findIndex((one) => this.story.hops.time[one] >= time);
    this.at = same >= 0 ? same : Math.max(later, 0);
    this.changed("steps");
  }

  to(at, travel = false) {
    const next = Math.max(0, Math.min(this.steps.length - 1, at));
    if (!this.steps.length) return;
    this.at = next;
    this.progress = travel && !this.calm ? 0 : 1;
    this.spent = 0;
    this.changed("move");
  }

  select(hop) {
    if (hop >= 0 && this.step[hop] >= 0) this.to(this.step[hop], true);
  }

  next() {
    if (this.at + 1 < this.steps.length) this.to(this.at + 1, true);
  }

  previous() {
    if (this.at > 0) this.to(this.at - 1);
  }

  // The first hop of the packet after (1) or before (-1) this one, in the order of their beginnings.
  packet(way) {
    if (this.hop < 0) return;
    const journey = this.story.journeyOf[this.hop];
    for (let other = journey + way; other >= 0 && other < this.story.packets; other += way) {
      const [first] = this.story.span(other);
      if (this.step[first] >= 0) return void this.to(this.step[first], true);
    }
  }

  play(playing = !this.playing) {
    if (playing && this.at + 1 >= this.steps.length) this.at = 0;
    this.playing = playing && this.steps.length > 0;
    this.progress = 1;
    this.spent = 0;
    this.changed("play");
  }

  // The text about the current time scale.
  get paced() {
    if (!this.steps.length) return "";
    const next = this.progress < 1 ? this.at : Math.min(this.at + 1, this.steps.length - 1);
    return (this.playing && this.pace.shortened(next)) || this.pace.said(this.speed);
  }

  changed(what) {
    this.what = new Set([...(this.what ?? []), what]);
    this.wake();
  }

  wake() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(this.tick);
  }

  tick(now) {
    this.waiting = false;
    const passed = Math.min(now - (this.before ?? now), 100);
    const moving = this.playing || this.progress < 1;
    this.before = moving ? now : undefined;
    if (moving) this.advance(passed * this.speed);
    const what = this.what ?? new Set();
    this.what = undefined;
    for (const listener of this.listeners) listener(what);
    if (this.playing || this.progress < 1) this.wake();
    else this.before = undefined;
  }

  // A packet with a parent moves for as long as its hop takes; for one that begins, the cursor waits at the hop before.
  advance(by) {
    this.spent += by;
    if (this.progress < 1) {
      const whole = this.playing ? this.pace.takes(this.at) : TRAVEL;
      this.progress = Math.min(1, this.spent / whole);
      if (this.progress < 1) return;
      this.spent -= whole;
    }
    if (!this.playing) return;
    const next = this.at + 1;
    if (next >= this.steps.length) return void this.stop();
    const appears = this.calm || this.story.hops.parent[this.steps[next]] < 0;
    const whole = this.pace.takes(next);
    if (appears && this.spent < whole) return;
    if (appears) this.spent -= whole;
    this.at = next;
    this.progress = appears ? 1 : Math.min(1, this.spent / whole);
    this.what = new Set([...(this.what ?? []), "move"]);
  }

  stop() {
    this.playing = false;
    this.what = new Set([...(this.what ?? []), "play"]);
  }
}
