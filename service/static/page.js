// Sends drawings and pictures without leaving the page. What comes back is the page that visitors without
// scripts get; its answers are taken out of it and shown here, so there is one way to draw an answer.
"use strict";

const CADENCE = 250; // milliseconds from a stroke's first ink to the question about it
const READ = 4000; // milliseconds that a short sentence stays over the pad
const SETTLED = 900; // milliseconds without a change after which a drawing's answer is read out

const find = (id) => document.getElementById(id);
const [ask, form, answers, status, boxes] = ["ask", "upload", "answers", "status", "boxes"].map(find);
const [image, camera, undo, clear] = ["image", "camera", "undo", "clear"].map(find);
const welcome = [...answers.childNodes];
const title = document.title;
document.documentElement.classList.add("scripted");
boxes.setAttribute("viewBox", `0 0 ${Pad.width} ${Pad.height}`);

let question = null; // the AbortController of the one request under way
let repeat = null; // asks the latest question once more
let wanted = false; // whether the drawing has changed since it was last sent
let nextAsk, nextWord;
let lastWord = "";
let shown = welcome;

const pad = new Pad(find("pad"), (how) => {
  ask.classList.toggle("drawn", !pad.empty);
  const focused = document.activeElement;
  undo.disabled = !pad.undoable;
  clear.disabled = pad.empty;
  // A button that has done its work gives the keyboard's focus to the next one.
  if (focused.disabled) (undo.disabled ? image : undo).focus({ preventScroll: true });
  clearTimeout(nextWord);
  status.textContent = "";
  if (how === "step" || question?.uploaded) forget();
  if (pad.empty) return show(welcome);
  wanted ||= how !== "rest";
  goOn();
});

// The next thing to do about a drawing: ask, or read the answer out. While an answer is on its way
// both wait for it, so there is never more than one question under way.
function goOn() {
  if (question !== null) return;
  if (wanted) nextAsk ??= setTimeout(askAboutDrawing, CADENCE);
  else nextWord = setTimeout(sayAnswer, SETTLED);
}

// An answer to what is no longer asked must not appear.
function forget() {
  question?.abort();
  question = null;
  wanted = false;
  clearTimeout(nextWord);
  clearTimeout(nextAsk);
  nextAsk = undefined;
  status.textContent = lastWord = "";
  ask.classList.remove("busy");
  boxes.replaceChildren();
}

async function askAboutDrawing() {
  nextAsk = undefined;
  wanted = false;
  const mine = (question = new AbortController());
  const picture = await pad.picture();
  if (question === mine) await send([picture], mine, askAboutDrawing);
}

function upload(files) {
  if (files.length === 0) return;
  forget();
  ask.classList.add("busy");
  status.textContent = files.length > 1 ? `Reading ${files.length} pictures…` : "Reading the picture…";
  question = new AbortController();
  question.uploaded = true;
  send(files, question, () => upload(files));
}

async function send(files, mine, again) {
  repeat = again;
  const body = new FormData();
  for (const file of files) body.append("image", file, file.name);
  let reply, code;
  try {
    const headers = { Accept: "text/html" };
    const answer = await fetch(form.action, { method: "POST", body, headers, signal: mine.signal });
    code = answer.status;
    reply = await replyIn(answer);
  } catch {
    reply = null; // no network, or a question that was given up
  }
  if (question === mine) answered(reply ?? failure(), code, mine.uploaded);
}

// The part of an answer that is shown. Before a request reaches the page, a server short of threads
// answers it with a problem document, and a proxy in between with a page of its own, which is null here.
async function replyIn(answer) {
  const text = await answer.text();
  if (answer.headers.get("Content-Type")?.startsWith("application/problem+json")) {
    return failure(JSON.parse(text).detail);
  }
  return new DOMParser().parseFromString(text, "text/html").getElementById("answers");
}

function failure(sentence) {
  const reply = find("silence").content.cloneNode(true);
  if (sentence) reply.querySelector("p").textContent = sentence;
  return reply;
}

function answered(reply, code, uploaded) {
  question = null;
  ask.classList.remove("busy");
  status.textContent = "";
  const again = reply.querySelector(".again");
  if (again) again.hidden = code >= 400 && code < 500 && code !== 429;
  if (uploaded) corrections?.given.clear();
  else moveBoxesOntoPad(reply);
  if (uploaded && !again) pad.clear(); // its answer gives way to this one; undo brings it back
  show([...reply.childNodes]);
  document.title = reply.ownerDocument.title || title;
  if (!uploaded) return goOn();
  if (answers.getBoundingClientRect().top > innerHeight / 2) answers.scrollIntoView();
  sayAnswer();
}

// The drawing is on the page already: only the boxes around its digits are new.
function moveBoxesOntoPad(reply) {
  boxes.replaceChildren(...reply.querySelectorAll(".frame rect"));
  reply.querySelector("figure")?.remove();
}

function show(nodes) {
  if (nodes === welcome) document.title = title;
  shown = nodes;
  render();
}

// What came from the service stays as it is: what people do with it is shown in a copy.
function render() {
  const copy = document.createElement("div");
  copy.append(...shown.map((node) => node.cloneNode(true)));
  corrections?.dress(copy);
  morph(answers, [...copy.childNodes]);
}

const corrections = typeof Corrections === "undefined" ? null : new Corrections(answers, boxes, {
  silence: find("silence").content.querySelector("p").textContent,
  changed: render,
  say,
});

// Said to everybody for a while, or only to those who listen.
function say(words, quietly = false) {
  clearTimeout(nextWord);
  const spoken = document.createElement("span");
  spoken.className = quietly ? "spoken" : "";
  spoken.textContent = words;
  status.replaceChildren(spoken);
  if (!quietly) nextWord = setTimeout(() => status.replaceChildren(), READ);
}

// Read out once for each answer that stays, not for every stroke. Errors are alerts by themselves.
function sayAnswer() {
  if (pad.drawing) return;
  const words = [...answers.querySelectorAll("article h2, .verdict")].map((part) => part.innerText);
  const word = words.join(". ").replace(/\s+/g, " ");
  if (word === lastWord) return;
  lastWord = word;
  say(word, true);
}

undo.addEventListener("click", () => pad.undo());
clear.addEventListener("click", () => pad.clear());
answers.addEventListener("click", (event) => {
  if (event.target.closest(".again")) repeat();
  if (!event.target.closest("#show")) return;
  writeByItself(pad);
  undo.focus({ preventScroll: true });
  ask.scrollIntoView({ block: "nearest" });
});

for (const input of [image, camera]) {
  input.addEventListener("change", () => {
    upload([...input.files]);
    input.value = ""; // so that the same file can be chosen again
  });
}

window.addEventListener("keydown", (event) => {
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.repeat && !event.isComposing;
  const writes = event.target.closest?.("input:not([type=file]), textarea, select, [contenteditable]");
  if (plain && !writes && !pad.drawing && !question?.uploaded && corrections?.press(event.key)) {
    event.preventDefault();
  }
  if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "z") {
    event.preventDefault();
    pad.undo();
  }
});

window.addEventListener("paste", (event) => {
  const files = [...event.clipboardData.files];
  if (files.length > 0) upload(files);
  else status.textContent = "The clipboard holds no picture: copy one, then paste it here.";
});

// Without these the browser would leave the page and open the file.
for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
  window.addEventListener(name, (event) => {
    event.preventDefault();
    const leaves = name === "drop" || (name === "dragleave" && event.relatedTarget === null);
    const carriesFiles = event.dataTransfer.types.includes("Files");
    document.body.classList.toggle("dropping", carriesFiles && !leaves);
    if (name === "drop") upload([...event.dataTransfer.files]);
  });
}
