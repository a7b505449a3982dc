// The pages' own script: draws each picture when it comes near, and marks answers by the data that the page has of its capture.
"use strict";

(() => {
  const NEAR = "800px";
  const MARKS = { correct: "✓ Correct.", incorrect: "✗ Incorrect.", compare: "≈ Compare." };
  const pictures = new Map(); // by the number of the trace

  const data = (element) => JSON.parse(element.querySelector(":scope > script").textContent);

  function make(name, properties, ...children) {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  }

  // --- pictures

  class Picture {
    constructor(element) {
      this.element = element;
      this.mount = make("div", { className: "cnetkit-mount" });
      element.prepend(this.mount);
      if (element.dataset.trace !== "-1") pictures.set(Number(element.dataset.trace), this);
    }

    draw() {
      if (this.viewer) return;
      this.scene = data(this.element);
      this.viewer = window.cnetkit.draw(this.mount, this.scene);
      this.mount.style.minHeight = 0;
    }

    look(frame) {
      this.draw();
      const hop = this.scene.hops.frame.indexOf(frame);
      if (hop >= 0) this.viewer.cursor.select(hop);
      this.element.scrollIntoView({ block: "center" });
      this.viewer.root.querySelector("button")?.focus({ preventScroll: true });
    }
  }

  // --- questions

  const normal = {
    address: (given) => (/^[0-9a-f.:]*[.:][0-9a-f.:]*$/i.test(given) ? given.toLowerCase() : null),
    order: (given) => given.split(/[,>→\s]+/).filter(Boolean),
  };

  // The outcome of an answer, its feedback, and the frame of the hop that shows it.
  function mark(task, given) {
    if (task.kind === "choice") return given === task.right ? ["correct", ...task.yes] : ["incorrect", ...task.wrong[given]];
    if (task.kind === "text") return ["compare", `Compare your answer with this one: ${task.model}`, task.yes[1]];
    const answer = normal[task.kind](given.trim());
    if (task.kind === "address") return address(task, answer, given.trim());
    if (!answer.length) return ["", "Type the names in their order, such as: a, b, c.", -1];
    return order(task, answer);
  }

  function address(task, answer, given) {
    if (answer === null) return ["", "Type an address such as 172.17.0.2 or 172.17.0.2:80.", -1];
    if (answer === task.right) return ["correct", ...task.yes];
    if (Object.hasOwn(task.mistakes, answer)) return ["incorrect", ...task.mistakes[answer]];
    const [words, frame] = task.otherwise;
    return ["incorrect", words.replaceAll(task.given, () => given), frame];
  }

  function order(task, given) {
    const { right } = task;
    const same = (a, b) => a.length === b.length && a.every((name, n) => name === b[n]);
    if (same(given, right)) return ["correct", ...task.yes];
    const mistake = task.mistakes.find(([names]) => same(names, given));
    if (mistake) return ["incorrect", mistake[1], mistake[2]];
    const first = right.findIndex((name, n) => given[n] !== name);
    const [words, frame] = task.places.at(first);
    return ["incorrect", `${difference(given, right)} ${words}`.trim(), frame];
  }

  function difference(given, right) {
    if ([...given].sort().join() === [...right].sort().join()) {
      return `These are the right names in another order. The capture shows ${right.join(", ")}.`;
    }
    const at = given.findIndex((name, n) => n < right.length && name !== right[n]);
    if (at >= 0) return `Name ${at + 1} differs: you answered ${given[at]}, and the capture shows ${right[at]}.`;
    return `Your list begins right, but there are ${right.length > given.length ? "more" : "fewer"} names: ${right.join(", ")}.`;
  }

  function show(places, task, [outcome, words, frame]) {
    for (const place of places) {
      const children = [outcome ? make("b", {}, MARKS[outcome]) : "", ` ${words} `];
      const picture = pictures.get(task.picture);
      if (outcome && frame >= 0 && picture) {
        children.push(make("button", { type: "button", className: "cnetkit-look", onclick: () => picture.look(frame) }, "Show this hop"));
      }
      place.dataset.outcome = outcome;
      place.replaceChildren(...children);
    }
  }

  function answered(form) {
    const typed = form.querySelector("input[type=text], textarea");
    if (typed) return typed.value.trim() ? typed.value : null;
    const chosen = form.querySelector("input:checked");
    return chosen ? Number(chosen.value) : null;
  }

  function question(form) {
    const { question: name } = form.dataset;
    const answer = [...document.querySelectorAll(".cnetkit-answer")].find((one) => one.dataset.question === name);
    const own = form.querySelector(".cnetkit-result");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const given = answered(form);
      if (given === null) show([own], {}, ["", "Answer first: then it can be marked.", -1]);
      else if (answer) show([own, answer.querySelector(".cnetkit-result")], data(answer), mark(data(answer), given));
    });
  }

  // What the theme leaves unnamed for those who listen to a page.
  document.querySelectorAll(".caption[role=heading]").forEach((caption) => caption.setAttribute("aria-level", "2"));
  document.querySelector(".sidebar-drawer")?.setAttribute("aria-label", "All pages");
  document.querySelector(".toc-drawer")?.setAttribute("aria-label", "This page");

  window.cnetkit.mark = mark;
  document.documentElement.classList.add("cnetkit-alive");
  const drawn = new Map([...document.querySelectorAll(".cnetkit-picture")].map((element) => [element, new Picture(element)]));
  const near = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) if (isIntersecting) drawn.get(target).draw();
  }, { rootMargin: NEAR });
  drawn.forEach((_, element) => near.observe(element));
  document.querySelectorAll(".cnetkit-question").forEach(question);
})();
