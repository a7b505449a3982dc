// The viewer as one HTML file: the scene stands in the page itself.

import { Viewer } from "./viewer.js";

const scene = JSON.parse(document.getElementById("cnetkit-scene").textContent);
document.documentElement.classList.add("ck-alive");
window.cnetkit = new Viewer(document.getElementById("cnetkit-viewer"), vis, scene, { level: 1 });
// Keys work at once: those that nothing on the page has the focus for are the viewer's. The focus itself stays where a
// screen reader expects it, at the page's beginning.
document.addEventListener("keydown", (event) => {
  if (event.target === document.body) window.cnetkit.controls.key(event);
});

// Paper unfolds nothing: all that is folded is opened before it is printed.
window.addEventListener("beforeprint", () => document.querySelectorAll(".paper details").forEach((one) => (one.open = true)));
