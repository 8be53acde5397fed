// A list in which something is under way looks anew every few seconds, while it is looked at.
import { Away, fetchPage, swap } from "./swap.js";

const EVERY_MS = 3000;

export function refreshLists() {
  if (!document.querySelector("[data-refresh]")) return;
  const timer = setInterval(async () => {
    if (document.hidden) return;
    try {
      const fresh = await fetchPage(document.querySelector("[data-refresh]").dataset.refresh || location.href);
      for (const list of document.querySelectorAll("[data-refresh]")) swap(fresh, list.id);
      if (!document.querySelector("[data-refresh]")) clearInterval(timer);
    } catch (error) {
      if (!(error instanceof Away)) throw error;
    }
  }, EVERY_MS);
}
