/** What every page says, in Arabic. */

export const common = {
  brand: "Airside",
  skip: "انتقل إلى المحتوى",
  demo: "تجربة",
  demoSays: "لا نقود حقيقية هنا، ويمكن لأي شخص الدخول.",
  signOut: "تسجيل الخروج",
  live: "مباشر",
  waiting: "جارٍ إعادة الاتصال",
  offline: "غير متصل",

  signInTitle: "من أنت؟",
  signInDemo: "هذه تجربة: اختر شخصًا.",
  signInKey: "مفتاح API",
  signInKeySays: "يبقى في علامة التبويب هذه فقط، ويُنسى عند إغلاقها.",
  signIn: "تسجيل الدخول",
  keyRefused: "البوابة لا تعرف هذا المفتاح.",
  notForYou: "لا يمكن لـ {name} استخدام هذه الصفحة. سجّل الدخول باسم آخر.",

  noAnswer: "البوابة لا تجيب.",
  noAnswerSays: "ستتابع هذه الصفحة تلقائيًا عندما تعود.",
  close: "إغلاق",
  language: "اللغة",
  passkeyIn: "ادخل بمفتاح المرور",
  passkeyNone: "لم يُبرَز أي مفتاح مرور.",
  passkeyRefused: "لم تقبل البوابة ذلك. حاول مرة أخرى، أو اطلب رمزًا جديدًا من شركة الطيران.",
  firstTime: "أول مرة هنا؟",
  enrolmentCode: "الرمز الذي أعطتك إياه شركة الطيران",
  makePasskey: "أنشئ مفتاح مرور وادخل",
};
