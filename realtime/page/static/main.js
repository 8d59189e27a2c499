// Joins the connection with what shows it.
import { Bars } from "./bars.js";
import { Bodies } from "./body.js";
import { Camera } from "./camera.js";
import { Link } from "./link.js";
import { Panel } from "./panel.js";
import { Picture } from "./picture.js";
import { Teach } from "./teach.js";
import { Timeline } from "./timeline.js";

const element = (id) => document.getElementById(id);
const link = new Link();
const camera = new Camera(link);
const panel = new Panel(link, camera);
const picture = new Picture(element("picture"));
const bodies = new Bodies(element("bodies"));
const timeline = new Timeline(element("timeline"), element("events"));
const bars = new Bars(element("bars"));
const teach = new Teach(link);
const parts = [picture, bodies, timeline, bars, teach];

const AGES_MS = 10_000;
let ages = []; // of the last seconds: [when drawn, milliseconds since capture]
let drawing = Promise.resolve();
let shown = null; // the frame that is drawn, to draw it again when colours or sizes change
let runs = "";
let runNumber = 0;

// A mirror is what people expect of their own camera, and of nothing else.
function mirror(isOn) {
  element("mirror").checked = isOn;
  picture.isMirrored = bodies.isMirrored = teach.isMirrored = isOn;
  redraw();
}

function redraw() {
  if (!shown) return picture.clear("no picture yet");
  picture.draw(shown.head, shown.image);
  bodies.draw();
  timeline.draw();
  teach.draw();
}

function begin({ number, ...run }) {
  runNumber = number;
  if (JSON.stringify(run) === runs) return;
  runs = JSON.stringify(run);
  for (const part of parts) part.run = run;
  for (const part of [bodies, timeline, bars]) part.forget();
  [ages, shown] = [[], null];
}

async function show({ head, jpeg }) {
  const own = camera.answered(head.index);
  if (!picture.run) return;
  if (camera.what && !own) return; // of a picture that was given up
  const image = own ? own.image : jpeg && !document.hidden ? await createImageBitmap(jpeg) : null;
  if (head.run !== runNumber) return image?.close(); // of the run before: its labels are others
  if (!document.hidden) {
    picture.draw(head, image);
    bodies.show(head);
    timeline.show(head);
    bars.show(head, performance.now());
  }
  teach.show(head);
  shown?.image?.close();
  shown = { head, image };
  const now = performance.now();
  ages.push([now, own ? now - own.captured : 1000 * (link.serverTime(now) - head.captured_s)]);
  figures(head.figures, now);
}

let due = 0;
function figures(chain, now) {
  if (now < due) return;
  due = now + 500;
  ages = ages.filter(([when]) => now - when < AGES_MS);
  const sorted = ages.map(([, ms]) => ms).sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)];
  const both = (p50, p99) => `${p50.toFixed(0)} / ${p99.toFixed(0)} ms`;
  element("page-age").textContent = both(at(0.5), at(0.99));
  element("page-age").dataset.frames = String(sorted.length);
  if (!chain.age_ms) return;
  element("age").textContent = both(chain.age_ms.p50, chain.age_ms.p99);
  element("fps").textContent = chain.fps.toFixed(1);
  element("dropped").textContent = String(chain.dropped + (camera.what ? camera.skipped : 0));
}

link.addEventListener("state", ({ detail }) => {
  panel.state(detail);
  if (detail.run) begin(detail.run);
  teach.state(detail);
});
link.addEventListener("noticed", ({ detail }) => panel.notice(detail.words));
link.addEventListener("frame", ({ detail }) => {
  drawing = drawing.then(() => show(detail)).catch((error) => console.error(error));
  drawing = drawing.then(() => link.send({ kind: "shown" }));
});
link.addEventListener("events", ({ detail }) => timeline.add(detail.events));
link.addEventListener("camera", ({ detail }) => {
  if (!camera.what) return;
  link.send({ kind: "pictures", wanted: false });
  mirror(camera.what === "camera");
  camera.granted(detail.next);
});
camera.onclose = () => {
  link.send({ kind: "pictures", wanted: true });
  mirror(false);
};
link.addEventListener("taken", ({ detail }) => {
  panel.notice(detail.words);
  camera.close();
});
link.addEventListener("refused", ({ detail }) => {
  panel.notice(detail.words);
  if (camera.what) camera.close();
});
link.addEventListener("gone", ({ detail }) => panel.gone(detail.words));

element("mirror").addEventListener("change", ({ target }) => mirror(target.checked));
for (const button of element("views").children) {
  button.addEventListener("click", () => bodies.look(Number(button.dataset.yaw), Number(button.dataset.pitch)));
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
new ResizeObserver(redraw).observe(element("picture"));
link.open();
