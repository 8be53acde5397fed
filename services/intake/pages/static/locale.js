// Times in the reader's zone, numbers as their locale writes them.
const times = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const exactly = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
const numbers = new Intl.NumberFormat();

export const shownNumber = (value) => numbers.format(value);

export function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    time.textContent = times.format(moment);
    time.title = exactly.format(moment);
  }
  for (const data of root.querySelectorAll("data[data-number]")) data.textContent = shownNumber(Number(data.value));
}

export function setNumber(data, value) {
  data.value = String(value);
  data.textContent = shownNumber(value);
}

// A sentence of the catalogue with its parameters. Sentences with `one` and `other` are chosen by `count`.
export function sentence(text, params = {}) {
  const chosen = typeof text === "string" ? text : (params.count === 1 && text.one) || text.other;
  return chosen.replace(/\{(\w+)\}/g, (_, name) => {
    const value = params[name];
    return typeof value === "number" ? shownNumber(value) : value;
  });
}
