/** Why a payment was declined, as the payer reads it, in Arabic. */

/** @type {Record<string, string>} */
export const declines = {
  reversed_before_arrival: "تخلّت نقطة البيع عن هذه المحاولة",
  account_closed: "هذه المحفظة مغلقة",
  account_closing: "هذه المحفظة قيد الإغلاق",
  account_frozen: "هذه المحفظة مجمّدة",
  code_used: "استُخدم هذا الرمز لطلب آخر",
  code_expired: "انتهت صلاحية الرمز",
  code_not_yet_valid: "جاء الرمز من جهاز ساعته غير مضبوطة",
  wrong_currency: "لا رصيد في هذه المحفظة بهذه العملة",
  too_many_holds: "مبالغ محجوزة كثيرة في الوقت نفسه",
  exceeds_channel_limit: "أكثر مما يُسمح بدفعه هنا مرة واحدة",
  not_sold_in_channel: "لا يُباع بهذه الطريقة",
  insufficient_funds: "لا رصيد كافٍ في المحفظة",
};
