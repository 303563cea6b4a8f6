// The rest of an engine: the functions that its first file lacks. They come when the first of them is called, in the midst of a
// computation, which cannot wait: a worker may read a file without returning to its event loop. Where that is not so, they
// are there from the start.

/** Where the rest is. */
export type RestSource = WebAssembly.Module | string;

/** What was read, and what the worker after this one need not read again. */
export interface RestRead {
  url: string;
  bytes: number;
  module: WebAssembly.Module;
}

/** It could not be had. The engine has stopped amid a call, and must not be used again. */
export class RestFailed extends Error {}

/** The module that an engine's first file imports: it is called like the file that has the rest. */
export function restOf(module: WebAssembly.Module): string | undefined {
  return WebAssembly.Module.imports(module).find(({ module: name }) => name.endsWith(".rest.wasm"))?.module;
}

export class Rest {
  /** What instances of the first file import. */
  readonly imports: WebAssembly.Imports = {};
  #source: RestSource | undefined;
  #first: WebAssembly.ModuleImports | undefined;
  #read: RestRead | undefined;

  /** Prepares for an instance of `module`. */
  expect(module: WebAssembly.Module, source: RestSource | undefined): void {
    const name = restOf(module);
    if (name === undefined) return;
    this.#source = source;
    this.imports[name] = { load: () => this.#load(name) };
  }

  /** Where the rest is: the module once it has been read. */
  get source(): RestSource | undefined {
    return this.#source;
  }

  /** `first` has started. */
  join(first: object): void {
    this.#first = first as WebAssembly.ModuleImports;
  }

  /** What has been read since this was asked the last time. */
  takeRead(): RestRead | undefined {
    const read = this.#read;
    this.#read = undefined;
    return read;
  }

  #load(name: string): void {
    try {
      if (this.#source === undefined || this.#first === undefined) throw new Error("nobody said where it is");
      const module = typeof this.#source === "string" ? this.#fetch(this.#source) : this.#source;
      new WebAssembly.Instance(module, { first: this.#first });
    } catch (error) {
      throw new RestFailed(`\`${typeof this.#source === "string" ? this.#source : name}\`: ${error}`);
    }
  }

  #fetch(url: string): WebAssembly.Module {
    const request = new XMLHttpRequest();
    request.open("GET", url, false);
    request.responseType = "arraybuffer";
    request.send();
    if (request.status !== 200) throw new Error(`the answer is ${request.status} ${request.statusText}`.trimEnd());
    const bytes: ArrayBuffer = request.response;
    const module = new WebAssembly.Module(bytes);
    this.#source = module;
    this.#read = { url, bytes: bytes.byteLength, module };
    return module;
  }
}
