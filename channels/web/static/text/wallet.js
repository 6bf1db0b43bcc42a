/** What the wallet page says, in the reader's language. */

import { inLanguage } from "../js/language.js";
import { wallet as ar } from "./ar/wallet.js";
import { wallet as en } from "./en/wallet.js";
import { wallet as zh } from "./zh/wallet.js";

export const wallet = inLanguage({ ar, en, zh });
