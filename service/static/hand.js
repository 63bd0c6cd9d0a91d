// A hand that writes a number on the pad by itself, for those who would rather watch, or cannot draw.
"use strict";

// The strokes of each digit: points x, y in hundredths of its height; a bar lifts the pen.
const STROKES = [
  "38,4 18,14 6,42 10,76 28,96 48,92 62,66 60,30 48,8 34,3",
  "14,20 34,4 33,40 31,97",
  "8,26 16,8 36,2 54,12 55,32 40,58 8,95 30,91 62,95",
  "10,14 28,3 50,8 54,26 44,42 26,47 46,52 60,68 54,88 32,97 6,88",
  "34,3 24,30 8,62 34,63 66,61|46,34 45,66 43,98",
  "18,5 16,24 13,44 32,40 52,50 58,72 46,92 26,97 6,88|18,5 36,5 56,3",
  "48,3 28,20 12,50 8,78 22,96 44,94 56,76 48,58 30,54 12,68",
  "6,8 34,8 62,5 46,38 34,66 26,98",
  "52,16 34,3 14,12 16,32 36,46 56,66 54,88 32,97 12,88 10,68 30,48 50,32 52,16",
  "54,18 36,3 14,14 10,36 26,50 44,42 54,20 53,50 50,74 44,98",
].map((digit) => digit.split("|").map((stroke) => stroke.split(" ").map((point) => point.split(",").map(Number))));

const NUMBERS = ["42", "73", "256", "314", "404", "1729", "1984", "2048"];
const SPEED = 0.022; // of the pad's width, each time the screen is drawn

// Ends early where somebody else draws, undoes or clears.
async function writeByItself(pad, number = NUMBERS[Math.floor(NUMBERS.length * Math.random())]) {
  const patient = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  const frame = () => patient && new Promise(requestAnimationFrame);
  const size = Math.min(0.5, 1.05 / number.length); // a digit's height, of the pad's width
  const slant = 0.16 * Math.random() - 0.03; // everybody's hand leans its own way
  const left = 0.5 - (0.78 * number.length - 0.14) * size / 2;
  for (const [place, digit] of [...number].entries()) {
    const [drift, middle] = [Math.random() - 0.5, Pad.height / Pad.width / 2];
    for (const stroke of STROKES[digit]) {
      const path = alongside(stroke.map(([x, y]) => [
        left + size * (0.78 * place + x / 100 + slant * (0.5 - y / 100)),
        middle + size * (y / 100 - 0.5 + 0.05 * drift),
      ]));
      const mine = pad.lower(path[0]);
      for (const point of path) {
        await frame();
        if (pad.strokes.at(-1) !== mine) return;
        pad.draw([point]);
      }
      pad.lift();
      for (let pause = 0; pause < 8; pause++) await frame();
    }
  }
}

// Points at equal steps along a Catmull-Rom curve through those that are given.
function alongside(points) {
  const path = [points[0]];
  points.slice(1).forEach((c, place) => {
    const b = points[place];
    const [a, d] = [points[place - 1] ?? b, points[place + 2] ?? c];
    const steps = Math.ceil(Math.hypot(c[0] - b[0], c[1] - b[1]) / SPEED);
    for (let step = 1; step <= steps; step++) {
      const t = step / steps;
      path.push([0, 1].map((axis) => b[axis] + t / 2 * (c[axis] - a[axis]
        + t * (2 * a[axis] - 5 * b[axis] + 4 * c[axis] - d[axis]
        + t * (3 * (b[axis] - c[axis]) + d[axis] - a[axis])))));
    }
  });
  return path;
}
