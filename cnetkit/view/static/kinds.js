// The kinds of nodes, told apart at a glance by the shape of their boxes and by a small icon; colour says nothing here.

const ROUND = { host: 8, router: 30, container: 3 };
const CUT = 12; // pixels off the corners of a pod's box

// The outline of a node's box: a router's is round, a pod's has its corners cut, a container's is square.
export function box(context, kind, x, y, width, height) {
  context.beginPath();
  if (kind !== "pod") return void context.roundRect(x, y, width, height, Math.min(ROUND[kind] ?? 8, height / 2));
  const corners = [
    [x + CUT, y], [x + width - CUT, y], [x + width, y + CUT], [x + width, y + height - CUT],
    [x + width - CUT, y + height], [x + CUT, y + height], [x, y + height - CUT], [x, y + CUT],
  ];
  for (const [left, top] of corners) context.lineTo(left, top);
  context.closePath();
}

// Sixteen by sixteen: two units of a rack; arrows that cross; a crate; a hexagon with a dot.
const SIGNS = {
  host: "M2 2h12v5H2zM2 9h12v5H2zM4 4.5h3M4 11.5h3",
  router: "M8 1v14M1 8h14M5.5 3.5L8 1l2.5 2.5M5.5 12.5L8 15l2.5-2.5M3.5 5.5L1 8l2.5 2.5M12.5 5.5L15 8l-2.5 2.5",
  container: "M1.5 3.5h13v9h-13zM4.8 5.5v5M8 5.5v5M11.2 5.5v5",
  pod: "M8 1l6 3.5v7L8 15l-6-3.5v-7zM7 8a1 1 0 1 0 2 0a1 1 0 1 0 -2 0",
};

export function icon(context, kind, x, y, size, colour) {
  const sign = SIGNS[kind];
  if (!sign) return;
  context.save();
  context.translate(x, y);
  context.scale(size / 16, size / 16);
  context.setLineDash([]);
  context.lineWidth = 1.4;
  context.lineJoin = context.lineCap = "round";
  context.strokeStyle = colour;
  context.stroke(new Path2D(sign));
  context.restore();
}
