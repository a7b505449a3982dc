// The viewer for the pages of a site: they hold scenes, and their own script says when and where each is drawn.

import { Viewer } from "./viewer.js";

window.cnetkit = { draw: (element, scene) => new Viewer(element, vis, scene, { level: 3 }) };
