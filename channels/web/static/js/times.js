/** Moments as people say them, in the zone of the one who looks. */

import { LANGUAGE } from "./language.js";

const clock = new Intl.DateTimeFormat(LANGUAGE, { hour: "2-digit", minute: "2-digit" });
const longDay = new Intl.DateTimeFormat(LANGUAGE, {
  weekday: "long",
  day: "numeric",
  month: "long",
});
const nearDays = new Intl.RelativeTimeFormat(LANGUAGE, { numeric: "auto" });

const DAY_MS = 86_400_000;

/** "14:32". @param {string} at RFC 3339 */
export function timeOf(at) {
  return clock.format(new Date(at));
}

/** A day's own number, equal for two moments of one local day. @param {string|Date} at */
export function dayNumber(at) {
  const date = new Date(at);
  // Noon, so that no change of the clocks moves a day.
  return Math.round(Date.UTC(date.getFullYear(), date.getMonth(), date.getDate(), 12) / DAY_MS);
}

/** "Today", "Yesterday" or "Friday 20 November". @param {string} at @param {Date} now */
export function dayName(at, now) {
  const days = dayNumber(at) - dayNumber(now);
  const near = days === 0 || days === -1;
  const name = near ? nearDays.format(days, "day") : longDay.format(new Date(at));
  return name.charAt(0).toUpperCase() + name.slice(1);
}

const moments = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "long", timeStyle: "short" });

/** "22 November 2026 at 14:32". @param {string} at RFC 3339 */
export function momentText(at) {
  return moments.format(new Date(at));
}
