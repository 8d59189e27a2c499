// Colours of people and sides; ids have the colours of the recorded video.
const PEOPLE = ["#4fc3f7", "#ffb74d", "#74d684", "#fa70a6", "#fde35e", "#be8ce8", "#50c8be", "#f06e6e"];

export const personColour = (id) => PEOPLE[(id - 1) % PEOPLE.length];

export function mixed(hex, amount) {
  const end = amount > 0 ? 255 : 0;
  const parts = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  return `rgb(${parts.map((part) => Math.round(part + (end - part) * Math.abs(amount))).join(" ")})`;
}

// A bone's colour: the person's own left is lighter, right darker.
export function sideColour(joint, id) {
  if (joint.startsWith("left_")) return mixed(personColour(id), 0.45);
  if (joint.startsWith("right_")) return mixed(personColour(id), -0.35);
  return personColour(id);
}

const style = getComputedStyle(document.documentElement);
export const theme = (name) => style.getPropertyValue(`--${name}`).trim();

// A canvas in device pixels; draws in CSS pixels. Returns its context, width and height.
export function fitted(canvas) {
  const scale = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const [across, down] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== across || canvas.height !== down) {
    canvas.width = across;
    canvas.height = down;
  }
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return [context, width, height];
}

export const spaced = (label) => label.replaceAll("_", " ");

// The name of what somebody does; of the background class nothing.
export function doing(person, background) {
  return person.action && person.action.label !== background ? spaced(person.action.label) : "";
}
