// Every network request of this tab, shown rather than promised: the page's own (the browser's list) and the engine's (its own list,
// for the browser shows a page nothing of its worker).

import { find, h } from "./dom.js";
import { bytes, plural } from "./format.js";

interface Seen {
  url: string;
  bytes: number;
}

export interface EngineRequest {
  url: string;
  bytes: number;
}

const seen: Seen[] = [];
/** Parts of the page itself, which it loads when they are needed: no news of anybody's data. */
const parts: Seen[] = [];
/** Both lists may name the same request: of each URL the longer count is the true one. */
const counts = { page: new Map<string, number>(), engine: new Map<string, number>() };
let engineRequests = 0;
let counted = 0;
let since = "this page has loaded";

const observer = new PerformanceObserver((list) => note(list.getEntries()));

export function watchRequests(): void {
  observer.observe({ type: "resource", buffered: true });
  // What the page needs to stand is not news: counting starts when the browser says that it has loaded.
  const start = () => setTimeout(() => countFromNow(since));
  if (document.readyState === "complete") start();
  else addEventListener("load", start, { once: true });
}

/** Start the count again at 0. Everything before stays listed. */
export function countFromNow(after: string): void {
  note(observer.takeRecords());
  counted = seen.length;
  since = after;
  show();
}

/** Take in the engine's list; it only ever grows. */
export function noteEngineRequests(requests: readonly EngineRequest[]): void {
  note(observer.takeRecords());
  for (const request of requests.slice(engineRequests)) {
    add("engine", new URL(request.url, document.baseURI).href, request.bytes);
  }
  engineRequests = requests.length;
  show();
}

function note(entries: readonly PerformanceEntry[]): void {
  for (const entry of entries as readonly PerformanceResourceTiming[]) add("page", entry.name, entry.encodedBodySize);
  if (entries.length > 0) show();
}

function add(from: "page" | "engine", url: string, size: number): void {
  // blob: and data: are this tab's own memory.
  if (!/^https?:/.test(url)) return;
  const count = (counts[from].get(url) ?? 0) + 1;
  counts[from].set(url, count);
  if (count <= (counts[from === "page" ? "engine" : "page"].get(url) ?? 0)) return;
  (isPart(url) ? parts : seen).push({ url, bytes: size });
}

function show(): void {
  const after = seen.slice(counted);
  const elsewhere = after.filter(({ url }) => !isHere(url)).length;
  find("#request-count").textContent = String(after.length);
  find("#badge").dataset.state = elsewhere > 0 ? "elsewhere" : after.length > 0 ? "here" : "none";
  find("#requests").replaceChildren(
    h("h2", {}, `Since ${since}: ${plural(after.length, "request")}`),
    h("p", {}, explain(after.length, elsewhere)),
    list(after),
    h("h3", {}, `Before: ${plural(counted, "request")}`),
    list(seen.slice(0, counted)),
    h("h3", {}, `The page itself: ${plural(parts.length, "file")}, some when they are needed`),
    list(parts),
  );
}

function explain(requests: number, elsewhere: number): string {
  if (elsewhere > 0) return "Some went to another server.";
  if (requests > 0) return "Each fetched a file from this page's own server. None carried your data.";
  return "The model runs in this tab: your rows, pictures and models stay on this device.";
}

/** Each file once, with how often and how much. */
function list(requests: readonly Seen[]): HTMLElement {
  const files = Map.groupBy(requests, ({ url }) => url);
  return h("ul", {}, ...Array.from(files, ([url, all]) => line(url, all)));
}

function line(url: string, all: readonly Seen[]): HTMLElement {
  const size = all.reduce((sum, request) => sum + request.bytes, 0);
  const times = all.length > 1 ? `${all.length} times, ` : "";
  return h(
    "li",
    { title: url },
    h("span", {}, label(url)),
    h("small", {}, `${times}${size > 0 ? bytes(size) : "no body"}`),
  );
}

function label(url: string): string {
  const base = new URL(".", document.baseURI).href;
  return url.startsWith(base) ? url.slice(base.length) : url;
}

/** Scripts and styles, and what an engine's first file lacks. */
function isPart(url: string): boolean {
  return isHere(url) && /\.(js|css)$|\.rest\b.*\.wasm$/.test(new URL(url).pathname);
}

function isHere(url: string): boolean {
  return new URL(url).origin === location.origin;
}
