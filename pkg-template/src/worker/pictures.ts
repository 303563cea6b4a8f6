// The codecs of pictures: a WebAssembly module beside the engine's, which calls it while it computes. Bytes go into
// its memory, pixels come out of it, and the other way round; one that stops takes only its own instance with it.

/** What `pictures/src/module.rs` exports. */
interface Exports {
  memory: WebAssembly.Memory;
  /** Where the bytes go; 0 where there is no room. */
  input(length: number): number;
  /** Where the answer is: the numbers for the engine, then where the values are, and where the words are and how many. */
  encode(format: number, height: number, width: number, channels: number, quality: number): number;
  inspect(format: number, mostPixels: number): number;
  /** Resizes to a height and a width as well, unless they are 0. */
  decode(
    format: number,
    mostPixels: number,
    mostValues: number,
    upright: number,
    background: number,
    height: number,
    width: number,
    preservesAspectRatio: number,
  ): number;
}

/** Bytes of memory that an instance may keep: memory grows and never shrinks. */
const keep = 64 << 20;
/** Bytes from which on it is taken for full when it stops. */
const full = 2 ** 30;

/** How many numbers of an answer are for the engine; the codes of `pictures/src/answer.rs` for what happens here. */
const words = 4;
const noMemory = Uint32Array.of(7, 0, 0, 0);
const stopped = Uint32Array.of(8, 0, 0, 0);

/** The formats of `pictures/src/answer.rs` from which on it is the host that decodes, and what it decodes to. */
const firstOfHost = 5;
const pixelsOfHost = 7;
/** Bytes of pixels that are kept for the engine's next steps. */
const mostOfHost = 2 ** 29;

/** What the engine calls as `predictqlPictures`. */
export class Pictures {
  #module: WebAssembly.Module | undefined;
  #instance: Exports | undefined;
  /** Where the values of the latest answer are. */
  #place = 0;
  #detail = "";
  /** Files, and the pixels that the page's browser has made of them; the latest first. */
  #decoded: { file: Uint8Array; pixels: Uint8Array }[] = [];

  /** From now on there is a decoder. */
  bring(module: WebAssembly.Module): void {
    this.#module ??= module;
  }

  /** Keeps what the browser has made of a file until the engine asks for it. */
  keep(file: Uint8Array, pixels: Uint8Array): void {
    this.#decoded.unshift({ file, pixels });
    let bytes = 0;
    this.#decoded = this.#decoded.filter((entry, at) => {
      bytes += entry.pixels.byteLength;
      return at === 0 || bytes <= mostOfHost;
    });
  }

  /** No query needs what was kept any more. */
  forget(): void {
    this.#decoded = [];
  }

  isReady(): boolean {
    return this.#module !== undefined;
  }

  decode(
    bytes: Uint8Array,
    format: number,
    mostPixels: number,
    mostValues: number,
    upright: boolean,
    background: number,
    target: Uint32Array,
  ): Uint32Array {
    const [height = 0, width = 0, preservesAspectRatio = 0] = target;
    const pixels = this.#decoded.find(({ file }) => areSame(file, bytes))?.pixels;
    if (pixels && format < firstOfHost) {
      // A browser makes a picture of what is not whole, too: the file is judged as it would be without it.
      const told = this.#ask(bytes, (exports) => exports.inspect(format, mostPixels));
      if (told[0] !== 0) return told;
      new DataView(pixels.buffer, pixels.byteOffset).setUint32(8, told[3] ?? 1, true);
    }
    return this.#ask(pixels || bytes, (exports) =>
      exports.decode(
        pixels ? pixelsOfHost : format,
        mostPixels,
        mostValues,
        Number(upright),
        background,
        height,
        width,
        preservesAspectRatio,
      ),
    );
  }

  encode(
    values: Uint8Array,
    format: number,
    height: number,
    width: number,
    channels: number,
    quality: number,
  ): Uint32Array {
    return this.#ask(values, (exports) => exports.encode(format, height, width, channels, quality));
  }

  /** The latest file. */
  file(into: Uint8Array): void {
    if (!this.#instance) throw new Error("there is no file");
    into.set(new Uint8Array(this.#instance.memory.buffer, this.#place, into.length));
    this.#release();
  }

  /** The values of the latest picture. */
  values(into: Float32Array): void {
    if (!this.#instance) throw new Error("there is no picture");
    into.set(new Float32Array(this.#instance.memory.buffer, this.#place, into.length));
    this.#release();
  }

  /** Why the latest picture was not decoded. */
  detail(): string {
    return this.#detail;
  }

  /** The numbers of an answer about `bytes`. */
  #ask(bytes: Uint8Array, question: (exports: Exports) => number): Uint32Array {
    try {
      const exports = this.#running();
      const { memory } = exports;
      const input = exports.input(bytes.length) >>> 0;
      if (input === 0) return noMemory;
      new Uint8Array(memory.buffer, input, bytes.length).set(bytes);
      // First the answer: memory that grows in between is another buffer.
      const at = question(exports) >>> 0;
      const answer = new Uint32Array(memory.buffer, at, words + 3);
      const [place = 0, text = 0, length = 0] = answer.subarray(words);
      this.#place = place;
      this.#detail = new TextDecoder().decode(new Uint8Array(memory.buffer, text, length));
      const told = answer.slice(0, words);
      if (told[0] !== 0) this.#release();
      return told;
    } catch (error) {
      const size = this.#instance?.memory.buffer.byteLength ?? 0;
      this.#instance = undefined;
      this.#detail = String(error);
      return size > full ? noMemory : stopped;
    }
  }

  #running(): Exports {
    if (!this.#module) throw new Error("there is no decoder");
    this.#instance ??= new WebAssembly.Instance(this.#module).exports as unknown as Exports;
    return this.#instance;
  }

  /** Gives the memory of a huge picture back. */
  #release(): void {
    if (this.#instance && this.#instance.memory.buffer.byteLength > keep) this.#instance = undefined;
  }
}

function areSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}
