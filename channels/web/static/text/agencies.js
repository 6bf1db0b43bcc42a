/** What the operators' page of agencies says. */

export const agencies = {
  title: "Agencies · Airside",
  name: "Agencies",
  headline: "Agencies",
  agencies: "Balances",
  summary: "{count} agencies, {low} of them low.",
  none: "No agency yet.",
  show: "Show",
  low: "Low",
  held: "{amount} held",
  frozen: "Frozen",
  freeze: "Freeze",
  unfreeze: "Unfreeze",
  sure: "Sure?",
  about: "{id} · IATA {code} · account {account}",

  users: "Users",
  disabled: "Disabled",
  disable: "Disable",
  addUser: "Add a user",
  keyOnce: "The key of {name}, shown this once:",
  tickets: "Tickets",
  noTickets: "No ticket yet.",
  statement: "Statement of today",

  openTitle: "Open an agency",
  agencyName: "Name",
  iata: "IATA code, 8 digits",
  currencies: "Currencies",
  open: "Open",
  noAnswer: "The gateway does not answer just now.",
};
