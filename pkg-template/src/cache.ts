// Model files that were downloaded, kept for the next visit: a file of its own, loaded with the first model that comes from
// an address. A copy is used again where the server says that the file is the same, where its checksum is the one that is
// asked for, or where nobody can be reached. It fetches nothing itself.

import { sha256Of } from "./digest.js";
import { wordsOf } from "./errors.js";
import type { CachedModel, CacheLike, ModelCache, PredictOptions } from "./interface.js";
import type { Log } from "./log.js";

/** What can be asked of a file's server. */
export interface Server {
  /** What it says of the file, without its bytes. */
  head(): Promise<Response>;
  /** The file, and what was said of it. */
  download(): Promise<{ blob: Blob; headers: Headers }>;
}

/** When a copy may be used without a question. */
export interface Trust {
  /** The checksum that the file must have, in hexadecimal digits. */
  sha256?: string | undefined;
  /** Whether the server is asked if the file is still the same; default: true. */
  revalidate?: boolean | undefined;
}

/** Says whether a copy is used, and how large it is. */
type Found = (bytes: number) => void;

const digest = "x-predictql-sha256";

export class ModelFiles implements ModelCache {
  readonly #cache: Promise<CacheLike | undefined>;
  readonly #log: Log;
  /** Copies that are being made: what is asked of the cache is asked of what it will be. */
  readonly #keeping = new Set<Promise<void>>();

  constructor(option: PredictOptions["cache"], log: Log) {
    this.#log = log;
    this.#cache = open(option).catch((error) => this.#warn("the cache of models cannot be opened", error));
  }

  /** The file at an address: the copy, or what its server sends. */
  async read(url: string, trust: Trust, server: Server, signal: AbortSignal | undefined, found: Found): Promise<Blob> {
    const copy = await this.#match(url);
    if (copy) {
      const { revalidate = true, sha256 } = trust;
      const isAsked = sha256 !== undefined && copy.headers.get(digest) === sha256;
      if (isAsked || !revalidate || (await this.#isCurrent(url, copy, server, signal))) {
        const blob = await copy.blob();
        found(blob.size);
        return blob;
      }
    }
    const { blob, headers } = await server.download();
    const keeping = this.#keep(url, blob, headers).finally(() => this.#keeping.delete(keeping));
    this.#keeping.add(keeping);
    return blob;
  }

  async keys(): Promise<CachedModel[]> {
    const found = await this.#whole();
    const copies = await Promise.all(
      (await this.#urls(found)).map(async (url) => [url, await found?.match(url)] as const),
    );
    return copies.flatMap(([url, copy]) =>
      copy ? [{ url, bytes: Number(copy.headers.get("content-length")), sha256: copy.headers.get(digest) ?? "" }] : [],
    );
  }

  async delete(url: string): Promise<boolean> {
    return (await (await this.#whole())?.delete?.(url)) ?? false;
  }

  async clear(): Promise<void> {
    const found = await this.#whole();
    for (const url of await this.#urls(found)) await found?.delete?.(url);
  }

  async persist(): Promise<boolean> {
    return (await globalThis.navigator?.storage?.persist?.()) ?? false;
  }

  /** The cache once it holds what it is going to hold. */
  async #whole(): Promise<CacheLike | undefined> {
    await Promise.all(this.#keeping);
    return this.#cache;
  }

  async #urls(cache: CacheLike | undefined): Promise<string[]> {
    return (await cache?.keys?.()) ?? [];
  }

  /** Whether the server still has what the copy was made of. A server that cannot be reached leaves the copy as it is. */
  async #isCurrent(url: string, copy: Response, server: Server, signal: AbortSignal | undefined): Promise<boolean> {
    let now: Response;
    try {
      now = await server.head();
    } catch (error) {
      signal?.throwIfAborted();
      this.#warn(`\`${url}\` cannot be asked for news: its copy is used`, error);
      return true;
    }
    if (!now.ok) return false;
    const names = now.headers.get("content-encoding") ? marks : [...marks, "content-length"];
    const said = names.map((name) => [now.headers.get(name), copy.headers.get(name)]);
    const both = said.filter(([one, other]) => one != null && other != null);
    // The length alone would not tell a file from the one after it.
    const isTold = both.length > 0 && marks.some((name) => now.headers.has(name) && copy.headers.has(name));
    return isTold && both.every(([one, other]) => one === other);
  }

  async #keep(url: string, blob: Blob, headers: Headers): Promise<void> {
    const cache = await this.#cache;
    if (!cache) return;
    try {
      const kept = new Headers({ "content-length": String(blob.size), [digest]: (await sha256Of(blob)) ?? "" });
      for (const name of [...marks, "content-type"]) {
        const value = headers.get(name);
        if (value !== null) kept.set(name, value);
      }
      await cache.put(url, new Response(blob, { headers: kept }));
    } catch (error) {
      this.#warn(`\`${url}\` is not kept for the next visit`, error);
    }
  }

  async #match(url: string): Promise<Response | undefined> {
    try {
      return await (await this.#cache)?.match(url);
    } catch (error) {
      return this.#warn("the cache of models cannot be read", error);
    }
  }

  /** A model that is not kept is downloaded again: no reason to fail. */
  #warn(what: string, error: unknown): undefined {
    this.#log.say("warn", what, { detail: wordsOf(error) });
  }
}

/** What a server marks the versions of a file with. */
const marks = ["etag", "last-modified"];

async function open(option: PredictOptions["cache"]): Promise<CacheLike | undefined> {
  if (typeof option === "object") return option;
  if (option === "memory") return memory();
  const cache = await caches.open("predictql-models");
  return {
    match: (url) => cache.match(url),
    put: (url, response) => cache.put(url, response),
    delete: (url) => cache.delete(url),
    keys: async () => (await cache.keys()).map(({ url }) => url),
  };
}

function memory(): CacheLike {
  const copies = new Map<string, Response>();
  return {
    match: async (url) => copies.get(url)?.clone(),
    put: async (url, response) => void copies.set(url, response),
    delete: async (url) => copies.delete(url),
    keys: async () => [...copies.keys()],
  };
}
