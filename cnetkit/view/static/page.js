// The viewer as one HTML file: the scene is in the page itself.

import { Viewer } from "./viewer.js";

const scene = JSON.parse(document.getElementById("cnetkit-scene").textContent);
document.documentElement.classList.add("ck-alive");
window.cnetkit = new Viewer(document.getElementById("cnetkit-viewer"), vis, scene, { level: 1 });
// Keys work at once: keys without a focused element go to the viewer. The focus itself stays where a
// screen reader expects it, at the page's beginning.
document.addEventListener("keydown", (event) => {
  if (event.target === document.body) window.cnetkit.controls.key(event);
});

// Everything that is folded is opened before printing.
window.addEventListener("beforeprint", () => document.querySelectorAll(".paper details").forEach((one) => (one.open = true)));
