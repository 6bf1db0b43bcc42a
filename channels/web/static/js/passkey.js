/**
 * Passkeys, as the browser speaks of them (W3C Web Authentication Level 3, section 5.1). The gateway's
 * options and the credentials travel as JSON; only the bytes are packed differently.
 */

/** The person said no, or the device has no passkey for this wallet. */
export class NoPasskey extends Error {}

/** A passkey is bound to a name: an address in numbers, such as 127.0.0.1, can have none. */
export function hasPasskeys() {
  const named = !/^[\d.]+$|:/.test(location.hostname);
  return globalThis.PublicKeyCredential !== undefined && isSecureContext && named;
}

/** @param {any} options of POST /v1/passkeys/registration @returns {Promise<object>} */
export async function makePasskey(options) {
  const publicKey = {
    ...options,
    challenge: bytesOf(options.challenge),
    user: { ...options.user, id: bytesOf(options.user.id) },
    excludeCredentials: options.excludeCredentials.map(withBytes),
  };
  const made = await asked(() => navigator.credentials.create({ publicKey }));
  return {
    rawId: textOf(made.rawId),
    type: made.type,
    response: {
      clientDataJSON: textOf(made.response.clientDataJSON),
      attestationObject: textOf(made.response.attestationObject),
    },
  };
}

/** @param {any} options of POST /v1/passkeys/sign-in/options @returns {Promise<object>} */
export async function provePasskey(options) {
  const publicKey = {
    ...options,
    challenge: bytesOf(options.challenge),
    allowCredentials: options.allowCredentials.map(withBytes),
  };
  const { rawId, type, response } = await asked(() => navigator.credentials.get({ publicKey }));
  return {
    rawId: textOf(rawId),
    type,
    response: {
      clientDataJSON: textOf(response.clientDataJSON),
      authenticatorData: textOf(response.authenticatorData),
      signature: textOf(response.signature),
      userHandle: response.userHandle ? textOf(response.userHandle) : null,
    },
  };
}

/** @param {() => Promise<any>} ceremony */
async function asked(ceremony) {
  try {
    return await ceremony();
  } catch (error) {
    throw new NoPasskey(String(error));
  }
}

/** @param {{id: string}} descriptor */
function withBytes(descriptor) {
  return { ...descriptor, id: bytesOf(descriptor.id) };
}

/** @param {string} text base64url */
function bytesOf(text) {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}

/** @param {ArrayBuffer} bytes */
function textOf(bytes) {
  const binary = String.fromCharCode(...new Uint8Array(bytes));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
