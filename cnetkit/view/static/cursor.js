// The one cursor: which hop is looked at, which hops are stepped through, and whether it moves by itself.
// Every pane listens to it and asks it to move; panes never talk to each other.

const TRAVEL = 620; // milliseconds that a packet takes from one interface to the next, at speed 1
const REST = 120; // and how long it stays there

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
    this.number(this.steps);
  }

  number(steps) {
    this.steps = steps;
    this.step = new Int32Array(this.story.count).fill(-1);
    steps.forEach((hop, at) => (this.step[hop] = at));
  }

  get hop() {
    return this.steps.length ? this.steps[this.at] : -1;
  }

  onchange(listener) {
    this.listeners.push(listener);
  }

  // Steps through these hops from now on; stays at the hop it was at, or at the next one that is left.
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
    this.progress = this.playing ? 0 : 1;
    this.changed("play");
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
    if (moving) this.advance((passed * this.speed) / TRAVEL);
    const what = this.what ?? new Set();
    this.what = undefined;
    for (const listener of this.listeners) listener(what);
    if (this.playing || this.progress < 1) this.wake();
    else this.before = undefined;
  }

  advance(by) {
    this.progress = Math.min(this.progress + by, 1 + (this.playing ? REST / TRAVEL : 0));
    if (!this.playing || this.progress < 1 + REST / TRAVEL) return;
    if (this.at + 1 < this.steps.length) {
      this.at += 1;
      this.progress = this.calm ? 1 : 0;
      this.what = new Set([...(this.what ?? []), "move"]);
    } else {
      this.playing = false;
      this.progress = 1;
      this.what = new Set([...(this.what ?? []), "play"]);
    }
  }
}
