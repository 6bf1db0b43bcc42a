/** What the payment page of an order link says. */

export const pay = {
  title: "Pay · Airside",
  name: "Pay",

  loading: "Fetching the order…",
  asks: "asks you for",
  order: "Order {order}",
  total: "Total",
  now: "In your wallet",
  after: "Left after this",
  notEnough: "Your wallet does not hold enough for this.",
  noPot: "Your wallet holds no {currency}.",
  pay: "Pay {amount}",
  paySays: "One tap. However often it is tapped, it is paid once.",

  paying: "Paying…",
  payingSays: "Wait for the answer.",
  unknown: "We don’t know yet",
  unknownSays: "The gateway has not answered, so this may be paid or not. It is being asked again, and cannot be paid twice.",
  stillUnknown: "We still don’t know",
  askAgain: "Ask again",

  paid: "Paid {amount}",
  paidSays: "to {merchant}",
  paidAlready: "This order is paid",
  paidAlreadySays: "Nothing is left to pay to {merchant}.",
  declined: "Not paid",
  tryAgain: "Try again",
  refused: "Nothing was charged",
  cancelled: "This order was cancelled",
  cancelledSays: "There is nothing to pay.",
  tappedBefore: "You tapped Pay before, and no answer came. Tapping again is safe: it is the same payment.",

  noOrder: "There is no order here",
  noOrderSays: "Open the whole link that the merchant gave you.",
  wallet: "Open my wallet",
  someMerchant: "The merchant",
  otherWay: "From which money?",
  otherWaySays: "Your first choice is of another currency. This is paid in {currency}.",
  payFrom: "Pay it from {currency}",
};
