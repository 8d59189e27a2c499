// The connection to the server: token first, then words as JSON and frames with their picture.
const UNKNOWN = 4401;
const words = {
  4401: "This page's token is not the server's: open the address that gastlive printed when it started.",
  4503: "Eight pages watch already: close one of them, then reload.",
};

// The token comes in the address's fragment and stays in this tab, not in the history.
function token() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    sessionStorage.setItem("token", given);
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem("token") ?? "";
}

export class Link extends EventTarget {
  #socket = null;
  #token = token();
  #pause = 250;
  #offset = { ms: 0, trip: Infinity };

  constructor() {
    super();
    window.addEventListener("hashchange", () => { this.#token = token(); this.#socket?.close(); });
    setInterval(() => this.#ping(), 2000);
  }

  get isOpen() { return this.#socket?.readyState === WebSocket.OPEN; }

  open() {
    const socket = new WebSocket(`ws://${location.host}/socket`);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      socket.send(JSON.stringify({ token: this.#token }));
      this.#offset = { ms: 0, trip: Infinity };
      this.#ping();
    };
    socket.onmessage = ({ data }) => this.#heard(data);
    socket.onclose = ({ code }) => {
      this.#tell("gone", { words: words[code] ?? "The server is gone; looking for it." });
      const pause = code === UNKNOWN ? 5000 : this.#pause;
      this.#pause = Math.min(this.#pause * 2, 4000);
      setTimeout(() => this.open(), pause);
    };
    this.#socket = socket;
  }

  send(message) { if (this.isOpen) this.#socket.send(JSON.stringify(message)); }

  // A picture with its head: the head's length, the head, the JPEG.
  sendPicture(head, jpeg) {
    if (!this.isOpen) return;
    const text = new TextEncoder().encode(JSON.stringify(head));
    const whole = new Uint8Array(4 + text.length + jpeg.byteLength);
    new DataView(whole.buffer).setUint32(0, text.length, true);
    whole.set(text, 4);
    whole.set(new Uint8Array(jpeg), 4 + text.length);
    this.#socket.send(whole);
  }

  // The server's clock, seconds, at a moment of this page's, milliseconds.
  serverTime(ms) { return (ms + this.#offset.ms) / 1000; }

  async download(name) {
    const answer = await fetch(`recordings/${encodeURIComponent(name)}`, {
      headers: { Authorization: `Bearer ${this.#token}` },
    });
    if (!answer.ok) throw new Error(`${name} can't be had: ${answer.status}`);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }

  #ping() { this.send({ kind: "ping", sent: performance.now() }); }

  // The clocks differ by what the shortest way there and back says; older ones count for less.
  #pong({ sent, now_s }) {
    const now = performance.now();
    const trip = now - sent;
    if (trip <= this.#offset.trip * 1.1) this.#offset = { ms: now_s * 1000 - (sent + now) / 2, trip };
  }

  #heard(data) {
    if (typeof data !== "string") {
      const length = new DataView(data).getUint32(0, true);
      const head = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
      const jpeg = data.byteLength > 4 + length ? new Blob([new Uint8Array(data, 4 + length)]) : null;
      return this.#tell("frame", { head, jpeg });
    }
    const message = JSON.parse(data);
    if (message.kind === "pong") return this.#pong(message);
    if (message.kind === "state") this.#pause = 250;
    this.#tell(message.kind, message);
  }

  #tell(kind, detail) { this.dispatchEvent(new CustomEvent(kind, { detail })); }
}
