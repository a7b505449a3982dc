// The page around the viewer, JupyterLab, Notebook or VS Code: who handles a key, and when the theme changes.

const THEMES = ["data-jp-theme-light", "data-vscode-theme-kind", "data-theme"];

export class Around {
  constructor(root, repaint) {
    // JupyterLab handles a key before anything in the page does, and checks the element that has the focus.
    this.first = (event) => {
      if (root.contains(event.target)) event.target.toggleAttribute("data-lm-suppress-shortcuts", !theirs(event));
    };
    window.addEventListener("keydown", this.first, true);
    // VS Code handles every key that reaches the window: `m` or `a` alone would change the notebook.
    root.addEventListener("keydown", (event) => {
      if (event.defaultPrevented || !(theirs(event) || /^(Tab|Escape|F\d+)$/.test(event.key))) event.stopPropagation();
    });
    // At the next frame, because JupyterLab hides everything for a moment when it changes its theme.
    this.turned = () => requestAnimationFrame(repaint);
    this.dark = window.matchMedia?.("(prefers-color-scheme: dark)");
    this.dark?.addEventListener("change", this.turned);
    this.watch = new MutationObserver(this.turned);
    this.watch.observe(document.body, { attributes: true, attributeFilter: THEMES });
  }

  close() {
    window.removeEventListener("keydown", this.first, true);
    this.dark?.removeEventListener("change", this.turned);
    this.watch.disconnect();
  }
}

// Whether a key belongs to the application: with Ctrl, Alt or Meta, such as Ctrl+S; in a text field other keys belong to the text.
function theirs({ ctrlKey, metaKey, altKey, key, target }) {
  if (!(ctrlKey || metaKey || altKey)) return false;
  return !target.matches("input[type=search]") || key.toLowerCase() === "s";
}
