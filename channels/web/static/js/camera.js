/**
 * The camera as a scanner, only where the browser itself can read a QR code. More than one
 * payment code in view is refused: guessing would charge a bystander.
 */

import { looksLikeCode } from "./wedge.js";
import { pause } from "./pause.js";

const LOOK_EVERY_MS = 150;

/** @typedef {{detect: (source: HTMLVideoElement) => Promise<{rawValue: string}[]>}} Detector */

/** @returns {Promise<?Detector>} null where there is no camera or no reader */
export async function findDetector() {
  const Barcodes = /** @type {any} */ (globalThis).BarcodeDetector;
  if (Barcodes === undefined || navigator.mediaDevices === undefined) return null;
  const formats = await Barcodes.getSupportedFormats();
  return formats.includes("qr_code") ? new Barcodes({ formats: ["qr_code"] }) : null;
}

export class Camera {
  #stream = /** @type {?MediaStream} */ (null);

  /** @param {Detector} detector @param {HTMLVideoElement} view */
  constructor(detector, view) {
    this.detector = detector;
    this.view = view;
  }

  get isOn() {
    return this.#stream !== null;
  }

  /**
   * @param {(code: string) => void} onCode called once
   * @param {() => void} onMany several payment codes are in view
   */
  async start(onCode, onMany) {
    const video = { facingMode: "environment" };
    this.#stream = await navigator.mediaDevices.getUserMedia({ video });
    this.view.srcObject = this.#stream;
    this.view.hidden = false;
    await this.view.play();
    while (this.isOn) {
      const seen = await this.detector.detect(this.view);
      const codes = [...new Set(seen.map((found) => found.rawValue).filter(looksLikeCode))];
      if (codes.length === 1 && this.isOn) {
        this.stop();
        onCode(codes[0]);
        return;
      }
      if (codes.length > 1) onMany();
      await pause(LOOK_EVERY_MS);
    }
  }

  stop() {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    this.view.srcObject = null;
    this.view.hidden = true;
  }
}
