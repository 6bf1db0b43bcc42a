/** What the page of the airport counter says, in the reader's language. */

import { inLanguage } from "../js/language.js";
import { counter as ar } from "./ar/counter.js";
import { counter as en } from "./en/counter.js";
import { counter as zh } from "./zh/counter.js";

export const counter = inLanguage({ ar, en, zh });
