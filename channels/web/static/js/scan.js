/** Taking a code: from a hand scanner, from fingers, from the clipboard, or from a camera. */

import { till as text } from "../text/till.js";
import { Camera, canScan } from "./camera.js";
import { byId } from "./dom.js";
import { looksLikeCode } from "./wedge.js";

export class Scan {
  #camera = /** @type {?Camera} */ (null);

  /** @param {{onCode: (code: string) => void, onCancel: () => void}} listener */
  constructor(listener) {
    this.listener = listener;
    this.field = byId("scan");
    byId("stage-scan").onsubmit = (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#take(this.field.value.trim());
    };
    this.field.onpaste = (/** @type {ClipboardEvent} */ event) => {
      const pasted = event.clipboardData?.getData("text").trim() ?? "";
      if (!looksLikeCode(pasted)) return;
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
    this.#close();
    this.listener.onCancel();
  }

  /** @param {string} code */
  #take(code) {
    if (!looksLikeCode(code)) {
      this.field.value = "";
      this.#refuse(text.notACode);
      return;
    }
    this.#close();
    this.listener.onCode(code);
  }

  #close() {
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
    button.textContent = text.camera;
    button.onclick = () => (this.#camera?.isOn ? this.#stopCamera() : this.#startCamera());
  }

  async #startCamera() {
    byId("camera").textContent = text.cameraStop;
    this.#refuse("");
    try {
      await this.#camera?.start({
        accepts: looksLikeCode,
        onCode: (code) => this.#take(code),
        onMany: () => this.#refuse(text.cameraMany),
      });
    } catch {
      this.#refuse(text.cameraRefused);
      this.#stopCamera();
    }
  }

  #stopCamera() {
    this.#camera?.stop();
    byId("camera").textContent = text.camera;
  }
}
