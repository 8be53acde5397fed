// Filters, pages and search of records, without leaving the page. Filters stand in the URL; what is searched for does not:
// it stays in this tab, and travels in the body of a request.
import { sentence } from "./locale.js";
import { Away, fetchPage, say, swap } from "./swap.js";

const PART = "records-part"; // without its heading, which keeps the focus of who reads on
const MAILS_MS = 4000; // how often records are looked at anew while their mails are on their way
const PAUSE_MS = 300; // between the last key and the search
let newest = 0;

const part = () => document.getElementById(PART);
const key = () => `search:${part().dataset.import}`;
const used = () => part()?.contains(document.activeElement);
const statusOf = (page) => page.getElementById("import")?.dataset.status;
const sought = () => sessionStorage.getItem(key()) ?? "";

export async function showRecords(address, { quiet = false } = {}) {
  if (!part()) return;
  const turn = quiet ? newest : ++newest; // what somebody asked for is overtaken by nothing else
  if (!quiet) part().classList.add("is-loading");
  try {
    const fresh = await (sought() ? fetchFound(address) : fetchPage(address));
    if (turn !== newest || statusOf(fresh) !== statusOf(document)) return; // what is newer is here, or comes with its phase
    if (!quiet || !used()) {
      keepTyped(fresh);
      swap(fresh, PART);
    }
    swap(fresh, "tiles");
    if (!document.querySelector("dialog[open]")) swap(fresh, "emails");
    else part().dataset.moving = ""; // so that it is looked at after the answer
    if (!quiet) say(sentence(JSON.parse(part().dataset.shown), { count: Number(part().dataset.count) }));
  } catch (error) {
    if (!(error instanceof Away)) throw error;
    if (!quiet && turn === newest) tellLost(address);
  } finally {
    part()?.classList.remove("is-loading");
  }
}

// The address has changed and the records have not: that must be seen.
function tellLost(address) {
  const lost = document.getElementById("records-lost");
  if (!lost) return;
  lost.querySelector("a").href = address;
  lost.hidden = false;
}

function fetchFound(address) {
  const url = new URL(address, location.href);
  const body = new URLSearchParams(url.search);
  body.set("q", sought());
  body.set("csrf", part().dataset.csrf);
  return fetchPage(`/imports/${part().dataset.import}/records`, { method: "POST", body });
}

// What somebody types while the answer is on its way stays.
export function keepTyped(fresh) {
  const now = document.activeElement;
  const then = now?.id && used() && fresh.getElementById(now.id);
  if (!then || !then.matches("input")) return;
  then.setAttribute("value", now.value);
  const place = now.selectionStart; // null for numbers
  if (place !== null) queueMicrotask(() => document.getElementById(now.id)?.setSelectionRange(place, place));
}

function go(address) {
  history.pushState({}, "", address);
  return showRecords(address);
}

// The link that was followed may be gone: reading goes on at the heading.
function toTheTop() {
  document.getElementById("records")?.scrollIntoView({ block: "start" });
  document.getElementById("records-title")?.focus({ preventScroll: true });
}

function addressOf(form) {
  const filled = [...new FormData(form)].filter(([, value]) => value !== "");
  return `${form.getAttribute("action").split("#")[0]}?${new URLSearchParams(filled)}`;
}

function search(text) {
  if (text.trim()) sessionStorage.setItem(key(), text);
  else sessionStorage.removeItem(key());
  const url = new URL(location.href);
  for (const name of ["after", "row", "trail"]) url.searchParams.delete(name);
  history.replaceState({}, "", url);
  return showRecords(url.href);
}

// What is searched for does not stand in the address: a page that came by it shows all records.
export async function searchAgain() {
  if (part() && sought()) await showRecords(location.href);
}

// On the whole document: the part itself may come later, and is replaced by newer ones.
export function browseRecords() {
  let typing;
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-records]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(link.href).then(toTheTop);
  });
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-filters]");
    if (form && event.target.matches("select")) go(addressOf(form));
  });
  document.addEventListener("submit", (event) => {
    if (event.target.matches("form[data-filters]")) {
      event.preventDefault();
      go(addressOf(event.target));
    } else if (event.target.matches("form[data-search]")) {
      event.preventDefault();
      clearTimeout(typing);
      search(event.submitter?.name === "clear" ? "" : document.getElementById("q").value);
    } else if (event.submitter?.dataset.page) {
      event.preventDefault();
      go(new URL(event.submitter.dataset.page, location.href.split("?")[0]).href).then(toTheTop);
    }
  });
  document.addEventListener("input", (event) => {
    if (event.target.id !== "q") return;
    clearTimeout(typing);
    typing = setTimeout(() => search(event.target.value), PAUSE_MS);
  });
  addEventListener("popstate", () => showRecords(location.href));
  setInterval(() => {
    if (part()?.hasAttribute("data-moving") && !document.hidden) showRecords(location.href, { quiet: true });
  }, MAILS_MS);
  searchAgain();
}
