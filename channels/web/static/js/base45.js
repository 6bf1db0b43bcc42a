/** Base45 (RFC 9285): bytes as the characters that a QR code packs two into eleven bits. */

export const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/** @param {Uint8Array} raw @returns {string} */
export function base45(raw) {
  let text = "";
  for (let at = 0; at < raw.length; at += 2) {
    const pair = at + 1 < raw.length;
    let value = pair ? raw[at] * 256 + raw[at + 1] : raw[at];
    for (let digit = 0; digit < (pair ? 3 : 2); digit++) {
      text += ALPHABET[value % 45];
      value = Math.floor(value / 45);
    }
  }
  return text;
}
