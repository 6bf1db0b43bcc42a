/**
 * A frame: what the phone shows (terminals/inflight/frame.py says its form). It is made and signed
 * here, with no network.
 */

import { base45 } from "./base45.js";

const PREFIX = "AF1:";
const VERSION = 1;
const KIND = new TextEncoder().encode("airside frame\0");
const HEAD_BYTES = 3;
const SHOWING_BYTES = 16;

/** @param {string} text base64 @returns {Uint8Array} */
export function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** @param {ArrayBuffer} raw @returns {string} */
export function toBase64(raw) {
  return btoa(String.fromCharCode(...new Uint8Array(raw)));
}

/**
 * @param {import("./allowance_keep.js").Kept} kept @param {number} counter
 * @param {number} nowMs
 * @returns {Promise<string>} the text of the QR code
 */
export async function frameText(kept, counter, nowMs) {
  const sealed = fromBase64(kept.code);
  const body = new Uint8Array(HEAD_BYTES + sealed.length + SHOWING_BYTES);
  const view = new DataView(body.buffer);
  view.setUint8(0, VERSION);
  view.setUint16(1, sealed.length);
  body.set(sealed, HEAD_BYTES);
  const at = HEAD_BYTES + sealed.length;
  view.setUint32(at, counter);
  view.setUint32(at + 4, Math.floor(nowMs / 1000));
  crypto.getRandomValues(body.subarray(at + 8));
  const signature = new Uint8Array(
    await crypto.subtle.sign("Ed25519", kept.key, joined(KIND, body)),
  );
  return PREFIX + base45(joined(signature, body));
}

/** @param {Uint8Array} first @param {Uint8Array} second */
function joined(first, second) {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
