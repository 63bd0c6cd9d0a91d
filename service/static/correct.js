// Corrections: which digit is chosen, what people say that it is, and how they take it back.
"use strict";

const make = (name, className, textContent) =>
  Object.assign(document.createElement(name), { className, textContent });

class Corrections {
  // `silence`: what to say where no service answers; `changed()`: show the answers again.
  constructor(answers, boxes, { silence, changed, say }) {
    Object.assign(this, { answers, boxes, silence, changed, say });
    this.template = document.getElementById("yours").content.firstElementChild;
    this.given = new Map(); // the small picture of a digit -> what it was said to be, and the id of that
    this.inputs = []; // the small pictures of the answer's digits
    this.forms = [];
    this.wish = null; // the digit that somebody chose
    this.unfolded = null; // whether the chosen digit shows its buttons; null: if it is the only one
    this.trouble = null; // what went wrong, with which digit
    this.turn = Promise.resolve(); // one correction after the other
    answers.addEventListener("click", (event) => this.click(event));
    answers.addEventListener("submit", (event) => {
      event.preventDefault();
      this.correct(this.placeOf(event.target), event.submitter.value);
    });
    answers.addEventListener("focusin", ({ target }) => {
      // By keyboard; a click chooses by itself.
      if (target.matches("summary:focus-visible")) this.choose(this.placeOf(target), false);
    });
  }

  // Shows in an answer what was chosen and corrected since. Where the small picture is the
  // same as before, it is the same digit.
  dress(answer) {
    const digits = [...answer.querySelectorAll(".digit")];
    this.forms = digits.map((digit) => digit.querySelector(".wrong form"));
    const times = {}; // of two that look the same, each is another digit
    this.inputs = this.forms.map(({ elements: { input } }) => {
      times[input.value] = (times[input.value] ?? 0) + 1;
      return `${input.value} ${times[input.value]}`;
    });
    this.place = this.chosen();
    for (const article of answer.querySelectorAll("article")) {
      const parts = article.querySelectorAll(".digit");
      const frame = article.querySelectorAll(".frame rect");
      parts.forEach((digit, number) => {
        const place = digits.indexOf(digit);
        this.dressDigit(digit, place, (frame.length > 0 ? frame : this.boxes.children)[number]);
      });
      if (article.querySelector(".digit.yours")) this.dressNumber(article, parts);
    }
    const how = digits[this.place]?.closest("article").querySelector(".how");
    if (!how) return;
    how.hidden = false;
    how.textContent = digits.length > 1
      ? "Wrong? Press the right digit for the framed one; ← → choose."
      : "Wrong? Press the right digit on the keyboard.";
  }

  dressDigit(digit, place, box) {
    const chosen = place === this.place && this.inputs.length > 1;
    const details = digit.querySelector(".wrong");
    const yours = this.given.get(this.inputs[place]);
    for (const part of [digit, box]) {
      part?.classList.toggle("chosen", chosen);
      part?.classList.toggle("yours", Boolean(yours));
    }
    if (chosen) digit.setAttribute("aria-current", "true");
    details.open = place === this.place && (this.unfolded ?? this.inputs.length === 1);
    if (yours) {
      const number = digit.querySelector(".number");
      const [share, word] = digit.querySelectorAll(".read span");
      share.textContent = `It read ${number.textContent}`;
      word.textContent = "yours";
      word.className = "own";
      number.textContent = yours.digit;
      const thanks = this.template.cloneNode(true);
      thanks.querySelector("b").textContent = yours.digit;
      details.replaceWith(thanks);
    }
    if (this.trouble?.input === this.inputs[place]) {
      const alert = make("p", "trouble", `${this.trouble.sentence} `);
      alert.setAttribute("role", "alert");
      if (this.trouble.passes) alert.append(make("button", "quiet retry", "Try again"));
      digit.append(alert);
    }
  }

  dressNumber(article, digits) {
    const text = article.querySelector(".text");
    const read = text.textContent;
    text.replaceChildren(...[...digits].map((digit) =>
      make(digit.matches(".yours") ? "mark" : "span", "", digit.querySelector(".number").textContent)));
    article.querySelector(".said").textContent = "You say it is";
    const verdict = article.querySelector(".verdict");
    const [word, share] = verdict.children;
    verdict.className = "verdict own";
    word.textContent = "Corrected";
    share.textContent = `It read ${read}, ${share.textContent}`;
    article.querySelector(".answer .hint:not(.how)")?.remove();
  }

  // The place of the digit that somebody chose, as long as it is there, or of the one that is least sure.
  chosen() {
    const { input, place } = this.wish ?? {};
    const found = this.inputs[place] === input ? place ?? -1 : this.inputs.indexOf(input);
    if (found >= 0) return found;
    this.wish = this.unfolded = null;
    const shares = this.forms.map((form) => Number(form.elements.confidence.value));
    return shares.indexOf(Math.min(...shares));
  }

  choose(place, unfolded = this.unfolded) {
    this.wish = { input: this.inputs[place], place };
    this.unfolded = unfolded;
    this.changed();
  }

  click(event) {
    const { target } = event;
    const place = this.placeOf(target);
    if (target.closest(".back")) return this.takeBack(place);
    if (target.closest(".retry")) return this.trouble.again();
    if (target.closest(".wrong summary")) {
      event.preventDefault(); // which of them is open is shown by dress
      return this.choose(place, !target.closest("details").open);
    }
    if (place >= 0 && !target.closest("form")) this.choose(place);
  }

  // A key on the page: says whether it meant something here.
  press(key) {
    if (this.inputs.length === 0) return false;
    if (/^[0-9]$/.test(key)) {
      this.correct(this.place, key);
      return true;
    }
    const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
    if (step === undefined || this.inputs.length < 2) return false;
    const focused = this.answers.contains(document.activeElement);
    const place = (this.place + step + this.inputs.length) % this.inputs.length;
    this.choose(place);
    const digit = this.digit(place);
    digit.scrollIntoView({ block: "nearest" });
    if (focused) digit.querySelector("summary, .back").focus({ preventScroll: true });
    else this.say(`Digit ${place + 1} of ${this.inputs.length}: ${digit.querySelector(".number").textContent}`, true);
    return true;
  }

  placeOf(node) {
    const digits = [...this.answers.querySelectorAll(".digit")];
    const box = node.closest(".frame rect");
    if (!box) return digits.indexOf(node.closest(".digit"));
    const [article, boxes] = [box.closest("article"), [...box.parentNode.querySelectorAll("rect")]];
    return digits.indexOf(article.querySelectorAll(".digit")[boxes.indexOf(box)]);
  }

  digit(place) {
    return this.answers.querySelectorAll(".digit")[place];
  }

  correct(place, digit) {
    const [input, form] = [this.inputs[place], this.forms[place]];
    const fields = new URLSearchParams(new FormData(form));
    fields.set("digit", digit);
    this.wish = { input, place };
    this.act(input, () => this.correct(this.inputs.indexOf(input), digit), async () => {
      const before = this.given.get(input);
      if (before?.digit !== digit) {
        const answer = await this.fetch(form.action, { method: "POST", body: fields });
        this.given.set(input, { digit, id: (await answer.json()).id, address: form.action });
        if (before) this.fetch(`${before.address}/${before.id}`, { method: "DELETE" }).catch(() => {});
      }
      this.say(`Thank you: it is ${digit}.`);
    });
  }

  takeBack(place) {
    const input = this.inputs[place];
    this.act(input, () => this.takeBack(this.inputs.indexOf(input)), async () => {
      const before = this.given.get(input);
      if (!before) return;
      await this.fetch(`${before.address}/${before.id}`, { method: "DELETE" }, 404);
      this.given.delete(input);
      this.say("Taken back.");
    });
  }

  // What was asked last is done last, also by a slow network.
  act(input, again, work) {
    this.turn = this.turn.then(async () => {
      this.trouble = null;
      try {
        await work();
      } catch ({ message, passes }) {
        this.trouble = { input, again, passes, sentence: message };
      }
      const place = this.inputs.indexOf(input);
      const focused = this.digit(place)?.contains(document.activeElement);
      this.changed();
      if (focused) this.digit(place)?.querySelector(".back, .retry, summary")?.focus({ preventScroll: true });
    });
  }

  async fetch(address, options, allowed) {
    const headers = { Accept: "application/json" };
    const answer = await fetch(address, { ...options, headers }).catch(() => null);
    if (answer?.ok || (answer && answer.status === allowed)) return answer;
    const known = answer?.headers.get("Content-Type")?.startsWith("application/problem+json");
    const error = new Error(known ? (await answer.json()).detail : this.silence);
    throw Object.assign(error, { passes: !(answer?.status < 500) || answer.status === 429 });
  }
}
