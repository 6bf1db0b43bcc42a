/** What a person would call this device: its system and its browser, and nothing finer. */

const SYSTEMS = ["iPhone", "iPad", "Android", "Windows", "Mac", "Linux"];
const BROWSERS = ["Edg", "Firefox", "Chrome", "Safari"];

export function deviceName() {
  const agent = navigator.userAgent;
  const system = SYSTEMS.find((name) => agent.includes(name)) ?? "";
  const browser = BROWSERS.find((name) => agent.includes(name)) ?? "";
  return [browser.replace("Edg", "Edge"), system].filter(Boolean).join(" · ");
}
