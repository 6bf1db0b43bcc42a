/** What the wallet page says. */

export const wallet = {
  title: "Wallet · Airside",
  name: "Wallet",
  greeting: "{name}’s wallet",

  available: "available",
  held: "Held",
  posted: "Posted",
  balanceWords:
    "Available is yours to spend now. Held is promised to a shop and not taken yet. " +
    "Posted is what the book says: both together.",
  statuses: {
    frozen: "This wallet is frozen: it takes money in and pays nothing.",
    closing: "This wallet is closing.",
    closed: "This wallet is closed.",
  },

  codeTitle: "Show this to the till",
  codeAlt: "Payment code. It works once, and renews itself.",
  codeLoading: "Drawing a code…",
  codeRenews: "New code in {seconds} s",
  codeOffline: "No connection. This code still works for {seconds} s.",
  codeGone: "No connection",
  codeGoneSays: "A code that cannot be renewed would be refused. A fresh one appears as soon as the connection is back.",
  codeRefused: "No code just now",
  codeCopy: "Copy the code as text",
  codeCopied: "Copied: paste it at the till",
  codeNotCopied: "This browser does not let a page copy",

  history: "History",
  historyEmpty: "Nothing has happened here yet.",
  more: "Load earlier",
  order: "Order {order}",

  moments: {
    purchased: { title: "Paid {amount}", under: "to {merchant}" },
    captured: { title: "Paid {amount}", under: "to {merchant}" },
    authorised: { title: "Held {amount}", under: "for {merchant}" },
    increased: { title: "Held {amount} more", under: "for {merchant}" },
    voided: { title: "Released {amount}", under: "by {merchant}" },
    expired: { title: "Released {amount}", under: "{merchant} did not take it in time" },
    refunded: { title: "Refunded {amount}", under: "by {merchant}" },
    reversed: { title: "Undone: {amount} is yours again", under: "{merchant} took the payment back" },
    declined: { title: "Not paid", under: "{reason}" },
    transfer_received: { title: "Received {amount}", under: "" },
  },
  someMerchant: "a shop",

  kinds: {
    purchased: "Payment",
    authorised: "Payment",
    increased: "Hold raised",
    captured: "Rest of a hold released",
    voided: "Hold released",
    expired: "Hold ran out",
    refunded: "Refund",
    reversed: "Payment undone",
    declined: "Payment",
    transfer_sent: "Money sent",
    transfer_received: "Money in",
    transfer_returned: "Money came back",
    account_opened: "Wallet opened",
    account_frozen: "Wallet frozen",
    account_unfrozen: "Wallet unfrozen",
    account_closing: "Wallet closing",
    account_closed: "Wallet closed",
  },

  states: {
    held: "Held",
    partly_captured: "Partly paid",
    captured: "Paid",
    partly_refunded: "Partly refunded",
    refunded: "Refunded",
    voided: "Released",
    expired: "Ran out",
    reversed: "Undone",
    declined: "Declined",
  },
};
