/** What every page says, in the reader's language. */

import { inLanguage } from "../js/language.js";
import { common as ar } from "./ar/common.js";
import { common as en } from "./en/common.js";
import { common as zh } from "./zh/common.js";

export const common = inLanguage({ ar, en, zh });
