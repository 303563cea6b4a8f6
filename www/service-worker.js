// Keeps the page at work without a network, and isolated on hosts that send no headers. The build fills in `FILES`, the page's own
// files but for wasm, which is kept once it was used, and `VERSION`, which changes with them.

const shell = `page-${VERSION}`;
const used = "page-used";
const start = new URL("./", self.location).href;

self.addEventListener("install", (event) => {
  const files = FILES.map((file) => new Request(file, { cache: "no-cache" }));
  event.waitUntil(caches.open(shell).then((cache) => cache.addAll(files)));
  self.skipWaiting();
});

self.addEventListener("activate", (event) => {
  const isStale = (name) => /^page-/.test(name) && name !== shell && name !== used;
  const tidy = caches.keys().then((names) => Promise.all(names.filter(isStale).map((name) => caches.delete(name))));
  event.waitUntil(tidy.then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const isOurs = request.method === "GET" && request.url.startsWith(start) && !request.headers.has("range");
  if (isOurs) event.respondWith(answer(request));
});

// What the page had fetched before this worker stood between it and the network.
self.addEventListener("message", ({ data }) => {
  for (const url of data) if (url.startsWith(start)) keep(new Request(url, { cache: "force-cache" })).catch(() => {});
});

async function keep(request) {
  if (await keptFor(request)) return;
  const response = await fetch(request);
  if (response.status === 200) await (await caches.open(used)).put(request, response);
}

async function answer(request) {
  const kept = await keptFor(request);
  // A name with a hash in it never means another file; every other file may have changed.
  if (kept && /\/assets\//.test(request.url)) return isolated(request, kept);
  try {
    const response = await fetch(request);
    if (response.status === 200) {
      const cache = await caches.open(used);
      await cache.put(request, response.clone()).catch(() => {}); // The disk may be full: then the network serves.
    }
    return isolated(request, response);
  } catch (error) {
    if (kept) return isolated(request, kept);
    throw error;
  }
}

async function keptFor(request) {
  const place = request.mode === "navigate" ? start : request;
  return (await caches.match(place, { cacheName: used })) ?? caches.match(place, { cacheName: shell });
}

/** Documents and workers are isolated by headers of their own. */
function isolated(request, response) {
  if (!["document", "iframe", "worker"].includes(request.destination) || response.type === "opaqueredirect")
    return response;
  const headers = new Headers(response.headers);
  headers.set("cross-origin-opener-policy", "same-origin");
  headers.set("cross-origin-embedder-policy", "require-corp");
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
