// The cursor: the current hop, the hops that are stepped through, and whether it moves by itself.
// Every pane listens to it and moves it; panes never talk to each other.

import { Pace } from "./pace.js";

const TRAVEL = 620; // milliseconds from one interface to the next in a manual step

export class Cursor {
  constructor(story) {
    this.listeners = [];
    this.speed = 1;
    this.scope = "journey";
    this.playing = false;
    this.calm = window.matchMedia?.("(prefers-reduced-motion: reduce)").matches ?? false;
    this.tick = this.tick.bind(this);
    this.tell(story);
  }

  tell(story) {
    this.story = story;
    this.fits = null;
    this.listed = story.inTime;
    this.progress = 1;
    this.spent = 0; // milliseconds spent moving, or waiting, before the next hop
    this.around(this.listed.length ? this.listed[0] : -1);
  }

  // Whether a journey is listed: all are, or those that fit the filter.
  lists(journey) {
    return !this.fits || this.fits[journey];
  }

  // Steps through the packet or flow of a hop, or through everything that is listed, from that hop on.
  around(hop) {
    const { story, scope } = this;
    const journey = hop < 0 ? -1 : story.journeyOf[hop];
    const flow = hop < 0 ? -1 : story.flowOf(hop);
    if (scope === "all" || hop < 0) this.steps = this.listed;
    else this.steps = this.listed.filter((one) => (scope === "flow" ? story.flowOf(one) === flow : story.journeyOf[one] === journey));
    this.pace = new Pace(this.steps, story.hops.time ?? []);
    this.step = new Int32Array(story.count).fill(-1);
    this.steps.forEach((one, at) => (this.step[one] = at));
    this.at = hop < 0 ? 0 : Math.max(0, this.step[hop]);
  }

  get hop() {
    return this.steps.length ? this.steps[this.at] : -1;
  }

  onchange(listener) {
    this.listeners.push(listener);
  }

  // Lists the journeys that fit (all: null) and steps within `scope`; stays at its hop, or goes to the next one that is listed.
  limit(fits, scope) {
    const { story } = this;
    const hop = this.hop >= 0 ? this.hop : (this.left ?? -1);
    Object.assign(this, { fits, scope });
    this.listed = fits ? story.inTime.filter((one) => fits[story.journeyOf[one]]) : story.inTime;
    const time = hop >= 0 ? story.hops.time[hop] : 0;
    const near = hop >= 0 && this.lists(story.journeyOf[hop]) ? hop : (this.listed.find((one) => story.hops.time[one] >= time) ?? this.listed[0] ?? -1);
    this.left = near < 0 ? hop : undefined; // where to return to when the filter lists something again
    this.around(near);
    this.changed("listed");
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
    if (hop < 0 || !this.lists(this.story.journeyOf[hop])) return;
    if (this.step[hop] < 0) {
      this.around(hop);
      this.changed("steps");
    }
    this.to(this.step[hop], true);
  }

  next() {
    if (this.at + 1 < this.steps.length) this.to(this.at + 1, true);
    else this.packet(1);
  }

  previous() {
    if (this.at > 0) this.to(this.at - 1);
    else this.packet(-1, true);
  }

  // The first or last hop of the packet after (1) or before (-1) this one, in the order of their beginnings; from a packet that
  // carries data to the next one that does.
  packet(way, last = false) {
    if (this.hop < 0) return;
    const { story } = this;
    const journey = story.journeyOf[this.hop];
    const serves = story.serves(journey);
    for (let other = journey + way; other >= 0 && other < story.packets; other += way) {
      if (this.lists(other) && (serves || !story.serves(other))) {
        const [first, end] = story.span(other);
        return void this.select(last ? end - 1 : first);
      }
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
