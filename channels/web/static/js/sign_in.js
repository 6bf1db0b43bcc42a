/**
 * The door of a page: resumes the tab's session, or asks who is there. In a demo a link may
 * name somebody (/wallet#as=amira); without a demo there is only the key.
 */

import { common } from "../text/common.js";
import { Problem, isFailedCall } from "./api.js";
import { byId, el } from "./dom.js";
import { backOffMs, pauseUnlessWoken } from "./pause.js";
import { demoChoices } from "./session.js";
import { say } from "./words.js";

const BACK_OFF_MAX_MS = 5_000;

/** @typedef {import("./wire.js").Me} Me */
/** @typedef {(signIn: (key: string) => void) => (Node|null)[]} Ways other ways in, which end in a key */
/** @typedef {{session: import("./session.js").Session, frame: import("./frame.js").Frame,
 *   admits: (me: Me) => boolean, ways?: Ways, meanwhile?: () => Node[]}} Entrance
 *   meanwhile: what can be done here while the gateway does not answer */

/**
 * @param {Entrance} entrance admits: whose page this is
 * @returns {Promise<Me>} once somebody is in
 */
export async function enter(entrance) {
  const { session, frame, admits, meanwhile } = entrance;
  const named = /^#as=([\w-]+)$/.exec(location.hash)?.[1];
  const known = await patiently(
    () => (named ? session.signInAs(named) : session.resume()),
    meanwhile,
  );
  if (named) history.replaceState(null, "", location.pathname);
  const me = known !== null && admits(known) ? known : await ask(entrance, known);
  frame.showMe(me, () => session.end());
  return me;
}

/**
 * Do it again until the gateway answers; the door says that it does not.
 * @template T @param {() => Promise<T>} task @param {() => Node[]} [meanwhile]
 * @returns {Promise<T|null>} null: it refused
 */
export async function patiently(task, meanwhile = () => []) {
  const door = byId("door");
  for (let attempt = 0; ; attempt += 1) {
    try {
      const result = await task();
      door.hidden = true;
      return result;
    } catch (error) {
      if (error instanceof Problem && error.status < 500) return null;
      if (!isFailedCall(error)) throw error;
    }
    // Drawn once: whoever is showing a code meanwhile must not have it taken from the screen.
    if (attempt === 0) {
      door.replaceChildren(
        el("h1", { text: common.noAnswer }),
        el("p", { class: "soft", text: common.noAnswerSays }),
        ...meanwhile(),
      );
    }
    door.hidden = false;
    await pauseUnlessWoken(backOffMs(attempt, BACK_OFF_MAX_MS));
  }
}

/** @param {Entrance} entrance @param {?Me} refused @returns {Promise<Me>} */
async function ask({ session, frame, admits, ways, meanwhile }, refused) {
  const door = byId("door");
  const choices = (await patiently(demoChoices, meanwhile)) ?? [];
  if (choices.length) frame.showDemo();
  const here = choices.filter((choice) => choice.page === `/${session.side}`);
  const said = el("p", { class: "said", role: "alert" });
  if (refused) said.textContent = say(common.notForYou, { name: refused.name });
  return new Promise((resolve) => {
    /** @param {() => Promise<?Me>} signIn */
    const attempt = async (signIn) => {
      const me = await signIn().catch(() => undefined);
      if (me && admits(me)) {
        door.hidden = true;
        resolve(me);
      } else said.textContent = refusalOf(me);
    };
    const signInWith = (/** @type {string} */ key) => attempt(() => session.signInWith(key));
    const form = here.length
      ? choiceButtons(here, (who) => attempt(() => session.signInAs(who)))
      : keyForm(signInWith);
    const others = (ways?.(signInWith) ?? []).filter((way) => way !== null);
    door.replaceChildren(el("h1", { text: common.signInTitle }), ...others, ...form, said);
    door.hidden = false;
  });
}

/** @param {?Me|undefined} me null: nobody has this key; undefined: no answer */
function refusalOf(me) {
  if (me === undefined) return common.noAnswer;
  return me === null ? common.keyRefused : say(common.notForYou, { name: me.name });
}

/** @param {import("./wire.js").SignInChoice[]} choices @param {(who: string) => void} onPick */
function choiceButtons(choices, onPick) {
  const buttons = choices.map(({ who, label }) => {
    const click = () => onPick(who);
    return el("button", { type: "button", class: "choice", text: label, on: { click } });
  });
  return [
    el("p", { class: "soft", text: common.signInDemo }),
    el("div", { class: "choices" }, ...buttons),
  ];
}

/** @param {(key: string) => void} onKey */
function keyForm(onKey) {
  const field = /** @type {HTMLInputElement} */ (
    el("input", { id: "key", type: "password", autocomplete: "off", required: true })
  );
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    onKey(field.value.trim());
  };
  return [
    el(
      "form",
      { class: "stack", on: { submit } },
      el("label", { for: "key", text: common.signInKey }),
      field,
      el("p", { class: "soft small", text: common.signInKeySays }),
      el("button", { class: "primary", text: common.signIn }),
    ),
  ];
}
