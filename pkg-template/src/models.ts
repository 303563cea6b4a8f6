// Models of several files: TensorFlow's formats, and ONNX with a tokenizer; of a folder of the device or of a server, or of a zip. A
// module of its own, for few pages have one.

import type { Failed } from "./connection.js";
import { sha256Of } from "./digest.js";
import { fromFailure, problem } from "./errors.js";
import type { ModelSource } from "./interface.js";
import type { Network } from "./network.js";
import type { Request } from "./worker/protocol.js";

/** A file of a model, by its path in the model's folder. */
export type ModelFile = readonly [path: string, blob: Blob];

export type ConvertRequest = Extract<Request, { kind: "convert" }>;

/** Which converter the package holds: the checksum of its file. */
declare const CONVERTER: string;

/** The ONNX file of a model of TensorFlow's: made by a worker that keeps nothing, which is asked by `ask`, or kept from an earlier time. */
export async function converted(
  module: () => Promise<WebAssembly.Module>,
  files: readonly ModelFile[],
  signature: string | undefined,
  ask: (request: ConvertRequest) => Promise<Uint8Array<ArrayBuffer>>,
  network: Network,
): Promise<Blob> {
  const make = async () => {
    const converter = await module();
    const bytes = files.map(async ([path, blob]) => [path, new Uint8Array(await blob.arrayBuffer())] as const);
    const request = { kind: "convert", module: converter, files: await Promise.all(bytes), signature } as const;
    return new Blob([await ask(request).catch(failed)]);
  };
  const kept = await network.keeper();
  const digest = kept && (await digestOfAll(files, signature));
  if (!kept || digest === undefined) return make();
  // To what is kept the converter is a server of files, which have changed when it has.
  const headers = new Headers({ etag: CONVERTER });
  const server = {
    head: async () => new Response(null, { headers }),
    download: async () => ({ blob: await make(), headers }),
  };
  return kept.read(`https://predictql.invalid/converted/${digest}`, {}, server, undefined, () => {});
}

function failed(error: Error & Partial<Failed>): never {
  if (error.failure) throw fromFailure(error.failure);
  if (error.name !== "Crash") throw error;
  const hint = "close other tabs, or convert the model elsewhere: `python -m tf2onnx.convert`";
  throw problem("engine-crashed", "the converter of models stopped", { hint, detail: error.message });
}

/** Bytes of a file that are in memory at once for its checksum. */
const part = 2 ** 26;

/** What no other files have, nor the same ones by another signature. */
async function digestOfAll(files: readonly ModelFile[], signature: string | undefined): Promise<string | undefined> {
  const digests = files.map(async ([path, blob]) => {
    const found: (string | undefined)[] = [path];
    for (let at = 0; at < blob.size; at += part) found.push(await sha256Of(blob.slice(at, at + part)));
    return found;
  });
  return sha256Of(new Blob([JSON.stringify([signature, ...(await Promise.all(digests)).sort()])]));
}

/** What a SavedModel consists of, where a folder cannot be listed. */
const known = ["saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"] as const;

/** Files of a folder: a list may state any length, and hold nothing. */
const mostFiles = 100_000;

/** The files of a folder: its address, which ends with a slash, a list of them, or what the user has chosen. */
export async function filesOf(source: ModelSource, read: (address: string) => Promise<Blob>): Promise<ModelFile[]> {
  if (typeof source === "string" || source instanceof URL) return fetched(String(source), read);
  if ("kind" in source) return entriesOf(source, "");
  const isList = "length" in source && Number(source.length) <= mostFiles;
  if (!isList || !Array.from(source as ArrayLike<unknown>).every((file) => file instanceof Blob)) {
    throw problem("unsupported-source", "a model cannot be made of a list of other things than files", {
      hint: "give the files of the model's folder",
    });
  }
  return Array.from(source as ArrayLike<Blob>, (file, index) => [nameOf(file) ?? `file ${index + 1}`, file]);
}

function nameOf(blob: Blob): string | undefined {
  return blob instanceof File ? blob.webkitRelativePath || blob.name : undefined;
}

async function entriesOf(folder: FileSystemDirectoryHandle, path: string): Promise<ModelFile[]> {
  const found: ModelFile[] = [];
  // TypeScript's own declarations leave the listing of folders out.
  const { values } = folder as unknown as { values(): AsyncIterable<FileSystemHandle> };
  for await (const entry of values.call(folder)) {
    const name = path + entry.name;
    if (entry.kind === "directory") found.push(...(await entriesOf(entry as FileSystemDirectoryHandle, `${name}/`)));
    else found.push([name, await (entry as FileSystemFileHandle).getFile()]);
  }
  return found;
}

/** Where a model's ONNX file lies in the folders of Hugging Face. */
const exported = ["model.onnx", "onnx/model.onnx"] as const;

/** A model's files on a server; a SavedModel without variables lacks the last ones. */
async function fetched(folder: string, read: (address: string) => Promise<Blob>): Promise<ModelFile[]> {
  const files = async (paths: readonly string[]) => {
    const found: ModelFile[] = [];
    for (const path of paths) {
      const blob = await read(folder + path).catch(() => undefined);
      if (blob) found.push([path, blob]);
    }
    return found;
  };
  const [graph, ...variables] = known;
  const [first, none] = await read(folder + graph).then(
    (blob) => [blob] as const,
    (error) => [undefined, error] as const,
  );
  if (first) return [[graph, first], ...(await files(variables))];
  for (const path of exported) {
    const found = await files([path]);
    if (found.length > 0) return [...found, ...(await files(["tokenizer.json"]))];
  }
  throw none;
}

/** What is in a file that is no ONNX: of a zip that holds a model, its files; nothing where it holds something else. */
export async function filesIn(blob: Blob, name: string): Promise<ModelFile[] | undefined> {
  const [first] = new Uint8Array(await blob.slice(0, 1).arrayBuffer());
  return first === zipped ? unpacked(blob) : [[name, blob]];
}

const zipped = "P".charCodeAt(0);

async function unpacked(zip: Blob): Promise<ModelFile[] | undefined> {
  const entries = await directoryOf(zip);
  const models = entries.filter(({ path }) => /(^|\/)saved_model\.pb$/.test(path));
  const graphs = entries.filter(({ path }) => /\.(pb|tflite)$/.test(path));
  const exports = entries.filter(({ path }) => path.endsWith(".onnx"));
  const isWhole = models.length > 0 || entries.some(({ path }) => /(^|\/)MLmodel$/.test(path));
  if (!isWhole && graphs.length !== 1 && exports.length !== 1) return undefined;
  const beside = entries.filter(({ path }) => /(^|\/)(labels\.txt|tokenizer\.json)$/.test(path));
  const wanted = isWhole ? entries : [...(graphs.length === 1 ? graphs : exports), ...beside];
  return Promise.all(wanted.map(async (entry) => [entry.path, await contentOf(zip, entry)] as const));
}

interface Entry {
  path: string;
  method: number;
  packed: number;
  size: number;
  /** Where its own header begins. */
  start: number;
}

const mostTail = 65_557;

/** The files that a zip's directory lists, which stands at its end. */
async function directoryOf(zip: Blob): Promise<Entry[]> {
  const from = Math.max(0, zip.size - mostTail);
  const tail = new DataView(await zip.slice(from).arrayBuffer());
  let end = tail.byteLength - 22;
  while (end >= 0 && tail.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0) return [];
  const [length, start] = [tail.getUint32(end + 12, true), tail.getUint32(end + 16, true)];
  const list = new DataView(await zip.slice(start, start + length).arrayBuffer());
  const entries: Entry[] = [];
  for (let at = 0; at + 46 <= list.byteLength && list.getUint32(at, true) === 0x02014b50; ) {
    const [name, extra, comment] = [28, 30, 32].map((field) => list.getUint16(at + field, true)) as [
      number,
      number,
      number,
    ];
    if (at + 46 + name > list.byteLength) break;
    const path = new TextDecoder().decode(new Uint8Array(list.buffer, at + 46, name));
    const [packed, size, start] = [20, 24, 42].map((field) => list.getUint32(at + field, true)) as [
      number,
      number,
      number,
    ];
    if (!path.endsWith("/")) entries.push({ path, method: list.getUint16(at + 10, true), packed, size, start });
    at += 46 + name + extra + comment;
  }
  return entries;
}

async function contentOf(zip: Blob, { method, packed, size, start }: Entry): Promise<Blob> {
  const head = new DataView(await zip.slice(start, start + 30).arrayBuffer());
  if (head.byteLength < 30) return new Blob();
  const from = start + 30 + head.getUint16(26, true) + head.getUint16(28, true);
  const part = zip.slice(from, from + packed);
  if (method === 0) return part;
  // A file that does not unpack to its length is found damaged by who reads it.
  return limited(part.stream().pipeThrough(new DecompressionStream("deflate-raw")), size);
}

/** No more than a zip says that a file has. */
async function limited(stream: ReadableStream<Uint8Array<ArrayBuffer>>, size: number): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for (const reader = stream.getReader(); length <= size; ) {
    const { value, done } = await reader.read().catch(() => ({ value: undefined, done: true }));
    if (done || !value) break;
    parts.push(value);
    length += value.byteLength;
  }
  return new Blob(parts);
}

/** Holds what a model was made of against its checksum: the engine is given another file. */
export async function check(whole: Blob | undefined, sha256: string): Promise<void> {
  if (!whole) {
    throw problem("invalid-option", "`integrity` is the checksum of one file, and the model is several", {
      hint: "leave it out: TensorFlow's files hold checksums of their own",
    });
  }
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await whole.arrayBuffer()));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found === sha256) return;
  throw problem("checksum-mismatch", `expected a file with SHA-256 ${sha256}, found ${found}`, {
    hint: "the file was damaged or replaced: fetch it again, or correct `integrity`",
  });
}
