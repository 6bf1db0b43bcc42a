/**
 * The camera as a scanner. Where the browser itself can read a QR code, it does; elsewhere, as on
 * iPhones, our own reader looks at the frames. More than one code of the kind that is looked for is
 * refused: guessing would charge a bystander, or pay one.
 */

import { pause } from "./pause.js";
import { readCodes } from "./qr_read.js";

const LOOK_EVERY_MS = 150;
// Our reader needs three pixels for a module, and its work grows with the area.
const LOOK_AT_MOST_PX = 960;

/** @typedef {(view: HTMLVideoElement) => Promise<string[]>} Reader the texts of the codes in view */
/** @typedef {{accepts: (text: string) => boolean, onCode: (text: string) => void,
 *   onMany: () => void}} Finder onCode is called once */

/** A plain http address beyond this machine has no camera. */
export function canScan() {
  return navigator.mediaDevices !== undefined;
}

/** @returns {Promise<Reader>} */
async function findReader() {
  const Barcodes = /** @type {any} */ (globalThis).BarcodeDetector;
  const formats = (await Barcodes?.getSupportedFormats()) ?? [];
  if (!formats.includes("qr_code")) return framesReader();
  const detector = new Barcodes({ formats: ["qr_code"] });
  return async (view) =>
    (await detector.detect(view)).map((/** @type {{rawValue: string}} */ found) => found.rawValue);
}

/** @returns {Reader} */
function framesReader() {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  return async (view) => {
    const scale = Math.min(1, LOOK_AT_MOST_PX / Math.max(view.videoWidth, view.videoHeight, 1));
    canvas.width = Math.floor(view.videoWidth * scale);
    canvas.height = Math.floor(view.videoHeight * scale);
    if (context === null || canvas.width === 0 || canvas.height === 0) return [];
    context.drawImage(view, 0, 0, canvas.width, canvas.height);
    return readCodes(context.getImageData(0, 0, canvas.width, canvas.height));
  };
}

export class Camera {
  #stream = /** @type {?MediaStream} */ (null);
  #wanted = 0;

  /** @param {HTMLVideoElement} view */
  constructor(view) {
    this.view = view;
  }

  get isOn() {
    return this.#stream !== null;
  }

  /** Raises what getUserMedia does: no camera, or not allowed. @param {Finder} finder */
  async start({ accepts, onCode, onMany }) {
    const wanted = ++this.#wanted;
    const video = { facingMode: "environment", width: { ideal: 1280 } };
    const [read, stream] = await Promise.all([
      findReader(),
      navigator.mediaDevices.getUserMedia({ video }),
    ]);
    this.#stream = stream;
    // Stopped while the owner was being asked: the light must not stay on.
    if (wanted !== this.#wanted) return this.stop();
    this.view.srcObject = stream;
    this.view.hidden = false;
    await this.view.play();
    while (this.isOn && wanted === this.#wanted) {
      const codes = [...new Set((await read(this.view)).filter(accepts))];
      if (!this.isOn || wanted !== this.#wanted) return;
      if (codes.length === 1) {
        this.stop();
        onCode(codes[0]);
        return;
      }
      if (codes.length > 1) onMany();
      await pause(LOOK_EVERY_MS);
    }
  }

  stop() {
    this.#wanted += 1;
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    this.view.srcObject = null;
    this.view.hidden = true;
  }
}
