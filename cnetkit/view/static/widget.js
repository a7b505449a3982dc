// The viewer as a notebook widget. Sends `here`, `gone`, `look` (at a frame) and `chosen`; receives `layers` and `counts`.

import { Viewer } from "./viewer.js";

export default {
  render({ model, el }) {
    const parsed = () => JSON.parse(model.get("scene"));
    const viewer = new Viewer(el, vis, parsed(), {
      level: 2,
      ask: (frame) => (model.send({ is: "look", frame }), true),
      chosen: (frame) => model.send({ is: "chosen", frame }),
    });
    const fallbacks = (hidden) => {
      for (const one of document.querySelectorAll(".cnetkit-still")) {
        if (one.dataset.cnetkit === model.get("fallback")) one.hidden = hidden;
      }
    };
    const shown = () => viewer.show(parsed());
    const learnt = (message) => {
      if (message.is === "layers") viewer.learn(message.frame, message.layers);
      if (message.is === "counts") viewer.count(message.packets, message.seconds);
    };
    model.on("change:scene", shown);
    model.on("msg:custom", learnt);
    fallbacks(true);
    model.send({ is: "here" });
    return () => {
      model.off("change:scene", shown);
      model.off("msg:custom", learnt);
      model.send({ is: "gone" });
      viewer.close();
      fallbacks(false);
    };
  },
};
