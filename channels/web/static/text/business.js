/** What a merchant's office says. */

export const business = {
  title: "Office · Airside",
  name: "Office",

  today: "Today, by channel",
  todaySays: "Days begin at midnight UTC. Payments appear the moment they happen.",
  nothingToday: "Nothing has been taken today.",
  approved: "Approved",
  declined: "Declined",
  taken: "Taken",
  refunded: "Refunded",

  payments: "Payments",
  noPayments: "There are no payments yet.",
  order: "Order {order}",

  settlements: "Settlements",
  noSettlements: "Nothing has been settled yet.",
  settlement: "No. {number} · {merchant}",
  settlementSays: "taken {gross}, fees {fees}",
  underWay: "under way",
  settled: "settled",
  statement: "Statement (CSV)",

  payouts: "Payouts",
  noPayouts: "No payout has been asked for.",
  approve: "Approve",
  cancel: "Cancel",

  webhooks: "Webhooks",
  noWebhooks: "News of payments goes nowhere yet. An address is registered through the API.",
  deliveries: "What was sent",
  sendAgain: "Send again",
  attempts: "{kind} · attempts: {attempts}",
};
