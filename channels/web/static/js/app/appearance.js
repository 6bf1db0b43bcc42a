/** How the app looks on this device: care mode and the size of its type. Kept on the device only. */

const CARE = "airside.care";
const SIZE = "airside.size";

/** Of the root's type: 16, 20, 24 and 30 px. Whoever turns care mode on begins with the third. */
export const SIZES = ["1", "2", "3", "4"];
const CARE_SIZE = "3";

export function isCare() {
  return document.documentElement.dataset.care !== undefined;
}

export function size() {
  return document.documentElement.dataset.size ?? (isCare() ? CARE_SIZE : SIZES[0]);
}

/** @param {boolean} on */
export function setCare(on) {
  const root = document.documentElement;
  localStorage.setItem(CARE, on ? "on" : "off");
  localStorage.removeItem(SIZE);
  delete root.dataset.size;
  if (on) root.dataset.care = "";
  else delete root.dataset.care;
}

/** @param {string} chosen one of SIZES */
export function setSize(chosen) {
  localStorage.setItem(SIZE, chosen);
  document.documentElement.dataset.size = chosen;
}
