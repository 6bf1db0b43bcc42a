/** The door for passkeys: one tap for who has one, a code from the airline for who gets the first. */

import { common as text } from "../text/common.js";
import { Api, Problem, isFailedCall } from "./api.js";
import { deviceName } from "./app/device_name.js";
import { el } from "./dom.js";
import { NoPasskey, hasPasskeys, makePasskey, provePasskey } from "./passkey.js";

/** @param {(key: string) => void} signIn @returns {Node[]} */
export function passkeyDoor(signIn) {
  if (!hasPasskeys()) return [];
  const said = el("p", { class: "said", role: "alert" });
  /** @param {() => Promise<string>} way */
  const attempt = async (way) => {
    said.textContent = "";
    try {
      signIn(await way());
    } catch (error) {
      said.textContent = refusalOf(error);
    }
  };
  const click = () => attempt(withPasskey);
  return [
    el("button", { type: "button", class: "primary big", text: text.passkeyIn, on: { click } }),
    firstTime((code) => attempt(() => withCode(code))),
    said,
  ];
}

/** @param {unknown} error */
function refusalOf(error) {
  if (error instanceof NoPasskey) return text.passkeyNone;
  if (!isFailedCall(error)) throw error;
  return error instanceof Problem ? text.passkeyRefused : text.noAnswer;
}

/** @returns {Promise<string>} the session's key */
async function withPasskey() {
  const api = new Api(null);
  const options = (await api.post("/v1/passkeys/sign-in/options", {})).body;
  const credential = await provePasskey(options);
  const body = { ceremony: options.ceremony, credential, device: deviceName() };
  return (await api.post("/v1/passkeys/sign-in", body)).body.api_key;
}

/** @param {string} code @returns {Promise<string>} the session's key */
async function withCode(code) {
  const api = new Api(null);
  const options = (await api.post("/v1/passkeys/enrolment", { code })).body;
  const credential = await makePasskey(options);
  const name = deviceName();
  const body = { code, ceremony: options.ceremony, credential, name, device: name };
  return (await api.post("/v1/passkeys/enrolment/complete", body)).body.api_key;
}

/** @param {(code: string) => void} onCode */
function firstTime(onCode) {
  const field = /** @type {HTMLInputElement} */ (
    el("input", { id: "enrolment", autocomplete: "one-time-code", required: true, minlength: 20 })
  );
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    onCode(field.value.trim());
  };
  return el(
    "details",
    {},
    el("summary", { text: text.firstTime }),
    el(
      "form",
      { class: "stack", on: { submit } },
      el("label", { for: "enrolment", text: text.enrolmentCode }),
      field,
      el("button", { text: text.makePasskey }),
    ),
  );
}
