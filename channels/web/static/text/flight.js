/** What the page for paying on board says. */

export const flight = {
  title: "On board · Airside",
  name: "On board",
  headline: "Set money aside for your flight",
  how: "In the air neither this phone nor the crew has a network. So set an amount aside now: it pays on board, and what you do not spend comes back after landing.",
  flight: "Flight",
  amount: "Amount ({currency})",
  setAside: "Set aside",
  noFlights: "No flight is open for this just now.",
  option: "{number} · {legs} · {date}",
  notAnAmount: "Type an amount, such as 200.00",
  declined: "Not set aside: {reason}.",
  noAnswer: "The gateway does not answer. Try again while you have a network.",
  noKeys: "This browser cannot keep a signing key (Ed25519). Use a newer one.",

  codeTitle: "Show this to the crew",
  codeAlt: "QR code for paying on board",
  aside: "{amount} set aside for {number}",
  code: "Code {counter}. The next one comes in {seconds} s",
  works: "It works in flight mode. Keep this page open.",
  next: "Next code",
  done: "I have landed: remove it from this phone",
};
