// Makes the form quicker where scripts run: a chosen or dropped picture is sent at once.
"use strict";

const form = document.getElementById("upload");
const input = document.getElementById("image");
const status = document.getElementById("status");

form.classList.add("enhanced");

function send() {
  if (input.files.length > 0) form.requestSubmit();
}

form.addEventListener("submit", () => {
  const count = input.files.length;
  status.textContent = count > 1 ? `Reading ${count} pictures…` : "Reading the picture…";
  form.classList.add("busy");
});

// A page that the browser brings back from its history is idle again.
window.addEventListener("pageshow", () => {
  status.textContent = "";
  form.classList.remove("busy");
});

input.addEventListener("change", send);

// Beside the form the browser would leave the page and open the file.
for (const name of ["dragover", "drop"]) {
  window.addEventListener(name, (event) => event.preventDefault());
}

for (const name of ["dragover", "dragleave", "drop"]) {
  form.addEventListener(name, (event) => {
    event.preventDefault();
    form.classList.toggle("over", name === "dragover");
  });
}

form.addEventListener("drop", (event) => {
  if (event.dataTransfer.files.length === 0) return;
  input.files = event.dataTransfer.files;
  send();
});
