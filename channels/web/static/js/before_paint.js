/**
 * The reader's language and type size, before the first paint: a page that turned from left to right
 * under the eyes would be worse than one that waits. That is why this is no module: it runs where
 * it stands, and knows nothing of the rest.
 */

"use strict";

{
  const TAGS = { ar: "ar-QA", en: "en-GB", zh: "zh-CN" };
  const root = document.documentElement;
  const kept = (name) => {
    try {
      return localStorage.getItem(name);
    } catch {
      return null; // a browser that keeps nothing for us asks its own settings each time
    }
  };
  const wanted = [kept("airside.language") ?? "", ...navigator.languages];
  const known = wanted.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => tag in TAGS);
  root.lang = TAGS[known ?? "en"];
  root.dir = known === "ar" ? "rtl" : "ltr";
  root.dataset.translated = "";
  if (kept("airside.care") === "on") root.dataset.care = "";
  const size = kept("airside.size");
  if (size !== null) root.dataset.size = size;
}
