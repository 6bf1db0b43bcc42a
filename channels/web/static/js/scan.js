/** Taking a code: from a hand scanner, from fingers, from the clipboard, or from a camera. */

import { Camera, canScan } from "./camera.js";
import { byId } from "./dom.js";
import { looksLikeCode } from "./wedge.js";

/** @typedef {{notACode: string, camera: string, cameraStop: string, cameraRefused: string,
 *   cameraMany: string}} ScanWords */

export class Scan {
  #camera = /** @type {?Camera} */ (null);

  /**
   * @param {{onCode: (code: string) => void, onCancel: () => void}} listener
   * @param {ScanWords} text @param {(scanned: string) => boolean} isOurs what may be taken
   */
  constructor(listener, text, isOurs = looksLikeCode) {
    this.listener = listener;
    this.text = text;
    this.isOurs = isOurs;
    this.field = byId("scan");
    byId("stage-scan").onsubmit = (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#take(this.field.value.trim());
    };
    this.field.onpaste = (/** @type {ClipboardEvent} */ event) => {
      const pasted = event.clipboardData?.getData("text").trim() ?? "";
      if (!this.isOurs(pasted)) return;
      event.preventDefault();
      this.#take(pasted);
    };
    byId("scan-cancel").onclick = () => this.cancel();
    this.#offerCamera();
  }

  /** The field is on the page: whatever a scanner types from now on belongs to it. */
  open() {
    this.field.value = "";
    this.#refuse("");
    this.field.focus();
  }

  cancel() {
    this.close();
    this.listener.onCancel();
  }

  /** @param {string} code */
  #take(code) {
    if (!this.isOurs(code)) {
      this.field.value = "";
      this.#refuse(this.text.notACode);
      return;
    }
    this.close();
    this.listener.onCode(code);
  }

  close() {
    // A code may pay until it is used: it stays on no screen and in no field.
    this.field.value = "";
    if (this.#camera?.isOn) this.#stopCamera();
  }

  /** @param {string} says */
  #refuse(says) {
    byId("scan-refused").textContent = says;
  }

  #offerCamera() {
    if (!canScan()) return;
    this.#camera = new Camera(byId("camera-view"));
    const button = byId("camera");
    button.hidden = false;
    button.textContent = this.text.camera;
    button.onclick = () => (this.#camera?.isOn ? this.#stopCamera() : this.#startCamera());
  }

  async #startCamera() {
    byId("camera").textContent = this.text.cameraStop;
    this.#refuse("");
    try {
      await this.#camera?.start({
        accepts: looksLikeCode,
        onCode: (code) => this.#take(code),
        onMany: () => this.#refuse(this.text.cameraMany),
      });
    } catch {
      this.#refuse(this.text.cameraRefused);
      this.#stopCamera();
    }
  }

  #stopCamera() {
    this.#camera?.stop();
    byId("camera").textContent = this.text.camera;
  }
}
