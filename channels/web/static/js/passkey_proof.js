/** What only its owner may do: when the gateway asks for the passkey, show it, and do it then. */

import { Problem } from "./api.js";
import { provePasskey } from "./passkey.js";

/**
 * @template T @param {import("./api.js").Api} api @param {() => Promise<T>} task
 * @returns {Promise<T>}
 */
export async function proved(api, task) {
  try {
    return await task();
  } catch (error) {
    if (!(error instanceof Problem) || error.name !== "passkey-needed") throw error;
  }
  await prove(api);
  return task();
}

/** That the owner is there: good for some minutes. @param {import("./api.js").Api} api */
export async function prove(api) {
  const options = (await api.post("/v1/passkeys/confirm/options", {})).body;
  const credential = await provePasskey(options);
  await api.post("/v1/passkeys/confirm", { ceremony: options.ceremony, credential });
}
