/** What the payment page of an order link says, in the reader's language. */

import { inLanguage } from "../js/language.js";
import { pay as ar } from "./ar/pay.js";
import { pay as en } from "./en/pay.js";
import { pay as zh } from "./zh/pay.js";

export const pay = inLanguage({ ar, en, zh });
