/**
 * What this device keeps for when there is no network: the balances last seen, and codes that pay
 * once without one. Whoever holds the unlocked phone can show those, as with a purse; so they are few,
 * end by themselves, and are gone when somebody signs out.
 */

const SLOT = "airside.kept";

/** @typedef {{payload: string, svg: string, expires_at: string}} OfflineCode */
/** @typedef {{account: string, name: string, seen_at: string, pots: import("../wire.js").Pot[],
 *   codes: OfflineCode[]}} Kept */

/** @returns {?Kept} */
export function readKept() {
  try {
    return JSON.parse(localStorage.getItem(SLOT) ?? "null");
  } catch {
    return null; // written by another release, or by nobody
  }
}

/** @param {Kept} kept */
function write(kept) {
  try {
    localStorage.setItem(SLOT, JSON.stringify(kept));
  } catch {
    // Full, or not allowed: the app works as before, with a network.
  }
}

/**
 * What was just read. Another account's codes are not kept beside it.
 * @param {import("../wire.js").Account} account @param {string} name
 */
export function keepBalances({ id, pots }, name) {
  const before = readKept();
  const codes = before?.account === id ? before.codes : [];
  write({ account: id, name, seen_at: new Date().toISOString(), pots, codes });
}

/** A new set takes the place of the old, as it does at the gateway. @param {OfflineCode[]} codes */
export function keepCodes(codes) {
  const kept = readKept();
  if (kept !== null) write({ ...kept, codes });
}

/** It was shown to a till: it may have paid, and is not offered again. @param {string} payload */
export function dropCode(payload) {
  const kept = readKept();
  if (kept === null) return;
  write({ ...kept, codes: kept.codes.filter((code) => code.payload !== payload) });
}

export function forgetKept() {
  localStorage.removeItem(SLOT);
}
