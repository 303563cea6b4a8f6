// The converter of TensorFlow's models: a WebAssembly module of its own, in a worker that lives for one model. Its memory goes
// with the worker.

import type { Diagnostic, EngineFailure } from "../glue/predictql.js";
import type { Request } from "./protocol.js";

/** What `formats/src/module.rs` exports. */
interface Exports {
  memory: WebAssembly.Memory;
  /** Where the bytes go of a path, or of the file whose path came before; 0 where there is no room. */
  room(length: number): number;
  /** Where the answer is: whether it worked, then places and lengths of the file; or of the words, the code and the hint. */
  convert(hasSignature: number): number;
}

const words = 7;

/** The ONNX file of a model; throws what keeps it from being one. */
export function convert({ module, files, signature }: Extract<Request, { kind: "convert" }>): Uint8Array<ArrayBuffer> {
  const { memory, room, convert } = new WebAssembly.Instance(module).exports as unknown as Exports;
  const give = (bytes: Uint8Array) => {
    const place = room(bytes.length) >>> 0;
    if (place === 0) throw failure("limit-exceeded", "there is not enough memory to convert the model", "");
    new Uint8Array(memory.buffer, place, bytes.length).set(bytes);
  };
  const text = new TextEncoder();
  // What was given is not needed here any more.
  for (let file = files.shift(); file; file = files.shift()) {
    give(text.encode(file[0]));
    give(file[1]);
  }
  if (signature !== undefined) give(text.encode(signature));
  const place = convert(Number(signature !== undefined)) >>> 0;
  const [isDone, ...places] = new Uint32Array(memory.buffer, place, words);
  const part = (index: number) => new Uint8Array(memory.buffer, places[index] ?? 0, places[index + 1] ?? 0);
  if (isDone) return part(0).slice();
  const [message, code, hint] = [0, 2, 4].map((index) => new TextDecoder().decode(part(index)));
  throw failure(code as string, message as string, hint as string);
}

function failure(code: string, message: string, hint: string): EngineFailure {
  const diagnostic: Diagnostic = { severity: "error", code, message, from: 0, to: 0, line: 1, column: 1 };
  const diagnostics = [hint === "" ? diagnostic : { ...diagnostic, hint }];
  return { failure: "predictql", diagnostics, located: false };
}
