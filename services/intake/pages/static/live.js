// An import as it goes: server-sent events, and polling where they do not get through.
import { sentence, setNumber } from "./locale.js";
import { Pace } from "./pace.js";
import { keepTyped, searchAgain, showRecords } from "./records.js";
import { Away, fetchPage, say, swap } from "./swap.js";

const FINAL = ["finished", "rejected", "cancelled"];
const POLL_MS = 2000;
const AGAIN_MS = 10000; // when to ask for a stream anew that was refused
const RECORDS_MS = 2500; // how often records are looked at anew while they change
const SAY_MS = 10000; // how often a screen reader is told how far it is

let texts, source, poll, again, shown, told, phases = 0, askedAt = 0, saidAt = 0;
const pace = new Pace();
const live = () => document.getElementById("import");

export function followImport() {
  if (!live()) return;
  texts = JSON.parse(live().dataset.texts);
  shown = live().dataset.status;
  if (FINAL.includes(shown)) return;
  listen();
  document.addEventListener("visibilitychange", () => {
    stop(); // a hidden page needs no stream; browsers allow few
    if (!document.hidden && !FINAL.includes(shown)) listen();
  });
}

function listen() {
  stop();
  source = new EventSource(live().dataset.events);
  source.addEventListener("import", (event) => {
    clearInterval(poll);
    poll = undefined;
    onImport(JSON.parse(event.data));
  });
  source.addEventListener("error", () => {
    poll ??= setInterval(ask, POLL_MS); // until the stream is back: it tries by itself, unless it was refused
    ask();
    if (source.readyState === EventSource.CLOSED) again ??= setTimeout(listen, AGAIN_MS);
  });
}

function stop() {
  source?.close();
  clearInterval(poll);
  clearTimeout(again);
  source = poll = again = undefined;
}

async function ask() {
  let now;
  try {
    const answer = await fetch(live().dataset.api, { credentials: "same-origin" });
    if (answer.status === 401) return location.reload(); // the session ended: sign in, and come back here
    if (answer.ok) now = await answer.json();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // what fetch throws when nobody answers
  }
  if (!poll) return; // the stream is back and has told more, or there is no more to tell
  if (now) onImport(now);
  else connection(false);
}

function connection(there) {
  const lost = document.getElementById("lost");
  if (!lost || lost.hidden === there) return;
  lost.hidden = there;
  say(there ? texts.found : texts.lost);
}

async function onImport(now) {
  connection(true);
  told = now;
  if (FINAL.includes(now.status)) stop();
  if (now.status !== shown) {
    shown = now.status;
    pace.forget();
    await showPhase();
  }
  showProgress(told); // which may be more than `now` by now
  if (["running", "cancelling"].includes(told.status) && Date.now() - askedAt > RECORDS_MS) {
    askedAt = Date.now();
    showRecords(location.href, { quiet: true });
  }
}

async function showPhase() {
  const turn = ++phases;
  const address = location.href;
  try {
    const fresh = await fetchPage(address);
    if (turn !== phases) return;
    if (address !== location.href) return showPhase(); // other records were asked for meanwhile
    document.querySelector("dialog[open]")?.close();
    keepTyped(fresh);
    swap(fresh, "import");
    document.title = fresh.title;
    await searchAgain();
    say(document.getElementById("phase")?.textContent ?? "");
  } catch (error) {
    if (!(error instanceof Away)) throw error;
    if (turn === phases) setTimeout(showPhase, POLL_MS);
  }
}

function showProgress(now) {
  if (now.status !== live().dataset.status) return; // its page is on the way
  const running = ["running", "cancelling"].includes(now.status);
  const done = running ? now.progress.provisioned : now.progress.checked;
  const all = running ? now.progress.rows - now.counts.error : now.progress.rows;
  const known = running || now.progress.read_complete;
  for (const data of document.querySelectorAll("[data-live]")) setNumber(data, valueOf(now, data.dataset.live));
  const bar = document.getElementById("progress");
  if (!bar) return;
  if (known) Object.assign(bar, { max: Math.max(all, 1), value: done });
  else bar.removeAttribute("value");
  const far = running ? texts.provisioned : known ? texts.checked : texts.checked_so_far;
  const words = sentence(far, { done, all, count: done });
  document.getElementById("how-far").textContent = words;
  pace.note(done);
  document.getElementById("pace").textContent = known ? pace.words(all - done, texts) : pace.words(0, texts);
  if (Date.now() - saidAt > SAY_MS) {
    saidAt = Date.now();
    say(words);
  }
}

const valueOf = (now, path) => path.split(".").reduce((value, name) => value[name], now);
