// The network in words: each interface with its state, for readers who cannot see the picture or want all of it at once.

import { figure, make } from "./dom.js";

const HEADS = ["Node", "Interface", "Kind", "State", "Addresses", "MTU", "MAC", "Joined with", "Packets in, out"];
const MOST = 2000;

export class Table {
  constructor() {
    this.body = make("tbody");
    this.counted = new Map();
    const heads = make("thead", {}, make("tr", {}, ...HEADS.map((head) => make("th", { scope: "col" }, head))));
    this.scroll = make("div", { class: "ck-wide", tabindex: "0", role: "group", "aria-label": "Interfaces" }, make("table", {}, heads, this.body));
    this.said = make("summary");
    this.element = make("details", { class: "ck-table" }, this.said, this.scroll);
    this.element.addEventListener("toggle", () => this.fill());
  }

  show(story) {
    this.story = story;
    const { nodes, interfaces, links } = story.scene;
    this.said.textContent = `The network in words: ${nodes.length} nodes, ${interfaces.length} interfaces, ${links.length} link${links.length === 1 ? "" : "s"}`;
    this.fill();
  }

  fill() {
    if (!this.element.open) return;
    const { scene } = this.story;
    const joined = scene.interfaces.map(() => []);
    for (const { kind, a, b } of scene.links) {
      joined[a].push(`${kind} ${this.story.place(b)}`);
      joined[b].push(`${kind} ${this.story.place(a)}`);
    }
    const rows = scene.interfaces.slice(0, MOST).map((one, at) => {
      const node = scene.nodes[one.node];
      const told = one.kind !== undefined;
      const packets = one.packets ? one.packets.map((count) => figure(count)).join(", ") : "";
      const cells = [
        one.name, told ? one.kind : "", told ? (one.up ? "up" : "down") : "not told", told ? one.addresses.join(" ") || "none" : "",
        told ? String(one.mtu) : "", one.mac ?? "", joined[at].join("; "), packets,
      ];
      return make("tr", {}, make("th", { scope: "row" }, `${node.name} (${node.kind})`), ...cells.map((cell) => make("td", {}, cell)));
    });
    if (scene.interfaces.length > MOST) rows.push(make("tr", {}, make("td", { colspan: HEADS.length }, `${scene.interfaces.length - MOST} more are not listed here`)));
    this.body.replaceChildren(...rows);
  }
}
