// The viewer as one HTML file: the scene stands in the page itself.

import { Viewer } from "./viewer.js";

const scene = JSON.parse(document.getElementById("cnetkit-scene").textContent);
document.documentElement.classList.add("ck-alive");
window.cnetkit = new Viewer(document.getElementById("cnetkit-viewer"), vis, scene, { level: 1 });
