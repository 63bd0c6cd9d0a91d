// The drawing pad: strokes of a mouse, finger or pen on a canvas, and the picture of them to send.
"use strict";

class Pad {
  // What is sent has the same size on every screen, and so has its brush.
  static width = 560;
  static height = 420;
  static brush = 0.036; // of the pad's width: a felt pen

  // `changed(how)` is called with "ink" for more of it, "rest" where a stroke ends, and "step" where ink
  // goes or comes back.
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.changed = changed;
    this.strokes = []; // lists of points [x, y] in units of the pad's width
    this.past = []; // the strokes before each step that can be undone
    this.pointer = null; // which pointer draws: a palm beside the pen does not
    canvas.addEventListener("pointerdown", (event) => this.begin(event));
    canvas.addEventListener("pointermove", (event) => this.go(event));
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, (event) => this.end(event));
    }
    new ResizeObserver(() => this.paint()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.paint());
  }

  get drawing() { return this.pointer !== null; }
  get empty() { return this.strokes.length === 0; }
  get undoable() { return this.past.length > 0; }

  begin(event) {
    if (this.drawing || event.button !== 0) return;
    this.pointer = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    this.lower(this.place(event));
  }

  go(event) {
    if (event.pointerId !== this.pointer) return;
    // A screen draws 60 times a second; a pen reports more often, and curves are round with all of it.
    const moves = event.getCoalescedEvents?.() ?? [];
    this.draw((moves.length > 0 ? moves : [event]).map((move) => this.place(move)));
  }

  end(event) {
    if (event.pointerId !== this.pointer) return;
    this.pointer = null;
    this.lift();
  }

  // Whoever holds the pen: lowers it, and gets the stroke that begins, draws with it, and lifts it.
  lower(point) {
    const stroke = [point];
    this.past.push(this.strokes);
    this.strokes = [...this.strokes, stroke];
    this.update("ink");
    return stroke;
  }

  draw(points) {
    this.strokes.at(-1).push(...points);
    this.update("ink");
  }

  lift() { this.update("rest"); }

  undo() {
    if (this.drawing || !this.undoable) return;
    this.strokes = this.past.pop();
    this.update("step");
  }

  clear() {
    if (this.drawing || this.empty) return;
    this.past.push(this.strokes); // clearing can be undone too
    this.strokes = [];
    this.update("step");
  }

  place(event) {
    const area = this.canvas.getBoundingClientRect();
    return [(event.clientX - area.left) / area.width, (event.clientY - area.top) / area.width];
  }

  update(how) {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.paint());
    this.changed(how);
  }

  paint() {
    const { canvas } = this;
    const width = Math.round(canvas.clientWidth * devicePixelRatio);
    if (canvas.width !== width) {
      canvas.width = width;
      canvas.height = Math.round(width * Pad.height / Pad.width);
    }
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, canvas.width, canvas.height);
    this.write(context, width, getComputedStyle(canvas).color);
  }

  write(context, width, colour) {
    context.strokeStyle = context.fillStyle = colour;
    context.lineWidth = Pad.brush * width;
    context.lineCap = context.lineJoin = "round";
    for (const stroke of this.strokes) {
      const points = stroke.map(([x, y]) => [x * width, y * width]);
      context.beginPath();
      context.arc(...points[0], context.lineWidth / 2, 0, 2 * Math.PI); // a tap: a line without length has no ink
      context.fill();
      context.beginPath();
      context.moveTo(...points[0]);
      // From the middle between two points to the next middle, bent by the point that they share.
      points.forEach(([x, y], number) => {
        const [nextX, nextY] = points[number + 1] ?? [x, y];
        context.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
      });
      context.stroke();
    }
  }

  // Dark on white, whatever the screen's colours are.
  async picture() {
    const sheet = document.createElement("canvas");
    sheet.width = Pad.width;
    sheet.height = Pad.height;
    const context = sheet.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, Pad.width, Pad.height);
    this.write(context, Pad.width, "#000");
    const content = await new Promise((resolve) => sheet.toBlob(resolve, "image/png"));
    return new File([content], "drawing.png", { type: "image/png" });
  }
}
