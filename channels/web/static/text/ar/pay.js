/** What the payment page of an order link says, in Arabic. */

export const pay = {
  title: "الدفع · Airside",
  name: "الدفع",

  loading: "جارٍ إحضار الطلب…",
  asks: "يطلب منك",
  order: "الطلب {order}",
  total: "المجموع",
  now: "في محفظتك",
  after: "يبقى بعد الدفع",
  notEnough: "لا يوجد في محفظتك ما يكفي لهذا.",
  noPot: "ليس في محفظتك رصيد بعملة {currency}.",
  pay: "ادفع {amount}",
  paySays: "لمسة واحدة. مهما تكرر اللمس يُدفع مرة واحدة.",

  paying: "جارٍ الدفع…",
  payingSays: "انتظر الإجابة.",
  unknown: "لا نعرف بعد",
  unknownSays: "لم تُجب البوابة، فقد يكون المبلغ دُفع أو لم يُدفع. نسأل مرة أخرى، ولا يمكن أن يُدفع مرتين.",
  stillUnknown: "ما زلنا لا نعرف",
  askAgain: "اسأل مرة أخرى",

  paid: "دُفع {amount}",
  paidSays: "إلى {merchant}",
  paidAlready: "هذا الطلب مدفوع",
  paidAlreadySays: "لم يبقَ شيء يُدفع إلى {merchant}.",
  declined: "لم يُدفع",
  tryAgain: "حاول مرة أخرى",
  refused: "لم يُخصم شيء",
  cancelled: "أُلغي هذا الطلب",
  cancelledSays: "لا شيء للدفع.",
  tappedBefore: "لمستَ زر الدفع من قبل ولم تصل إجابة. اللمس مرة أخرى آمن: هي عملية الدفع نفسها.",

  noOrder: "لا يوجد طلب هنا",
  noOrderSays: "افتح الرابط الكامل الذي أعطاك إياه التاجر.",
  wallet: "افتح محفظتي",
  someMerchant: "التاجر",
  otherWay: "من أي مال؟",
  otherWaySays: "خيارك الأول بعملة أخرى. وهذا يُدفع بعملة {currency}.",
  payFrom: "ادفع من {currency}",
};
