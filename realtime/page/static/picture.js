// The camera's picture with skeletons, ids and the names of what people do.
import { doing, fitted, personColour, sideColour, theme } from "./colours.js";

export class Picture {
  constructor(canvas) {
    this.canvas = canvas;
    this.isMirrored = false;
    this.run = null;
  }

  // `image` is what canvases draw, or null; joints are in pixels of the camera's picture.
  draw(head, image) {
    this.canvas.style.aspectRatio = `${head.width} / ${head.height}`;
    const [context, across, down] = fitted(this.canvas);
    const scale = Math.min(across / head.width, down / head.height);
    const left = (across - head.width * scale) / 2;
    const top = (down - head.height * scale) / 2;
    const place = ([x, y]) => {
      if (x === null || y === null) return null;
      return [left + scale * (this.isMirrored ? head.width - x : x), top + scale * y];
    };
    if (image) this.#image(context, image, [left, top, head.width * scale, head.height * scale]);
    for (const person of head.people) this.#person(context, person, place, Math.max(scale, 0.7));
    for (const person of head.people) this.#tag(context, person, place, [across, down]);
    this.#describe(head);
  }

  #image(context, image, [left, top, width, height]) {
    context.save();
    if (this.isMirrored) {
      context.translate(2 * left + width, 0);
      context.scale(-1, 1);
    }
    context.drawImage(image, left, top, width, height);
    context.restore();
  }

  #person(context, { id, xy, visible }, place, unit) {
    if (!xy) return;
    const points = xy.map(place);
    context.lineCap = "round";
    for (const [child, parent] of this.run.bones) {
      if (!points[child] || !points[parent]) continue;
      const isSeen = visible[child] && visible[parent];
      const colour = sideColour(this.run.joints[child], id);
      const strokes = isSeen ? [["rgb(10 14 20 / 70%)", 5.5], [colour, 3.2]] : [[colour, 1]];
      for (const [stroke, width] of strokes) {
        context.strokeStyle = stroke;
        context.lineWidth = width * unit;
        context.beginPath();
        context.moveTo(...points[child]);
        context.lineTo(...points[parent]);
        context.stroke();
      }
    }
    context.fillStyle = "#fff";
    points.forEach((point, joint) => {
      if (!point || !visible[joint]) return;
      context.beginPath();
      context.arc(...point, 2 * unit, 0, 2 * Math.PI);
      context.fill();
    });
  }

  #tag(context, person, place, [across, down]) {
    const points = (person.xy ?? []).filter((_, i) => person.visible[i]).map(place).filter(Boolean);
    if (!points.length) return;
    const words = `${person.id}  ${doing(person, this.run.background)}`.trim();
    context.font = "600 15px system-ui, sans-serif";
    const width = context.measureText(words).width + 16;
    const middle = points.reduce((sum, [x]) => sum + x, 0) / points.length;
    const x = Math.min(Math.max(middle - width / 2, 2), Math.max(across - width - 2, 2));
    const y = Math.min(Math.max(Math.min(...points.map((p) => p[1])) - 40, 2), down - 28);
    context.fillStyle = personColour(person.id);
    context.beginPath();
    context.roundRect(x, y, width, 26, 6);
    context.fill();
    context.fillStyle = "#10141a";
    context.textBaseline = "middle";
    context.fillText(words, x + 8, y + 13.5);
  }

  #describe(head) {
    const people = head.people.map((p) => `person ${p.id} ${doing(p, this.run.background)}`.trim());
    const words = `The picture, ${people.join(", ") || "nobody in view"}`;
    if (this.canvas.getAttribute("aria-label") !== words) this.canvas.setAttribute("aria-label", words);
  }

  clear(words) {
    const [context, across, down] = fitted(this.canvas);
    context.fillStyle = theme("soft");
    context.font = "15px system-ui, sans-serif";
    context.textAlign = "center";
    context.fillText(words, across / 2, down / 2, across - 20);
    context.textAlign = "start";
  }
}
