/**
 * What the phone keeps for a flight: its key, the allowance that the gateway signed, and how far
 * it has counted. In the browser's own database, where the private key lies sealed: the page can
 * sign with it and nobody can read it.
 */

const NAME = "airside-flight";
const STORE = "allowances";

/** @typedef {{id: string, flightNumber: string, currency: string, amountMinor: number,
 *   validUntil: string, code: string, counter: number, key: CryptoKey}} Kept */

/** @returns {Promise<IDBDatabase>} */
function open() {
  return new Promise((done, failed) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "id" });
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error);
  });
}

/** @param {Kept} kept */
export async function keep(kept) {
  await changed((store) => store.put(kept));
}

/** The latest one that is still valid. @returns {Promise<?Kept>} */
export async function kept() {
  const database = await open();
  const all = await new Promise((done, failed) => {
    const asked = database.transaction(STORE).objectStore(STORE).getAll();
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error);
  });
  const now = new Date().toISOString();
  const good = /** @type {Kept[]} */ (all).filter((one) => one.validUntil > now);
  good.sort((a, b) => a.validUntil.localeCompare(b.validUntil));
  return good.at(-1) ?? null;
}

/** @param {string} id */
export async function forget(id) {
  await changed((store) => store.delete(id));
}

/**
 * The next counter, on the disk before it is shown: a counter that came twice would look like a copy.
 * @param {string} id @returns {Promise<number>}
 */
export async function nextCounter(id) {
  let counter = 0;
  await changed((store) => {
    const asked = store.get(id);
    asked.onsuccess = () => {
      counter = asked.result.counter;
      store.put({ ...asked.result, counter: counter + 1 });
    };
  });
  return counter;
}

/** @param {(store: IDBObjectStore) => void} change */
async function changed(change) {
  const database = await open();
  await new Promise((done, failed) => {
    const together = database.transaction(STORE, "readwrite", { durability: "strict" });
    change(together.objectStore(STORE));
    together.oncomplete = () => done(undefined);
    together.onabort = () => failed(together.error);
  });
}
