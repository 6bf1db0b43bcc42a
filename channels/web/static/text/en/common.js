/** What every page says. */

export const common = {
  brand: "Airside",
  skip: "Skip to the content",
  demo: "Demo",
  demoSays: "No real money. Anyone may sign in.",
  signOut: "Sign out",
  live: "Live",
  waiting: "Reconnecting",
  offline: "Offline",

  signInTitle: "Who is there?",
  signInDemo: "This is a demo: pick somebody.",
  signInKey: "API key",
  signInKeySays: "It stays in this tab and is forgotten when the tab closes.",
  signIn: "Sign in",
  keyRefused: "The gateway does not know this key.",
  notForYou: "{name} cannot use this page. Sign in as somebody else.",

  noAnswer: "The gateway does not answer.",
  noAnswerSays: "This page goes on by itself as soon as it does.",
  close: "Close",
  language: "Language",
  passkeyIn: "Sign in with a passkey",
  passkeyNone: "No passkey was shown.",
  passkeyRefused: "The gateway did not accept that. Try again, or ask the airline for a new code.",
  firstTime: "The first time here?",
  enrolmentCode: "The code that the airline gave you",
  makePasskey: "Make a passkey and sign in",
};
