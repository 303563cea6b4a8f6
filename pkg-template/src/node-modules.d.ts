// What the entry for Node needs of it. Node's own declarations would stand beside those of the page.

declare module "node:fs/promises" {
  export function open(
    path: string,
    flags: string,
  ): Promise<{
    appendFile(bytes: Uint8Array): Promise<void>;
    read(
      into: Uint8Array<ArrayBuffer>,
      options: { position: number },
    ): Promise<{ bytesRead: number; buffer: Uint8Array<ArrayBuffer> }>;
    close(): Promise<void>;
  }>;
  export function rename(from: string, to: string): Promise<void>;
  export function rm(path: string): Promise<void>;
  export function stat(path: string): Promise<{ size: number; mtime: Date }>;
}

declare module "node:path" {
  export function extname(path: string): string;
}

declare module "node:url" {
  export function fileURLToPath(url: URL | string): string;
  export function pathToFileURL(path: string): URL;
}

declare module "node:os" {
  export function availableParallelism(): number;
}

declare module "node:worker_threads" {
  interface Port {
    // biome-ignore lint/suspicious/noExplicitAny: what a message is, page and worker agree upon.
    on(event: string, listener: (value: any) => void): void;
    postMessage(message: unknown, transfer: readonly Transferable[]): void;
  }
  export const parentPort: Port | null;
  export class Worker implements Port {
    constructor(url: URL, options: { name: string; execArgv: string[] });
    // biome-ignore lint/suspicious/noExplicitAny: as above.
    on(event: string, listener: (value: any) => void): void;
    postMessage(message: unknown, transfer: readonly Transferable[]): void;
    terminate(): Promise<number>;
    ref(): void;
    unref(): void;
  }
}

declare const process: { cwd(): string };
