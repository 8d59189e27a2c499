// Actions are shown to the camera, looked through, and taught.
import { fitted, spaced, theme } from "./colours.js";

const element = (id) => document.getElementById(id);
const HEIGHT_M = 2.3; // what a figure of a strip has room for, of which so much is above the hips
const ABOVE = 0.55;

function made(kind, name, ...children) {
  const it = document.createElement(kind);
  it.className = name;
  it.append(...children);
  return it;
}

// A tone for those who stand too far away to read.
class Tone {
  #context = null;

  wake() { this.#context ??= new AudioContext(); }

  play(hertz, seconds) {
    if (!this.#context) return;
    const [tone, volume] = [this.#context.createOscillator(), this.#context.createGain()];
    tone.frequency.value = hertz;
    volume.gain.value = 0.12;
    tone.connect(volume).connect(this.#context.destination);
    tone.start();
    tone.stop(this.#context.currentTime + seconds);
  }
}

export class Teach {
  #state = {};
  #takes = new Map(); // by number: the take's elements
  #tone = new Tone();
  #said = ""; // of the cue

  constructor(link) {
    this.link = link;
    this.run = null;
    this.isMirrored = false;
    element("showing").addEventListener("submit", (event) => {
      event.preventDefault();
      const label = element("action").value.trim();
      if (!label) return element("action").focus();
      this.#show({ label, takes: Number(element("count").value) });
    });
    element("show-others").addEventListener("click", () => this.#show({ label: "" }));
    for (const kind of ["stop", "undo", "export", "teach"]) {
      element(kind).addEventListener("click", () => {
        if (kind === "teach") element("teach").disabled = true; // until the answer is there
        link.send({ kind });
      });
    }
    link.addEventListener("exported", ({ detail }) => link.download(detail.name));
  }

  state(state) {
    this.#state = state;
    element("teaching").hidden = !state.takes;
    if (!state.takes) return;
    const { lesson, takes, taught } = state;
    for (const id of ["show", "show-others"]) element(id).disabled = Boolean(lesson);
    element("stop").hidden = !lesson;
    element("undo").disabled = !state.can_undo;
    element("export").disabled = !takes.length;
    element("teach").disabled = !takes.some(({ label }) => label) || state.status.is !== "running";
    this.#list(takes);
    this.#heads(taught ?? []);
    if (!lesson) this.#cue("", "");
  }

  // What is to be done at the moment of a frame.
  show({ time_s }) {
    const { lesson } = this.#state;
    if (!lesson) return;
    const now = lesson.begin_s === null ? 0 : time_s - lesson.begin_s;
    const part = lesson.parts.find(([, , , stop]) => now < stop);
    if (!part) return this.#cue("", "");
    const [label, number, start, stop] = part;
    const what = label ? `${spaced(label)}, ${number} of ${lesson.parts.length}` : "anything else";
    const left = Math.ceil((now < start ? start : stop) - now);
    if (now < start) this.#cue(`${what} in ${left}`, "wait");
    else this.#cue(label ? `now: ${spaced(label)}` : `anything else: ${left} s`, "now");
  }

  draw() {
    for (const { take, canvas } of this.#takes.values()) this.#strip(canvas, take);
  }

  #show(wish) {
    this.#tone.wake();
    this.link.send({ kind: "take", countdown_s: Number(element("countdown").value), ...wish });
  }

  #cue(words, is) {
    const cue = element("cue");
    if (words === this.#said) return;
    if (is === "now" && cue.dataset.is !== "now") this.#tone.play(880, 0.25);
    if (is !== "now" && cue.dataset.is === "now") this.#tone.play(440, 0.25);
    this.#said = cue.textContent = words;
    cue.dataset.is = is;
    cue.hidden = !words;
  }

  #list(takes) {
    const numbers = new Set(takes.map(({ number }) => number));
    for (const [number, { root }] of this.#takes) {
      if (numbers.has(number)) continue;
      root.remove();
      this.#takes.delete(number);
    }
    takes.forEach((take, i) => {
      if (!this.#takes.has(take.number)) this.#takes.set(take.number, this.#made(take));
      const parts = this.#takes.get(take.number);
      if (element("takes").children[i] !== parts.root) {
        element("takes").insertBefore(parts.root, element("takes").children[i] ?? null);
      }
      this.#fill(parts, take);
    });
  }

  #made({ number, label, seconds }) {
    const what = label ? spaced(label) : "anything else";
    const [name, length, words] = [made("span", ""), made("small", ""), made("p", "unlike-words")];
    const remove = made("button", "", "Remove");
    remove.type = "button";
    remove.setAttribute("aria-label", `Remove ${what}, ${seconds} s`);
    remove.addEventListener("click", () => this.link.send({ kind: "remove", number }));
    const canvas = made("canvas", "");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `Figures of ${what}`);
    const ends = ["Beginning", "End"].map((end) => {
      const input = document.createElement("input");
      Object.assign(input, { type: "range", min: 0, max: seconds, step: 0.05 });
      input.setAttribute("aria-label", `${end} of ${what}, seconds`);
      input.addEventListener("input", () => this.#moved(number));
      input.addEventListener("change", () => this.#trimmed(number));
      return input;
    });
    const box = made("div", "ends", ...ends);
    box.hidden = !label;
    const root = made("li", "", made("div", "what", name, length, remove), canvas, box, words);
    return { root, name, length, words, canvas, ends, take: null };
  }

  #fill(parts, take) {
    const isNew = JSON.stringify(parts.take) !== JSON.stringify(take);
    parts.take = take;
    if (!isNew) return;
    parts.name.textContent = take.label ? spaced(take.label) : "anything else";
    parts.root.classList.toggle("unlike", take.unlike);
    parts.words.textContent = take.unlike ? `Unlike the others, which make it ${spaced(take.said)}.` : "";
    parts.words.hidden = !take.unlike;
    parts.ends.forEach((input, i) => { input.value = take.stretch[i]; });
    this.#moved(take.number);
  }

  #moved(number) {
    const parts = this.#takes.get(number);
    const [start, stop] = parts.ends.map((input) => Number(input.value));
    parts.length.textContent = `${Math.max(stop - start, 0).toFixed(1)} s`;
    this.#strip(parts.canvas, { ...parts.take, stretch: [start, stop] });
  }

  #trimmed(number) {
    const { ends, take } = this.#takes.get(number);
    const [start_s, stop_s] = ends.map((input) => Number(input.value));
    if (stop_s > start_s) return this.link.send({ kind: "trim", number, start_s, stop_s });
    ends.forEach((input, i) => { input.value = take.stretch[i]; });
    this.#moved(number);
  }

  // Some moments of a take as figures, those of the action bright.
  #strip(canvas, { poses, seconds, stretch, label }) {
    if (!this.run || !canvas.clientWidth) return;
    const [context, width, height] = fitted(canvas);
    const [from, to] = stretch.map((time) => (time / seconds) * width);
    if (label) {
      context.fillStyle = theme("line");
      context.fillRect(from, 0, to - from, height);
    }
    const scale = height / HEIGHT_M;
    poses.forEach((pose, i) => {
      const time = (i / (poses.length - 1)) * seconds;
      const middle = ((i + 0.5) / poses.length) * width;
      const isPart = label && time >= stretch[0] && time <= stretch[1];
      context.strokeStyle = theme(isPart ? "accent" : "soft");
      context.lineWidth = isPart ? 2 : 1.2;
      context.lineCap = "round";
      const turn = this.isMirrored ? -1 : 1;
      for (const [child, parent] of this.run.bones) {
        context.beginPath();
        for (const [x, y] of [pose[child], pose[parent]]) {
          context.lineTo(middle + turn * scale * x, height * ABOVE + scale * y);
        }
        context.stroke();
      }
    });
  }

  #heads(heads) {
    const items = heads.map(({ name, file, words }) => {
      const save = made("button", "", "Download head");
      save.type = "button";
      save.setAttribute("aria-label", `Download ${file}`);
      save.addEventListener("click", () => this.link.download(file));
      return made("li", "", made("span", "", `${name}: ${words}`), save);
    });
    element("taught").replaceChildren(...items);
  }
}
