// Lifted bodies on a floor, metres, to be turned: drag, wheel, arrow keys, + and -.
import { fitted, personColour, sideColour, theme } from "./colours.js";

const TRAIL_S = 1.2;
const GAP_M = 1.4;
const WRISTS = ["left_wrist", "right_wrist"];
const rad = (degrees) => (degrees * Math.PI) / 180;

export class Bodies {
  #yaw = 0;
  #pitch = rad(10);
  #zoom = 1;
  #floor = new Map();
  #trails = new Map();
  #head = null;

  constructor(canvas) {
    this.canvas = canvas;
    this.isMirrored = false;
    this.run = null;
    this.#listen();
  }

  look(yaw, pitch) {
    [this.#yaw, this.#pitch, this.#zoom] = [rad(yaw), rad(pitch), 1];
    this.draw();
  }

  forget() {
    this.#floor.clear();
    this.#trails.clear();
  }

  show(head) {
    this.#head = head;
    for (const { id, xyz } of head.people) if (xyz) this.#follow(id, xyz, head.time_s);
    for (const [id, trail] of this.#trails) {
      if (!trail.length || head.time_s - trail.at(-1).time_s > TRAIL_S) this.#trails.delete(id);
    }
    this.draw();
  }

  draw() {
    this.canvas.dataset.turned = `${this.#yaw.toFixed(2)} ${this.#pitch.toFixed(2)} ${this.#zoom.toFixed(2)}`;
    const [context, width, height] = fitted(this.canvas);
    const people = (this.#head?.people ?? []).filter((p) => p.xyz && p.xyz[0][0] !== null);
    people.sort((a, b) => this.#across(a) - this.#across(b));
    const scale = this.#zoom * Math.min(height / 2.5, width / (GAP_M * people.length + 0.6));
    const floor = Math.max(...people.map((p) => this.#floor.get(p.id) ?? 0.9), 0.6);
    const view = (point) => {
      const [x, y] = this.#turned(point);
      return [width / 2 + x * scale, height * 0.48 + y * scale];
    };
    this.#ground(context, view, floor, GAP_M * people.length);
    people.forEach((person, i) => {
      const shift = GAP_M * (i - (people.length - 1) / 2);
      const place = ([x, y, z]) => view([(this.isMirrored ? -x : x) + shift, y, z]);
      this.#trail(context, person.id, place);
      this.#body(context, person, place);
    });
    this.#scale(context, scale, height);
  }

  // Camera axes: x right, y down, z forward. Positive pitch looks down from above.
  #turned([x, y, z]) {
    const [sin, cos] = [Math.sin(this.#yaw), Math.cos(this.#yaw)];
    const [across, deep] = [cos * x - sin * z, sin * x + cos * z];
    return [across, Math.cos(this.#pitch) * y - Math.sin(this.#pitch) * deep,
      Math.sin(this.#pitch) * y + Math.cos(this.#pitch) * deep];
  }

  #across({ xy, xyz }) {
    const xs = (xy ?? xyz).map(([x]) => x).filter((x) => x !== null);
    return (this.isMirrored ? -1 : 1) * (xs.reduce((sum, x) => sum + x, 0) / Math.max(xs.length, 1));
  }

  // The floor is under the lowest joint, and stays while a foot is lifted.
  #follow(id, xyz, time_s) {
    const lowest = Math.max(...xyz.map(([, y]) => y ?? 0), 0.05);
    const before = this.#floor.get(id) ?? lowest;
    this.#floor.set(id, Math.min(Math.max(lowest, before + 0.03 * (lowest - before)), 1.2));
    const trail = this.#trails.get(id) ?? [];
    if (trail.length && time_s < trail.at(-1).time_s) trail.length = 0;
    const at = WRISTS.map((name) => xyz[this.run.joints.indexOf(name)]);
    trail.push({ time_s, at });
    while (time_s - trail[0].time_s > TRAIL_S) trail.shift();
    this.#trails.set(id, trail);
  }

  #ground(context, view, floor, span) {
    const side = Math.ceil(Math.max(span / 2, 1) * 2) / 2;
    context.strokeStyle = theme("grid");
    context.lineWidth = 1;
    context.beginPath();
    for (let x = -side; x <= side + 0.01; x += 0.5) {
      context.moveTo(...view([x, floor, -1]));
      context.lineTo(...view([x, floor, 1]));
    }
    for (let z = -1; z <= 1.01; z += 0.5) {
      context.moveTo(...view([-side, floor, z]));
      context.lineTo(...view([side, floor, z]));
    }
    context.stroke();
  }

  #body(context, { id, xyz, visible }, place) {
    const deep = (bone) => bone.reduce((sum, j) => sum + this.#turned(xyz[j])[2], 0);
    const bones = [...this.run.bones].sort((a, b) => deep(b) - deep(a));
    context.lineCap = "round";
    for (const [child, parent] of bones) {
      const isSeen = !visible || (visible[child] && visible[parent]);
      const ends = [place(xyz[child]), place(xyz[parent])];
      for (const [stroke, width] of [["rgb(10 14 20 / 55%)", 7], [sideColour(this.run.joints[child], id), 4.6]]) {
        context.strokeStyle = stroke;
        context.lineWidth = isSeen ? width : width / 3;
        context.beginPath();
        context.moveTo(...ends[0]);
        context.lineTo(...ends[1]);
        context.stroke();
      }
    }
    const top = this.run.joints.indexOf("head");
    if (top >= 0) {
      context.fillStyle = personColour(id);
      context.beginPath();
      context.arc(...place(xyz[top]), 7, 0, 2 * Math.PI);
      context.fill();
    }
    this.#letters(context, id, xyz, place);
  }

  #letters(context, id, xyz, place) {
    context.font = "600 12px system-ui, sans-serif";
    context.fillStyle = theme("ink");
    context.textBaseline = "middle";
    for (const [name, letter] of [["left_wrist", "L"], ["right_wrist", "R"]]) {
      const joint = xyz[this.run.joints.indexOf(name)];
      if (!joint) continue;
      const [x, y] = place(joint);
      context.fillText(letter, x + 7, y);
    }
  }

  #trail(context, id, place) {
    const trail = this.#trails.get(id) ?? [];
    const now_s = trail.at(-1)?.time_s ?? 0;
    context.lineWidth = 2;
    WRISTS.forEach((name, side) => {
      context.strokeStyle = sideColour(name, id);
      for (let i = 1; i < trail.length; i += 1) {
        const [from, to] = [trail[i - 1].at[side], trail[i].at[side]];
        if (!from || !to || from[0] === null || to[0] === null) continue;
        context.globalAlpha = 0.7 * (1 - (now_s - trail[i].time_s) / TRAIL_S);
        context.beginPath();
        context.moveTo(...place(from));
        context.lineTo(...place(to));
        context.stroke();
      }
    });
    context.globalAlpha = 1;
  }

  #scale(context, scale, height) {
    const length = scale > 260 ? 0.25 : scale > 130 ? 0.5 : 1;
    context.strokeStyle = theme("ink");
    context.fillStyle = theme("ink");
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(12, height - 16);
    context.lineTo(12, height - 10);
    context.lineTo(12 + length * scale, height - 10);
    context.lineTo(12 + length * scale, height - 16);
    context.stroke();
    context.font = "12px system-ui, sans-serif";
    context.textBaseline = "alphabetic";
    context.fillText(`${length} m`, 18, height - 15);
  }

  #listen() {
    const turn = (across, down) => {
      this.#yaw += across;
      this.#pitch = Math.min(Math.max(this.#pitch + down, rad(-20)), rad(90));
      this.draw();
    };
    const zoom = (factor) => {
      this.#zoom = Math.min(Math.max(this.#zoom * factor, 0.4), 4);
      this.draw();
    };
    this.canvas.addEventListener("pointerdown", (event) => this.canvas.setPointerCapture(event.pointerId));
    this.canvas.addEventListener("pointermove", (event) => {
      if (event.buttons) turn(event.movementX * 0.01, event.movementY * 0.01);
    });
    this.canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      zoom(Math.exp(-event.deltaY * 0.001));
    }, { passive: false });
    this.canvas.addEventListener("dblclick", () => this.look(0, 10));
    const keys = {
      ArrowLeft: () => turn(-0.12, 0), ArrowRight: () => turn(0.12, 0),
      ArrowUp: () => turn(0, -0.12), ArrowDown: () => turn(0, 0.12),
      "+": () => zoom(1.15), "-": () => zoom(1 / 1.15), Home: () => this.look(0, 10),
    };
    this.canvas.addEventListener("keydown", (event) => {
      if (!keys[event.key]) return;
      event.preventDefault();
      keys[event.key]();
    });
  }
}
