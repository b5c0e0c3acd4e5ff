/* Keeps the app's own files, so that it opens while the server is being started again. What the
 * network has comes first; answers of the API and the examples are never kept. */
const STORE = 'kao-shell-1';

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) if (name !== STORE) await caches.delete(name);
  await self.clients.claim();
})()));

/** @param {URL} url */
const isShell = (url) => url.origin === self.location.origin && (url.pathname === '/' || /^\/(js|css|icons)\/|\.html$|\.webmanifest$/.test(url.pathname));

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || !isShell(new URL(request.url))) return;
  event.respondWith((async () => {
    const store = await caches.open(STORE);
    try {
      const fresh = await fetch(request);
      if (fresh.ok) await store.put(request, fresh.clone());
      return fresh;
    } catch (error) {
      const kept = await store.match(request);
      if (kept) return kept;
      throw error;
    }
  })());
});
