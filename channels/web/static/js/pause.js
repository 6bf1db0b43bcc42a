/** Waiting: for a time, or until the world is likely to have changed. */

/** @param {number} ms @returns {Promise<void>} */
export function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Ends early when the network comes back or the tab is looked at again: nobody should
 * watch a back-off count down on a connection that is fine.
 * @param {number} ms @returns {Promise<void>}
 */
export function pauseUnlessWoken(ms) {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      removeEventListener("online", wake);
      document.removeEventListener("visibilitychange", look);
      resolve();
    };
    // A page that is left is hidden too, and must not ask once more on its way out.
    const look = () => {
      if (!document.hidden) wake();
    };
    const timer = setTimeout(wake, ms);
    addEventListener("online", wake);
    document.addEventListener("visibilitychange", look);
  });
}

/** 0.5 s, 1 s, 2 s … at most `maxMs`. @param {number} attempt from 0 @param {number} maxMs */
export function backOffMs(attempt, maxMs) {
  const FIRST_MS = 500;
  return Math.min(maxMs, FIRST_MS * 2 ** Math.min(attempt, 20));
}
