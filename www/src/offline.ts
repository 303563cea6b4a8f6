// The page without a network: a service worker keeps its files from the first visit on, and what else the page has fetched.

/** What a build makes; in development every file is to be fresh. A browser may forbid it: then the page needs its server. */
export function keepOffline(): void {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  const register = () => void navigator.serviceWorker.register("./sw.js").then(keepFetched, () => {});
  // The first paint comes first.
  if (document.readyState === "complete") register();
  else addEventListener("load", register, { once: true });
}

/** Names to the worker what was fetched before it stood between the page and the network. */
export async function keepFetched(): Promise<void> {
  if (!import.meta.env.PROD || !(await navigator.serviceWorker?.getRegistration())) return;
  const { active } = await navigator.serviceWorker.ready;
  const names = performance.getEntriesByType("resource").map(({ name }) => name);
  active?.postMessage(names.filter((name) => name.startsWith(location.origin)));
}
