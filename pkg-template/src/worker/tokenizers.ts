// The tokenizers of models: instances of a WebAssembly module beside the engine's, one for each. Texts go into its memory, the
// numbers of tokens come out of it; one that stops is made again from its file.

/** What `tokens/src/module.rs` exports. */
interface Exports {
  memory: WebAssembly.Memory;
  /** Where the bytes go; 0 where there is no room. */
  room(length: number): number;
  /** Where the answer is: whether it worked, then where the numbers or the words are, and how many. */
  read(): number;
  encode(): number;
}

/** What the engine calls as `predictqlTokenizers`. */
export class Tokenizers {
  #module: WebAssembly.Module | undefined;
  readonly #held = new Map<number, { json: Uint8Array; exports: Exports | undefined }>();
  #last = 0;
  #detail = "";

  /** From now on tokenizers can be read. */
  bring(module: WebAssembly.Module): void {
    this.#module ??= module;
  }

  isReady(): boolean {
    return this.#module !== undefined;
  }

  /** The number of a tokenizer, then its facts; nothing where the file is none. */
  read(json: Uint8Array): Uint32Array {
    // What the engine hands over is a view of its memory, where other things will stand.
    const held = { json: json.slice(), exports: undefined };
    const facts = this.#asked(() => this.#running(held).facts);
    if (!facts) return new Uint32Array();
    this.#held.set(++this.#last, held);
    return Uint32Array.of(this.#last, ...facts);
  }

  /** The tokens of texts, as numbers. */
  encode(tokenizer: number, question: Uint8Array): Uint32Array | undefined {
    const held = this.#held.get(tokenizer);
    if (!held) throw new Error(`no tokenizer ${tokenizer}`);
    const answer = this.#asked(() => {
      const { exports } = this.#running(held);
      return ask(exports, question, exports.encode);
    });
    // What stopped it may have left it in pieces.
    if (!answer) held.exports = undefined;
    return answer;
  }

  /** Why the latest question has no answer. */
  detail(): string {
    return this.#detail;
  }

  release(tokenizer: number): void {
    this.#held.delete(tokenizer);
  }

  #asked(question: () => Uint32Array): Uint32Array | undefined {
    try {
      return question();
    } catch (error) {
      this.#detail = error instanceof Refused ? error.message : `the tokenizer has stopped: ${error}`;
      return undefined;
    }
  }

  #running(held: { json: Uint8Array; exports: Exports | undefined }): { exports: Exports; facts: Uint32Array } {
    if (held.exports) return { exports: held.exports, facts: new Uint32Array() };
    if (!this.#module) throw new Error("there is nothing that reads tokenizers");
    const exports = new WebAssembly.Instance(this.#module).exports as unknown as Exports;
    const facts = ask(exports, held.json, exports.read);
    held.exports = exports;
    return { exports, facts };
  }
}

/** What the tokenizer itself says. */
class Refused extends Error {}

/** The numbers of an answer about `bytes`. */
function ask({ memory, room }: Exports, bytes: Uint8Array, question: () => number): Uint32Array {
  const place = room(bytes.length) >>> 0;
  if (place === 0) throw new Refused("there is not enough memory");
  new Uint8Array(memory.buffer, place, bytes.length).set(bytes);
  // First the answer: memory that grows in between is another buffer.
  const at = question() >>> 0;
  const [isDone, told = 0, count = 0] = new Uint32Array(memory.buffer, at, 3);
  if (isDone) return new Uint32Array(memory.buffer, told, count).slice();
  throw new Refused(new TextDecoder().decode(new Uint8Array(memory.buffer, told, count)));
}
