/** What the start page says. */

export const start = {
  title: "Airside",
  headline: "One ledger behind every till.",
  what:
    "Airside is the payment gateway of an airline’s wallet: a phone shows a code, a till takes it, " +
    "and the money is written down before anyone says yes.",
  travellers: "Be a traveller",
  travellersSays: "Balances, a code that pays, and what happened.",
  merchants: "Be a till",
  merchantsSays: "Key in an amount, scan the code, read the answer.",
  agents: "Be a travel agency",
  agentsSay: "A prepaid balance, payment numbers, tickets, a statement.",
  operators: "Be an operator",
  operatorsSay: "All agencies, what they have, and who is low.",
  registry: "Look after the tills",
  registrySays: "Which are live, what they owe, and the switch that stops one.",
  openTerminals: "Open the registry",
  openAgents: "Open an agency",
  openAgencies: "Open the agencies",
  twoWindows: "Best with two windows side by side: a traveller in one, a till in the other.",
  noDemo: "This gateway is not a demo: it lets in only whom it knows.",
  openWallet: "Open the wallet",
  openTill: "Open the till",
  docs: "The API, call by call",
  metrics: "Metrics",
  health: "Is it ready?",
};
