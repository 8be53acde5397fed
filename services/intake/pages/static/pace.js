// Rows per second over the last seconds, and how long the rest will take.
import { sentence } from "./locale.js";

const WINDOW_MS = 8000;

export class Pace {
  #seen = [];

  forget() {
    this.#seen = [];
  }

  note(done, at = performance.now()) {
    this.#seen.push([at, done]);
    while (this.#seen.length > 2 && at - this.#seen[0][0] > WINDOW_MS) this.#seen.shift();
  }

  get perSecond() {
    if (this.#seen.length < 2) return 0;
    const [[from, before], [until, now]] = [this.#seen[0], this.#seen.at(-1)];
    return until - from < 500 ? 0 : ((now - before) * 1000) / (until - from);
  }

  words(left, texts) {
    const rate = Math.round(this.perSecond);
    if (!rate) return "";
    const words = [sentence(texts.rate, { rate })];
    const seconds = Math.ceil(left / rate);
    if (seconds >= 90) words.push(sentence(texts.minutes_left, { count: Math.round(seconds / 60) }));
    else if (seconds > 0) words.push(sentence(texts.seconds_left, { count: seconds }));
    return words.join(" · ");
  }
}
