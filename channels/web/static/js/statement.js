/**
 * From journal entries to the lines of a statement. An entry that moved what the owner may
 * spend is a line; so is a refusal. What became of a payment is read from all its entries and
 * shown at the line that began it: entries come newest first, so once the beginning is
 * loaded, so is everything after it.
 */

/** @typedef {import("./wire.js").Entry} Entry */
/** @typedef {{id: string, payment: ?string, at: string, kind: string, title: ?string, order: ?string,
 *   change_minor: number, amount_minor: number, currency: ?string, state: ?string,
 *   decline: ?string}} Line */
/** @typedef {{authorised: number, captured: number, refunded: number, ended: ?string,
 *   merchant: ?string, order: ?string, currency: ?string}} Course */

const BEGINNINGS = new Set(["purchased", "authorised", "declined"]);
const NOTES = new Set([
  "account_opened",
  "account_frozen",
  "account_unfrozen",
  "account_closing",
  "account_closed",
]);

/** @param {Entry[]} entries newest first @returns {Line[]} newest first */
export function linesOf(entries) {
  const courses = coursesOf(entries);
  return entries.filter(isLine).map((entry) => lineOf(entry, courses));
}

/** @param {Entry} entry */
function isLine(entry) {
  if (entry.available_change_minor !== 0) return true;
  return isDeclinedPayment(entry) || NOTES.has(entry.kind);
}

/**
 * A refused refund of a payment is "declined" too. It has no amount of its own, took nothing,
 * and is the merchant's affair: the owner's payment is as it was.
 * @param {Entry} entry
 */
function isDeclinedPayment(entry) {
  return entry.kind === "declined" && entry.amount !== null;
}

/** @param {Entry} entry @param {Map<string, Course>} courses @returns {Line} */
function lineOf(entry, courses) {
  const course = entry.payment === null ? undefined : courses.get(entry.payment);
  return {
    id: entry.id,
    payment: entry.payment,
    at: entry.at,
    kind: entry.kind,
    title: entry.merchant_name ?? course?.merchant ?? null,
    order: entry.order ?? course?.order ?? null,
    change_minor: entry.available_change_minor,
    amount_minor: entry.amount?.amount_minor ?? 0,
    currency: entry.amount?.currency ?? course?.currency ?? null,
    state: course && BEGINNINGS.has(entry.kind) ? stateOf(course) : null,
    decline: entry.decline,
  };
}

/** @param {Entry[]} entries @returns {Map<string, Course>} by payment */
function coursesOf(entries) {
  const courses = new Map();
  for (const entry of [...entries].reverse()) {
    if (entry.payment === null) continue;
    const course = courses.get(entry.payment) ?? newCourse();
    courses.set(entry.payment, course);
    follow(course, entry);
  }
  return courses;
}

/** @returns {Course} */
function newCourse() {
  const amounts = { authorised: 0, captured: 0, refunded: 0 };
  return { ...amounts, ended: null, merchant: null, order: null, currency: null };
}

/** @param {Course} course @param {Entry} entry the next one in time */
function follow(course, entry) {
  const minor = entry.amount?.amount_minor ?? 0;
  course.merchant ??= entry.merchant_name;
  course.order ??= entry.order;
  course.currency ??= entry.amount?.currency ?? null;
  if (entry.kind === "purchased") course.authorised = course.captured = minor;
  if (entry.kind === "authorised" || entry.kind === "increased") course.authorised += minor;
  if (entry.kind === "captured") course.captured += minor;
  if (entry.kind === "refunded") course.refunded += minor;
  if (entry.kind === "captured" && entry.available_change_minor > 0) course.ended = "captured";
  if (["voided", "expired", "reversed"].includes(entry.kind)) course.ended = entry.kind;
  if (isDeclinedPayment(entry)) course.ended = "declined";
}

/** @param {Course} course @returns {string} a name of wallet.states */
export function stateOf(course) {
  const { authorised, captured, refunded, ended } = course;
  if (ended === "declined" || ended === "reversed") return ended;
  if (refunded > 0) return refunded >= captured ? "refunded" : "partly_refunded";
  if (captured === 0) return ended ?? "held";
  return captured < authorised && ended === null ? "partly_captured" : "captured";
}
