// Choices, recording, and what the server says of itself.
const element = (id) => document.getElementById(id);
const GROUPS = ["source", "lifter", "head"];
const KINDS = { mp4: "video", jsonl: "keypoints", events: "events", bvh: "BVH" };

function size(bytes) {
  return bytes < 1e6 ? `${Math.max(Math.round(bytes / 1e3), 1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

export class Panel {
  #state = {};
  #since = null;

  constructor(link, camera) {
    [this.link, this.camera] = [link, camera];
    for (const group of GROUPS) {
      element(group).addEventListener("change", ({ target }) => this.#choose(group, target.value));
    }
    element("film").addEventListener("change", ({ target }) => this.#film(target.files[0]));
    element("film").addEventListener("cancel", () => this.#choices());
    element("record").addEventListener("click", () => {
      link.send({ kind: "record", on: !this.#state.recording?.on });
    });
    element("controls").addEventListener("submit", (event) => event.preventDefault());
    setInterval(() => this.#clock(), 500);
  }

  state(state) {
    const before = this.#state;
    this.#state = state;
    this.#status(state.status);
    this.#choices();
    this.#recordings();
    this.#cameras();
    const source = state.chosen?.source;
    const isOther = before.chosen && before.chosen.source !== source;
    if (isOther && this.camera.what && source !== this.camera.what) this.camera.close();
    if (!before.chosen && this.camera.what) {
      this.link.send({ kind: "choose", source: this.camera.what }); // after a lost connection
    }
    element("where").textContent = state.run?.source ?? "";
  }

  gone(words) {
    this.#status({ is: "gone", words });
    this.#state = {};
  }

  // Say something that concerns this viewer alone; nothing takes it away again.
  notice(words) {
    element("notice").textContent = words;
    element("notice").hidden = !words;
  }

  #status(status) {
    const words = status?.words || { running: "running", loading: "loading" }[status?.is] || "";
    element("status").dataset.is = status?.is ?? "loading";
    if (element("status").textContent !== words) element("status").textContent = words;
  }

  #choices() {
    const { choices, chosen, recording } = this.#state;
    element("controls").hidden = !choices && !recording;
    for (const group of GROUPS) {
      const options = choices?.[group];
      element(`${group}-box`).hidden = !options;
      if (!options) continue;
      const select = element(group);
      const there = [...select.options].map((option) => option.value).join();
      if (there !== options.map(({ name }) => name).join()) {
        select.replaceChildren(...options.map(({ name, title }) => new Option(title, name)));
      }
      select.value = chosen[group];
    }
  }

  async #choose(group, name) {
    this.notice("");
    if (group === "source" && name === "film") return element("film").click();
    try {
      if (name === "camera") await this.camera.openCamera();
      else if (group === "source") this.camera.close();
      this.link.send({ kind: "choose", [group]: name });
    } catch (error) {
      this.notice(`${error.name === "NotAllowedError" ? "The browser was not allowed to use the camera." : error.message}`);
      this.#choices();
    }
  }

  async #film(file) {
    element("film").value = "";
    if (!file) return this.#choices();
    try {
      await this.camera.openFilm(file);
      this.link.send({ kind: "choose", source: "film" });
    } catch (error) {
      this.notice(error.message);
      this.#choices();
    }
  }

  #clock() {
    const on = this.#state.recording?.on ?? false;
    if (on && this.#since === null) this.#since = performance.now();
    if (!on) this.#since = null;
    const seconds = Math.floor((performance.now() - (this.#since ?? 0)) / 1000);
    const clock = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    element("record").textContent = on ? `Stop ${clock}` : "Record";
  }

  #recordings() {
    const { recording, recordings } = this.#state;
    element("record").hidden = !recording;
    element("kept").hidden = !recordings;
    element("record").setAttribute("aria-pressed", String(recording?.on ?? false));
    this.#clock();
    if (!recordings) return;
    const items = recordings.map((one) => this.#recording(one));
    if (!items.length) {
      const none = document.createElement("li");
      none.className = "empty";
      none.textContent = "none yet: Record begins one";
      items.push(none);
    }
    element("recordings").replaceChildren(...items);
  }

  #cameras() {
    const cameras = this.#state.cameras;
    element("several").hidden = !cameras;
    element("cameras").replaceChildren(...(cameras ?? []).map((one) => this.#camera(one)));
  }

  #camera({ name, source, words }) {
    const item = document.createElement("li");
    const what = document.createElement("span");
    what.className = "when";
    what.textContent = `${name} · ${source} · ${words}`;
    item.append(what);
    for (const [does, again] of [["Restart", true], ["Take away", false]]) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = does;
      button.disabled = !again && words === "taken away";
      button.setAttribute("aria-label", `${does} ${name}`);
      button.addEventListener("click", () => {
        this.notice("");
        this.link.send({ kind: "camera", name, again });
      });
      item.append(button);
    }
    return item;
  }

  #recording({ name, seconds, people, files, words }) {
    const item = document.createElement("li");
    const when = document.createElement("span");
    when.className = "when";
    when.textContent = `${name.replace("_", " ").replaceAll("-", (_, at) => (at > 10 ? ":" : "-"))} · ${seconds.toFixed(1)} s · ${people} ${people === 1 ? "person" : "people"}${words ? ` · ${words}` : ""}`;
    item.append(when);
    for (const { name: file, kind, bytes } of files) {
      const button = document.createElement("button");
      button.type = "button";
      const who = file.match(/person(\d+)\./)?.[1]; // a BVH is one person's
      button.textContent = `${KINDS[kind] ?? kind}${who ? ` of ${who}` : ""} ${size(bytes)}`;
      button.setAttribute("aria-label", `Download ${file}`);
      button.addEventListener("click", () => this.link.download(file).catch((e) => this.notice(e.message)));
      item.append(button);
    }
    return item;
  }
}
