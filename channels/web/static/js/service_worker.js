/**
 * The app without a network: the files of its shell, all of one version, from the phone itself. Calls
 * of the API are never kept and never answered from here: an old balance must not look like a new one.
 *
 * The server writes SHELL before this: {version, paths}.
 */

/* global SHELL */

const NAME = `airside-${SHELL.version}`;

addEventListener("install", (event) => {
  event.waitUntil(
    (async () => {
      const cache = await caches.open(NAME);
      // Past the browser's own cache: a version is whole, or it is not installed.
      await cache.addAll(SHELL.paths.map((path) => new Request(path, { cache: "reload" })));
      await self.skipWaiting();
    })(),
  );
});

addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      const names = (await caches.keys()).filter((name) => name.startsWith("airside-"));
      await Promise.all(names.filter((name) => name !== NAME).map((name) => caches.delete(name)));
      await self.clients.claim();
    })(),
  );
});

addEventListener("fetch", (event) => {
  const { origin, pathname } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== location.origin) return;
  if (!SHELL.paths.includes(pathname)) return;
  event.respondWith(
    (async () => (await (await caches.open(NAME)).match(pathname)) ?? fetch(event.request))(),
  );
});
