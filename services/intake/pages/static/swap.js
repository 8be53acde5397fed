// Replaces parts of the page with the same parts of a fresh one: no reload, no flicker, focus and scroll stay.
import { localise } from "./locale.js";

export class Away extends Error {}

export async function fetchPage(address, options = {}) {
  let answer, text;
  try {
    answer = await fetch(address, { credentials: "same-origin", ...options });
    text = await answer.text();
  } catch {
    throw new Away();
  }
  if (answer.redirected && new URL(answer.url).pathname === "/sign-in") {
    location.assign(location.href); // the session ended: sign in, and come back here
    throw new Away();
  }
  if (!answer.ok) throw new Away();
  return new DOMParser().parseFromString(text, "text/html");
}

export function swap(fresh, id) {
  const before = document.getElementById(id);
  const after = fresh.getElementById(id);
  if (!before || !after) return false;
  const placed = document.adoptNode(after);
  localise(placed);
  if (before.isEqualNode(placed)) return true;
  const focused = before.contains(document.activeElement) ? document.activeElement.id : "";
  before.replaceWith(placed);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  return true;
}

export function say(text) {
  const said = document.getElementById("said");
  if (said && said.textContent !== text) said.textContent = text;
}
