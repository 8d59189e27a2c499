// This browser's camera, or a video file of its own, as the server's source: one picture at a time,
// the next when the last was answered, always the newest.
const WIDTH = 640;
const HEIGHT = 480;
const PATIENCE_MS = 1000; // an answer that takes longer doesn't come
const FRESH_MS = 12; // a picture older than this is not sent any more: the next is near

export class Camera {
  #link;
  #video = document.createElement("video");
  #coder = new Worker("coder.js");
  #last = null; // the picture on its way: index, image, captured
  #newest = null; // when the picture that the video shows was captured
  #next = 0;
  #run = 0; // counts starts, so that what an earlier one began ends
  #url = null;

  constructor(link) {
    this.#link = link;
    this.what = null; // "camera", "film", or null
    this.onclose = () => {};
    this.skipped = 0;
    this.#video.muted = true;
    this.#video.playsInline = true;
    this.#coder.onmessage = ({ data }) => this.#coded(data);
  }

  async openCamera() {
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new Error("Browsers give a page their camera only at localhost or by https.");
    }
    const video = { width: { ideal: WIDTH }, height: { ideal: HEIGHT }, frameRate: { ideal: 30 } };
    const stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
    this.close();
    this.#video.srcObject = stream;
    stream.getVideoTracks()[0].onended = () => this.close();
    this.what = "camera";
    await this.#video.play();
  }

  async openFilm(file) {
    this.close();
    this.#url = URL.createObjectURL(file);
    this.#video.src = this.#url;
    this.#video.loop = true;
    try {
      await this.#video.play();
    } catch {
      this.close();
      throw new Error(`${file.name} is no video that this browser plays.`);
    }
    this.what = "film";
  }

  close() {
    this.#run += 1;
    for (const track of this.#video.srcObject?.getTracks() ?? []) track.stop();
    this.#video.pause();
    this.#video.srcObject = null;
    this.#video.removeAttribute("src");
    if (this.#url) URL.revokeObjectURL(this.#url);
    const wasOpen = this.what !== null;
    [this.what, this.#last, this.#newest, this.#url] = [null, null, null, null];
    if (wasOpen) this.onclose();
  }

  // The server takes pictures from here, numbered from `next`.
  granted(next) {
    this.#next = next;
    this.#last = null;
    this.#run += 1;
    this.#watch(this.#run);
  }

  // The image of an answered picture and when it was captured; null of another's.
  answered(index) {
    const last = this.#last;
    if (!last || last.index !== index) return null;
    this.#last = null;
    if (this.#newest !== null && performance.now() - this.#newest < FRESH_MS) this.#take();
    return last;
  }

  #watch(run) {
    this.#video.requestVideoFrameCallback((now, { captureTime }) => {
      if (run !== this.#run || !this.what) return;
      if (this.#newest !== null) this.skipped += 1; // nobody took the one before
      this.#newest = captureTime ?? now;
      const isLost = this.#last && performance.now() - this.#last.sent > PATIENCE_MS;
      if (!this.#last || isLost) this.#take();
      this.#watch(run);
    });
  }

  async #take() {
    const captured = this.#newest;
    this.#newest = null;
    const last = { index: this.#next, captured, sent: performance.now(), image: null };
    [this.#last, this.#next] = [last, this.#next + 1];
    const { videoWidth, videoHeight } = this.#video;
    const scale = Math.min(1, Math.max(WIDTH, HEIGHT) / Math.max(videoWidth, videoHeight, 1));
    const size = { resizeWidth: Math.round(videoWidth * scale), resizeHeight: Math.round(videoHeight * scale) };
    try {
      last.image = await createImageBitmap(this.#video, size);
      const copy = await createImageBitmap(last.image);
      this.#coder.postMessage({ index: last.index, image: copy }, [copy]);
    } catch {
      if (this.#last === last) this.#last = null; // the video was closed or has no picture
    }
  }

  #coded({ index, jpeg }) {
    if (this.#last?.index !== index) return;
    const captured_s = this.#link.serverTime(this.#last.captured);
    this.#link.sendPicture({ index, captured_s }, jpeg);
  }
}
