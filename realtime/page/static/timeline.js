// Each person's actions over the last seconds, the present at the right edge, and a list.
import { fitted, mixed, personColour, spaced, theme } from "./colours.js";

const SPANS_S = [30, 15]; // on a wide page, on a narrow one
const NARROW = 600;
const ROWS = 3;
const FONT = "600 12px system-ui, sans-serif";
const LISTED = 8;

export class Timeline {
  #past = [];
  #head = null;

  constructor(canvas, list) {
    this.canvas = canvas;
    this.list = list;
    this.run = null;
  }

  forget() {
    [this.#past, this.#head] = [[], null];
    this.list.replaceChildren();
  }

  add(events) {
    this.#past.push(...events);
    for (const event of events) this.#name(event);
  }

  show(head) {
    if (this.#head && head.time_s < this.#head.time_s) this.#past = [];
    this.#head = head;
    this.#past = this.#past.filter((event) => event.end_s > head.time_s - SPANS_S[0]);
    this.draw();
  }

  draw() {
    if (!this.#head) return;
    const now_s = this.#head.time_s;
    const running = this.#head.people
      .filter((p) => p.action && p.action.label !== this.run.background)
      .map((p) => ({ id: p.id, ...p.action, end_s: now_s, isRunning: true }));
    const span_s = SPANS_S[this.canvas.clientWidth < NARROW ? 1 : 0];
    const events = [...this.#past, ...running].filter((event) => event.end_s > now_s - span_s);
    const people = this.#head.people.map((p) => p.id);
    const ids = [...new Set([...events.map((event) => event.id), ...people])].sort((a, b) => a - b);
    const rows = ids.slice(-ROWS);
    this.canvas.style.height = `${26 * Math.max(rows.length, 1) + 26}px`;
    const [context, width, height] = fitted(this.canvas);
    const [left, right] = [26, width - 6];
    const x = (time_s) => Math.max(right - ((now_s - time_s) / span_s) * (right - left), left);
    this.#ticks(context, x, now_s, { height, span_s });
    rows.forEach((id, row) => {
      const top = 6 + row * 26;
      context.fillStyle = personColour(id);
      context.beginPath();
      context.arc(12, top + 10, 9, 0, 2 * Math.PI);
      context.fill();
      this.#write(context, String(id), 12, top + 10.5, "#10141a", "center");
      const own = events.filter((event) => event.id === id);
      own.forEach((event, i) => {
        const end = own[i + 1] ? x(own[i + 1].start_s) : width;
        this.#bar(context, event, [x(event.start_s), x(event.end_s), end], top);
      });
    });
  }

  #ticks(context, x, now_s, { height, span_s }) {
    context.lineWidth = 1;
    for (let ago = 0; ago <= span_s; ago += 5) {
      const at = Math.round(x(now_s - ago)) + 0.5;
      context.strokeStyle = theme("line");
      context.beginPath();
      context.moveTo(at, 2);
      context.lineTo(at, height - 18);
      context.stroke();
      const words = ago ? `-${ago} s` : "now";
      this.#write(context, words, at, height - 8, theme("soft"), ago ? "center" : "right");
    }
  }

  // The name stands in the bar, or after it where the bar is short and there is room.
  #bar(context, event, [from, to, next], top) {
    const width = Math.max(to - from - 1, 2);
    const colour = personColour(event.id);
    context.fillStyle = event.isRunning ? colour : mixed(colour, -0.18);
    context.beginPath();
    context.roundRect(from, top, width, 20, 4);
    context.fill();
    const words = spaced(event.label);
    context.font = FONT;
    const needed = context.measureText(words).width + 8;
    if (needed < width) this.#write(context, words, from + 5, top + 10.5, "#10141a", "left");
    else if (needed < next - to) this.#write(context, words, to + 4, top + 10.5, theme("ink"), "left");
  }

  #write(context, words, x, y, colour, align) {
    context.font = FONT;
    context.fillStyle = colour;
    context.textAlign = align;
    context.textBaseline = "middle";
    context.fillText(words, x, y);
    context.textAlign = "left";
  }

  #name({ id, label, start_s, end_s }) {
    const item = document.createElement("li");
    item.style.setProperty("--person", personColour(id));
    const length = document.createElement("small");
    length.textContent = `${Math.max(end_s - start_s, 0).toFixed(1)} s`;
    item.append(`${id} ${spaced(label)}`, length);
    this.list.prepend(item);
    while (this.list.children.length > LISTED) this.list.lastChild.remove();
  }
}
