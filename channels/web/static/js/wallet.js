/**
 * The app: what there is, the code that pays, what happened, the moment it happens; and from there
 * the screens in app/.
 *
 * The stream only says *that* something changed; balances and history are then read anew. So
 * what stands on the page is what the gateway says, never a sum of the page's own.
 */

import { app } from "../text/app.js";
import { wallet as text } from "../text/wallet.js";
import { isFailedCall } from "./api.js";
import { isCare } from "./app/appearance.js";
import { devicesScreen } from "./app/devices.js";
import { freezeScreen } from "./app/freeze.js";
import { historyScreen } from "./app/history.js";
import { keepBalances, readKept } from "./app/kept.js";
import { limitsScreen } from "./app/limits.js";
import { lookScreen } from "./app/look.js";
import { offlineScreen } from "./app/offline.js";
import { passkeysScreen } from "./app/passkeys.js";
import { drawPlaces } from "./app/places.js";
import { Purse } from "./app/purse.js";
import { receiptScreen } from "./app/receipt.js";
import { scanScreen } from "./app/scan.js";
import { Screens } from "./app/screens.js";
import { settingsScreen } from "./app/settings.js";
import { waysScreen } from "./app/ways.js";
import { showBalances } from "./balances.js";
import { CodePanel } from "./code.js";
import { copy } from "./copy.js";
import { byId } from "./dom.js";
import { Entries } from "./entries.js";
import { EventStream } from "./events.js";
import { Frame } from "./frame.js";
import { History } from "./history.js";
import { Moments } from "./moment.js";
import { passkeyDoor } from "./passkey_door.js";
import { Session } from "./session.js";
import { enter } from "./sign_in.js";
import { momentOf, needsEntry } from "./wallet_news.js";
import { fillPage, say, wordFor } from "./words.js";

/** Home shows the newest of the history; all of it is a screen of its own. */
const LATEST = 6;

/** Which screens each part of home belongs to; in care mode home is a balance and four buttons. */
const PARTS = {
  code: { usual: ["home", "code"], care: ["code"] },
  balances: { usual: ["home"], care: ["home"] },
  acts: { usual: [], care: ["home"] },
  latest: { usual: ["home"], care: [] },
};

class WalletPage {
  #reading = /** @type {?Promise<void>} */ (null);

  /**
   * @param {import("./session.js").Session} session signed in
   * @param {Frame} frame @param {string} account
   */
  constructor(session, frame, account) {
    this.session = session;
    this.api = session.api;
    this.frame = frame;
    this.account = account;
    this.entries = new Entries(session.api, account);
    this.history = new History(byId("history"), LATEST);
    this.moments = new Moments(byId("moment"));
    const parts = { frame: byId("code-frame"), says: byId("code-says") };
    this.code = new CodePanel(session.api, account, parts);
  }

  start() {
    byId("wallet").hidden = false;
    byId("tabs").hidden = false;
    drawPlaces();
    const screens = new Screens(this.#screens(() => screens.again()), (name) => this.#onScreen(name));
    screens.start();
    this.code.start();
    const stream = new EventStream(this.api, {
      onEvent: (_, data) => this.#onNews(data),
      onState: (state) => this.#onStream(state),
    });
    stream.run();
  }

  /** @param {() => void} again @returns {Record<string, import("./app/screens.js").Screen>} */
  #screens(again) {
    const { api, account } = this;
    return {
      code: { title: app.code, open: () => undefined },
      scan: scanScreen(api, account),
      history: historyScreen(api, account),
      receipt: receiptScreen(api),
      settings: settingsScreen(),
      freeze: freezeScreen(api, account, () => this.#read()),
      passkeys: passkeysScreen(api),
      devices: devicesScreen(this.session),
      ways: waysScreen(api),
      limits: limitsScreen(api, account),
      offline: offlineScreen(api, account),
      look: lookScreen(again),
    };
  }

  /** @param {string} shown */
  #onScreen(shown) {
    const mode = isCare() ? "care" : "usual";
    for (const [part, screens] of Object.entries(PARTS)) {
      byId(part).hidden = !screens[mode].includes(shown);
    }
    this.code.setShown(PARTS.code[mode].includes(shown));
  }

  /** @param {import("./wire.js").EventData} data */
  async #onNews(data) {
    // Told at once when the event says it all; what needs the book waits for the book.
    const now = needsEntry(data) ? null : momentOf(data, [], this.code.serverNow_ms);
    if (now) this.moments.show(now);
    if (data.payment) this.code.renew();
    await this.#read();
    if (!needsEntry(data)) return;
    const later = momentOf(data, this.entries.all, this.code.serverNow_ms);
    if (later) this.moments.show(later);
  }

  /** @param {import("./events.js").StreamState} state */
  #onStream(state) {
    if (state === "refused") return this.session.leave();
    const lost = navigator.onLine ? "waiting" : "offline";
    this.frame.showConnection(state === "live" ? "live" : lost);
    this.code.setConnected(state === "live");
    if (state === "live") this.#read();
  }

  /** One reading at a time; what happens meanwhile is seen by the next one. */
  async #read() {
    const before = this.#reading;
    this.#reading = (async () => {
      await before;
      try {
        await this.#readNow();
      } catch (error) {
        // The stream will say when the gateway is back, and the page is read again.
        if (!isFailedCall(error)) throw error;
      }
    })();
    return this.#reading;
  }

  async #readNow() {
    const [account] = await Promise.all([
      this.api.get(`/v1/accounts/${this.account}`),
      this.entries.readNewest(),
    ]);
    const name = account.label || (this.session.me?.name ?? "");
    byId("greeting").textContent = say(text.greeting, { name });
    const state = account.status === "open" ? "" : wordFor(text.statuses, account.status);
    byId("wallet-state").textContent = state;
    this.code.setBlocked(state);
    showBalances(byId("pots"), account);
    keepBalances(account, name);
    this.history.show(this.entries.all, new Date());
  }

}

/** One laptop is often both the phone and the till: then the code goes by the clipboard. */
function offerCopy(/** @type {CodePanel} */ code) {
  const button = byId("code-copy");
  button.hidden = false;
  button.textContent = text.codeCopy;
  button.onclick = async () => {
    if (code.payload === null) return;
    button.textContent = (await copy(code.payload)) ? text.codeCopied : text.codeNotCopied;
    setTimeout(() => (button.textContent = text.codeCopy), 3_000);
  };
}

async function main() {
  fillPage(text);
  const frame = new Frame(text.name);
  const session = new Session("wallet");
  // Not kept here, or not now: then the app needs a network, and works as any page does.
  navigator.serviceWorker?.register("/service_worker.js").catch(() => undefined);
  const me = await enter({
    session,
    frame,
    admits: (who) => who.account !== null,
    ways: passkeyDoor,
    meanwhile: () => (readKept() === null ? [] : [new Purse(() => new Date()).root]),
  });
  const page = new WalletPage(session, frame, me.account ?? "");
  if (me.demo) offerCopy(page.code);
  page.start();
}

main();
