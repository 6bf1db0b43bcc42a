/** What the page of the API says beside the document itself. */

export const docs = {
  title: "API · Airside",
  name: "API",
  headline: "The API, call by call",
  intro: "Made from the same structs that the gateway decodes and encodes, so it cannot drift. The document itself:",
  find: "Find a call",
  nothingFound: "No call has these words.",
  calls: "Calls",

  conventions: [
    ["Who", "Authorization: Bearer <API key>, except where a call says that it is open to all."],
    ["Amounts", "Whole minor units with their currency: 24000 QAR is 240.00 riyals. There are no fractions."],
    ["Once", "A call that needs an Idempotency-Key happens once per key: the same key and body give the same answer, with Idempotent-Replayed: true. The same key with another body is 422."],
    ["Declined", "402 with the payment itself: it has an id, the status declined, and the reason."],
    ["Not known", "202, or a problem that says so: ask again with the same key, or look the attempt up."],
    ["Problems", "application/problem+json names the field, and says whether anything happened: yes, no or unknown."],
  ],

  open: "Open to all",
  scopes: "Scope {scopes}",
  once: "Needs an Idempotency-Key",
  parameters: "Parameters",
  request: "Body",
  answers: "Answers",
  problems: "Problems",
  example: "Example",
  optional: "optional",
  fallback: "default {value}",
  place: "in {place}",
  empty: "no fields",
};
