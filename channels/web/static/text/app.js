/** What the app's screens say, in the reader's language. */

import { inLanguage } from "../js/language.js";
import { app as ar } from "./ar/app.js";
import { app as en } from "./en/app.js";
import { app as zh } from "./zh/app.js";

export const app = inLanguage({ ar, en, zh });
