/** Asks its own till every two seconds; there is nobody else to ask. */

const AGAIN_MS = 2_000;
/** Decimals of ISO 4217, where they are not two. @type {Record<string, number>} */
const PLACES = { JPY: 0, KRW: 0, AVIOS: 0, BHD: 3, KWD: 3, OMR: 3, JOD: 3, TND: 3, IQD: 3, LYD: 3 };

/** @param {string} id @returns {any} */
const byId = (id) => document.getElementById(id);

/** @param {string} tag @param {string} text @param {string} [name] */
function el(tag, text, name = "") {
  const node = document.createElement(tag);
  node.textContent = text;
  node.className = name;
  return node;
}

/** @param {number} minor @param {string} currency */
function money(minor, currency) {
  const places = PLACES[currency] ?? 2;
  const digits = String(minor).padStart(places + 1, "0");
  const cut = digits.length - places;
  return `${digits.slice(0, cut)}${places ? `.${digits.slice(cut)}` : ""} ${currency}`;
}

/** @param {any} state */
function show(state) {
  const total = state.tills.reduce((/** @type {number} */ sum, /** @type {any} */ till) =>
    sum + till.sold_minor, 0);
  byId("flight").textContent = `${state.flight} · ${state.date}`;
  const old = state.deny_age_s > state.deny_age_max_s;
  const forked = state.tills.filter((/** @type {any} */ till) => till.forked);
  const senseless = state.tills.filter((/** @type {any} */ till) => till.senseless);
  const wrong = [
    state.set_back && "Other tills know what this one did and has lost: it sells nothing.",
    old && "The deny list is too old: this till sells nothing.",
    forked.length && `${forked[0].name} tells two stories: trust neither.`,
    senseless.length && `${senseless[0].name} wrote what nobody can read: it is heard no further.`,
    state.deaf && "The disk is full: the other tills are heard no more.",
  ].find(Boolean);
  const trust = byId("trust");
  trust.className = wrong ? "bad" : "soft";
  trust.textContent = wrong || "Everything is as the gateway signed it.";
  const hours = Math.floor(state.deny_age_s / 3600);
  const figures = [
    ["Sold, as far as heard", money(total, state.currency)],
    ["Entries to tell", String(state.backlog)],
    ["Deny list", `${state.denied} names, ${hours} h old`],
    ["This till", state.closed ? "Closed" : "Selling"],
  ].map(([name, value]) => {
    const pair = document.createElement("div");
    pair.append(el("dt", name), el("dd", value));
    return pair;
  });
  byId("figures").replaceChildren(...figures);
  byId("tills").replaceChildren(...state.tills.map((/** @type {any} */ till) => {
    const row = document.createElement("li");
    const heard = till.own ? "this till" : till.entries ? "heard" : "not heard yet";
    const closed = till.closed ? ", closed" : "";
    const what = document.createElement("div");
    what.append(
      el("div", till.name, till.forked ? "name bad" : "name"),
      el("div", `${heard}${closed} · sales: ${till.sales} · entries: ${till.entries}`, "soft"),
    );
    row.append(what, el("div", money(till.sold_minor, state.currency), "figure"));
    return row;
  }));
}

for (;;) {
  try {
    show(await (await fetch("/state")).json());
  } catch {
    byId("trust").className = "bad";
    byId("trust").textContent = "The till does not run.";
  }
  await new Promise((done) => setTimeout(done, AGAIN_MS));
}
