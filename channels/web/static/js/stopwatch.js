/**
 * Time that has passed since the page was opened, also while the device slept. The browser's
 * own stopwatch may stand still in a sleeping phone, and its clock may be set back; whichever
 * has gone further is believed, so this never goes backwards and never hides a sleep.
 */

const opened_ms = Date.now() - performance.now();
let sleep_ms = 0;

/** @returns {number} milliseconds */
export function stopwatch_ms() {
  const running_ms = performance.now();
  sleep_ms = Math.max(sleep_ms, Date.now() - opened_ms - running_ms);
  return running_ms + sleep_ms;
}
