// The likeliest names of each person, and how sure the head is.
import { doing, personColour, spaced } from "./colours.js";

const ROWS = 5;
const PEOPLE = 3;
const EVERY_MS = 100;

function made(kind, name, ...children) {
  const element = document.createElement(kind);
  element.className = name;
  element.append(...children);
  return element;
}

export class Bars {
  #blocks = new Map();
  #due = 0;

  constructor(box) {
    this.box = box;
    this.empty = box.firstElementChild;
    this.run = null;
  }

  forget() {
    for (const block of this.#blocks.values()) block.root.remove();
    this.#blocks.clear();
    this.empty.hidden = false;
  }

  show(head, now) {
    if (now < this.#due) return;
    this.#due = now + EVERY_MS;
    const people = head.people.filter((person) => person.probabilities).slice(0, PEOPLE);
    const ids = new Set(people.map((person) => person.id));
    for (const [id, block] of this.#blocks) {
      if (!ids.has(id)) {
        block.root.remove();
        this.#blocks.delete(id);
      }
    }
    this.empty.hidden = people.length > 0;
    this.empty.textContent = head.people.length ? "no action yet" : "nobody in view";
    const rows = people.length > 1 ? 3 : ROWS;
    for (const person of people) this.#fill(this.#block(person.id), person, rows);
  }

  #block(id) {
    if (!this.#blocks.has(id)) {
      const title = document.createElement("h3");
      const rows = Array.from({ length: ROWS }, () => {
        const [fill, name, share] = ["fill", "name", "share"].map((part) => made("span", part));
        return { root: made("div", "row", made("div", "gauge", fill, name), share), fill, name, share };
      });
      const root = made("div", "person", title, ...rows.map((row) => row.root));
      root.style.setProperty("--person", personColour(id));
      this.box.append(root);
      this.#blocks.set(id, { root, title, rows });
    }
    return this.#blocks.get(id);
  }

  #fill({ title, rows }, person, count) {
    const { labels, background } = this.run;
    title.textContent = `Person ${person.id}: ${doing(person, background) || "no action"}`;
    const odds = person.probabilities.map((p, i) => [p ?? 0, labels[i]]).sort((a, b) => b[0] - a[0]);
    rows.forEach((row, i) => {
      row.root.hidden = i >= count || i >= odds.length;
      if (row.root.hidden) return;
      const [share, label] = odds[i];
      row.root.classList.toggle("decided", label === person.action?.label && label !== background);
      row.fill.style.width = `${(100 * share).toFixed(1)}%`;
      row.name.textContent = spaced(label);
      row.share.textContent = share.toFixed(2);
    });
  }
}
