// Drop or choose a file, and see it go. Without this the form sends itself.
import { sentence } from "./locale.js";
import { say } from "./swap.js";

export function offerUpload() {
  const form = document.getElementById("upload");
  if (!form) return;
  const texts = JSON.parse(form.dataset.texts);
  const input = form.elements.file;
  offerDrop(form.querySelector(".drop"), input);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!input.files.length) refuse(form, texts.no_file);
    else if (input.files[0].size > Number(form.dataset.mostBytes)) refuse(form, form.dataset.tooLarge); // the server would hang up
    else send(form, texts);
  });
}

function offerDrop(zone, input) {
  for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
    zone.addEventListener(kind, (event) => {
      event.preventDefault();
      zone.classList.toggle("is-over", kind === "dragenter" || kind === "dragover");
    });
  }
  zone.addEventListener("drop", (event) => {
    if (event.dataTransfer.files.length) input.files = event.dataTransfer.files;
  });
}

function send(form, texts) {
  const request = new XMLHttpRequest();
  const button = form.querySelector("button.main");
  const fields = new FormData();
  for (const name of ["type", "emails"]) fields.append(name, new FormData(form).get(name));
  fields.append("file", form.elements.file.files[0]);
  show(form, { value: 0, words: sentence(texts.uploading, { file: form.elements.file.files[0].name }) });
  button.disabled = true;
  request.upload.addEventListener("progress", (event) => {
    const percent = Math.floor((100 * event.loaded) / event.total);
    show(form, { value: percent, words: percent < 100 ? sentence(texts.uploaded, { percent: `${percent} %` }) : texts.storing });
  });
  request.addEventListener("load", () => {
    const body = JSON.parse(request.responseText || "{}");
    if (request.status === 202) location.assign(`/imports/${body.id}`);
    else if (request.status === 401) location.reload();
    else refuse(form, body.detail ?? texts.lost);
  });
  request.addEventListener("error", () => refuse(form, texts.lost));
  request.open("POST", form.dataset.api);
  request.setRequestHeader("X-CSRF-Token", form.elements.csrf.value);
  request.setRequestHeader("Idempotency-Key", crypto.randomUUID?.() ?? String(Math.random()));
  request.send(fields);
}

function show(form, { value, words }) {
  const progress = document.getElementById("upload-progress");
  progress.hidden = false;
  document.getElementById("refused").hidden = true;
  progress.querySelector("progress").value = value;
  progress.querySelector("p").textContent = words;
  if (value === 0 || value === 100) say(words);
}

function refuse(form, why) {
  document.getElementById("upload-progress").hidden = true;
  form.querySelector("button.main").disabled = false;
  const refused = document.getElementById("refused");
  refused.hidden = false;
  refused.querySelector("p").textContent = why;
  refused.focus();
}
