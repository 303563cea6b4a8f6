// The only place that fetches: resolves names as the page would, asks the gate, keeps the record.

import type { ModelFiles, Trust } from "./cache.js";
import { problem, wordsOf } from "./errors.js";
import type { NetworkRequest, PredictOptions } from "./interface.js";
import type { Log } from "./log.js";
import { caching } from "./parts.js";
import { platform } from "./platform.js";
import type { Report } from "./progress.js";

type Reason = NetworkRequest["reason"];

export interface ReadOptions extends Trust {
  signal?: AbortSignal | undefined;
  report?: Report | undefined;
}

/** So many bytes of an answer are put away at once. */
const pieceBytes = 4 << 20;

/** What a server says of an object; `blob` where it would not say without sending it. */
export interface Description {
  size: number;
  contentType: string;
  updated: number;
  /** In base64, where the server tells it. */
  md5Hash?: string | undefined;
  /** Whether the bytes are not on this device. */
  isRemote?: boolean;
  blob?: Blob;
}

export class Network {
  readonly requests: NetworkRequest[] = [];
  readonly #policy: NonNullable<PredictOptions["network"]>;
  readonly #fetch: typeof fetch;

  readonly #log: Log;
  readonly #cache: NonNullable<PredictOptions["cache"]>;
  #files: Promise<ModelFiles> | undefined;

  constructor({ network = "allow", fetch: custom, cache = "auto" }: PredictOptions, log: Log) {
    this.#log = log;
    this.#cache = cache;
    this.#policy = network;
    this.#fetch = custom ?? ((input, init) => fetch(input, init));
  }

  /** The bytes behind a URL or a path relative to the page. */
  async read(uri: string | URL, reason: "model" | "data", options: ReadOptions = {}): Promise<Blob> {
    const url = resolve(uri);
    const download = () => this.#download(url, reason, options);
    const kept = reason === "model" && !isLocal(url) && !isFile(url) ? await this.keeper() : undefined;
    if (!kept) return (await download()).blob;
    const { signal, report } = options;
    const head = async () => {
      const init = { method: "HEAD", cache: "no-cache", signal: signal ?? null } as const;
      return (await this.#ask(url, reason, init)).response;
    };
    return kept.read(url.href, options, { head, download }, signal, (bytes) => {
      const whole = { loaded: bytes, total: bytes, unit: "bytes", ratio: null, cached: true } as const;
      report?.({ stage: "download", label: labelOf(url), ...whole });
    });
  }

  /** The files of models that are kept; none where nothing is. */
  get kept(): Promise<ModelFiles> | undefined {
    const isKept = this.#cache !== false && (this.#cache !== "auto" || "caches" in globalThis);
    if (isKept) this.#files ??= caching().then(({ ModelFiles }) => new ModelFiles(this.#cache, this.#log));
    return this.#files;
  }

  /** The same, where it can be loaded: models come without it too. */
  async keeper(): Promise<ModelFiles | undefined> {
    try {
      return await this.kept;
    } catch (error) {
      this.#files = undefined;
      this.#log.say("warn", "models are not kept for the next visit", { detail: wordsOf(error) });
      return undefined;
    }
  }

  async #download(url: URL, reason: "model" | "data", { signal, report }: ReadOptions) {
    const { response, request } = await this.#ask(url, reason, { signal: signal ?? null });
    const blob = await this.#receive(url, response, request, { signal, report });
    await expect(reason === "model" ? "an ONNX file" : "data", response, blob);
    return { blob, headers: response.headers };
  }

  /** Size, type and age of an object, without its bytes where the server agrees. */
  async describe(uri: string | URL, signal?: AbortSignal): Promise<Description> {
    const url = resolve(uri);
    if (!isLocal(url)) {
      const { response } = await this.#ask(url, "data", { method: "HEAD", signal: signal ?? null });
      const { headers } = response;
      const size = headers.get("content-length");
      if (response.ok && size !== null && !headers.get("content-encoding")) {
        const updated = Date.parse(headers.get("last-modified") ?? "") || 0;
        const md5Hash = md5Of(headers);
        return { size: Number(size), contentType: typeOf(response), updated, md5Hash, isRemote: !isFile(url) };
      }
    }
    const blob = await this.read(url, "data", { signal });
    return { size: blob.size, contentType: blob.type, updated: Date.now(), blob };
  }

  /** An answer of data whose body, and whose status, are for who asks. */
  open(url: URL, init: RequestInit) {
    return this.#ask(url, "data", init);
  }

  /** A request for a file of the package: recorded, but the gate is not asked. */
  async engine(url: URL): Promise<{ response: Response; request: NetworkRequest }> {
    return this.#send(url, "engine", { credentials: "same-origin" }, fetch);
  }

  /** A worker has read a file of the engine. */
  note(url: string, bytes: number): void {
    this.requests.push({ url, bytes, reason: "engine" });
    this.#log.say("debug", `requests ${url}`, { reason: "engine" });
  }

  async #ask(url: URL, reason: Reason, init: RequestInit) {
    // What the page itself made never leaves the device: there is nothing to allow.
    if (isLocal(url)) return this.#send(url, reason, init, fetch);
    // Whoever allows all addresses allows those that others lead to.
    if (this.#policy === "allow") return this.#send(url, reason, init, this.#fetch);
    let at = url;
    for (let hops = 0; hops < mostHops; hops++) {
      this.#assertAllowed(at);
      const sent = await this.#send(at, reason, { ...init, redirect: "manual" }, this.#fetch);
      const { response } = sent;
      // A `fetch` of the page's own may have followed by itself.
      if (response.redirected && response.url !== "") this.#assertAllowed(new URL(response.url));
      const to = response.status >= 300 && response.status < 400 ? response.headers.get("location") : null;
      if (response.type === "opaqueredirect") throw redirected(at, "another address, which a browser does not tell");
      if (to === null) return sent;
      at = new URL(to, at);
    }
    throw redirected(url, `${mostHops} others, one after the other`);
  }

  #assertAllowed(url: URL): void {
    let cause: unknown;
    try {
      if (this.#allows(url)) return;
    } catch (error) {
      cause = error;
    }
    const why = cause === undefined ? "does not allow" : "failed at";
    throw problem("network-denied", `the option \`network\` ${why} the request for \`${url.href}\``, {
      hint: "register the file from the device, or allow this address",
      ...(cause === undefined ? {} : { detail: wordsOf(cause), cause }),
    });
  }

  #allows(url: URL): boolean {
    switch (this.#policy) {
      case "allow":
        return true;
      case "same-origin":
        return isFile(url) || url.origin === globalThis.location?.origin;
      case "deny":
        return false;
      default:
        return this.#policy(url);
    }
  }

  async #send(url: URL, reason: Reason, init: RequestInit, send: typeof fetch) {
    const request: NetworkRequest = { url: url.href, bytes: 0, reason };
    if (!isLocal(url)) {
      this.requests.push(request);
      this.#log.say("debug", `requests ${url.href}`, { reason });
    }
    try {
      const range = () => new Headers(init.headers).get("range");
      const answering = isFile(url) ? platform.readFile?.(url, init.method ?? "GET", range()) : undefined;
      const response = await (answering ?? send(url.href, init));
      if (!response.redirected || response.url === url.href) return { response, request };
      // The first address gave no bytes: they are counted for the one that it led to.
      const target = { url: response.url, bytes: 0, reason };
      this.requests.push(target);
      return { response, request: target };
    } catch (error) {
      throw unreachable(url, error, init.signal);
    }
  }

  /** Reads a body while counting. */
  async #receive(url: URL, response: Response, request: NetworkRequest, { signal, report }: ReadOptions) {
    // The length counts compressed bytes where the answer is compressed: worse than no total.
    const length = response.headers.get("content-encoding") ? null : response.headers.get("content-length");
    const total = length === null ? null : Number(length);
    const label = labelOf(url);
    const pieces: Blob[] = [];
    let chunks: Uint8Array<ArrayBuffer>[] = [];
    let gathered = 0;
    try {
      const reader = response.body?.getReader();
      for (let chunk = await reader?.read(); chunk?.value; chunk = await reader?.read()) {
        chunks.push(chunk.value);
        request.bytes += chunk.value.byteLength;
        gathered += chunk.value.byteLength;
        // Browsers keep a Blob outside of the page's memory, in which a large file would lie twice until its chunks are collected.
        if (gathered >= pieceBytes) {
          pieces.push(new Blob(chunks));
          chunks = [];
          gathered = 0;
        }
        report?.({ stage: "download", label, loaded: request.bytes, total, unit: "bytes", ratio: null, cached: false });
      }
    } catch (error) {
      throw unreachable(url, error, signal);
    }
    return new Blob([...pieces, ...chunks], { type: typeOf(response) });
  }
}

/** The absolute address of what a page or a SQL text names. */
export function resolve(uri: string | URL): URL {
  const base = platform.base();
  const url = URL.canParse(uri, base) ? new URL(uri, base) : undefined;
  if (url && (/^(https?|data|blob):$/.test(url.protocol) || isFile(url))) return url;
  throw problem("unsupported-address", `a browser cannot fetch \`${uri}\``, {
    hint: `register the file by this name, \`registerFile(${JSON.stringify(String(uri))}, file)\`, or use an https address`,
  });
}

/** The last part of an address, as people call a file. */
export function labelOf(url: URL): string {
  return url.pathname.split("/").findLast((part) => part !== "") ?? url.host;
}

const publicHint =
  "check the address: servers answer unknown ones with their start page; bundlers publish what lies in `public/` unchanged";

/** Throws where something else came back than what was asked for: an error, or the start page that it ends in. */
export async function expect(what: string, response: Response, body: Blob, hint = publicHint): Promise<void> {
  const start = await body.slice(0, 80).text();
  const isPage = /^(text\/html|application\/xhtml)/.test(typeOf(response)) || start.startsWith("<!");
  if (response.ok && !isPage) return;
  const came = response.ok ? "an HTML page" : `${response.status} ${response.statusText}`.trimEnd();
  const code = response.ok ? "got-html" : "network-failed";
  throw problem(code, `\`${response.url}\` answered with ${came} in place of ${what}`, { hint, detail: start });
}

export function unreachable(url: URL, error: unknown, signal?: AbortSignal | null) {
  if (signal?.aborted) return signal.reason;
  return problem("network-failed", `\`${url.href}\` cannot be reached`, {
    hint: "check the address, and whether its server (CORS) and the page's Content-Security-Policy allow the request",
    detail: wordsOf(error),
    cause: error,
  });
}

/** As many as browsers follow. */
const mostHops = 20;

function redirected(url: URL, where: string) {
  return problem("network-denied", `\`${url.href}\` leads to ${where}: the option \`network\` cannot allow it`, {
    hint: 'give the address that it leads to, or `network: "allow"`',
  });
}

/** Whether it is a file of the machine, where such can be read. */
function isFile({ protocol }: URL): boolean {
  return protocol === "file:" && platform.readFile !== undefined;
}

function isLocal({ protocol }: URL): boolean {
  return protocol === "data:" || protocol === "blob:";
}

/** The MD5 hash of a file in base64: as cloud storage tells it, or as HTTP once did. */
function md5Of(headers: Headers): string | undefined {
  const told = `${headers.get("x-goog-hash") ?? ""}, md5=${headers.get("content-md5") ?? ""}`;
  return /\bmd5=([A-Za-z0-9+/]{22}==)/.exec(told)?.[1];
}

function typeOf(response: Response): string {
  return response.headers.get("content-type") ?? "";
}
