// Everything that a table or a model may be made of, brought to what the engine reads: bytes of CSV, Arrow or ONNX, or
// a list of files. What is brought here stays a Blob, so that the engine can be given it again and nothing is held twice.

import { describe } from "./arguments.js";
import { headOf, isFolder, isFrame, isVideo, onlyBrowsersRead } from "./drawn.js";
import { isForeign, toUtf8 } from "./encoding.js";
import { problem, wordsOf } from "./errors.js";
import type { NamedSource } from "./files.js";
import type { TableFormat } from "./glue/predictql.js";
import type { ArrowTableLike, FrameSource, ModelSource, TableOptions, TableSource } from "./interface.js";
import { isCompressed } from "./ipc.js";
import { expect, labelOf, type Network, type ReadOptions, resolve } from "./network.js";
import { decoding, known, picturing, streaming } from "./parts.js";
import type { StreamInput } from "./stream-input.js";
import type { LargeSource } from "./streams.js";
import { arrowFormat, csvFormat } from "./table-options.js";
import { assertShort, isDetached, mostValues, passCopy } from "./tensors.js";

/** A table in a shape that the engine takes. */
export type TableInput =
  | { kind: "registerTable"; blob: Blob; format: TableFormat; stream?: undefined }
  | { kind: "files"; files: NamedSource[] }
  | StreamInput;

/** Files of more bytes are read when a query wants their rows. */
const largeBytes = 256 << 20;

export async function readTable(
  source: TableSource,
  { format, stream, signal: _signal, onProgress: _onProgress, ...options }: TableOptions,
  network: Network,
  read: ReadOptions,
): Promise<TableInput> {
  const streamed = (source: LargeSource, name: string, format: TableOptions["format"]) =>
    known(async () =>
      (await streaming()).openStream(source, name, format, formatOf, stream, options, network, read.signal),
    );
  const fromBlob = async (blob: Blob, name: string): Promise<TableInput> => {
    const found = format ?? (await formatOf(blob, name));
    if (found === "images") return { kind: "files", files: await picturesOf(blob, name, read.signal) };
    const input = (stream ?? blob.size > largeBytes) ? await streamed(blob, name, found) : undefined;
    if (input) return input;
    if (found !== "csv") {
      const kind = found === "ndjson" ? "json" : found;
      return fromArrow(await arrowOf(blob, kind, name, options.schema, read.signal), found);
    }
    const { encoding } = options;
    const text = isForeign(encoding) ? await toUtf8(blob, encoding, name) : blob;
    return { kind: "registerTable", blob: text, format: csvFormat(options) };
  };
  const fromArrow = (ipc: Uint8Array, found = "rows"): TableInput => ({
    kind: "registerTable",
    blob: new Blob([ipc as Uint8Array<ArrayBuffer>]),
    format: arrowFormat(options, found),
  });

  if (typeof source === "string" || source instanceof URL) {
    const url = resolve(source);
    if (format === "images") return { kind: "files", files: [await named(url)] };
    const name = labelOf(url);
    if (stream) return streamed(url, name, format) as Promise<TableInput>;
    return fromBlob(await network.read(url, "data", read), name);
  }
  if (source instanceof Blob) return fromBlob(source, nameOf(source));
  if (isVideo(source)) {
    const pictures = await known(async () => new (await picturing()).VideoPictures(source));
    return { kind: "files", files: [{ name: "video", source: pictures }] };
  }
  if (isFrame(source)) return { kind: "files", files: [await named(source)] };
  if (isFolder(source)) {
    const files = await known(async () => (await picturing()).filesOf(source, "", read.signal));
    return { kind: "files", files };
  }
  if (isBytes(source)) return fromBlob(blobOf(source), "");
  if (isArrow(source)) {
    if ("toIPC" in source) return fromArrow((source as IPCSource).toIPC(), "Arrow");
    return fromArrow(await encoded(({ arrowToIPC }) => arrowToIPC(source, read.signal)), "Arrow");
  }
  if (isFileList(source) || Array.isArray(source)) {
    assertShort(source as ArrayLike<unknown>, "the table");
    const items = Array.from(source as ArrayLike<object | string>);
    if (items.length === 0 || !items.every(isFile)) {
      return fromArrow(await encoded(({ rowsToIPC }) => rowsToIPC(items as object[], read.signal)));
    }
    const [only] = items;
    // A file input answers with a list even where one table was chosen.
    if (items.length === 1 && only instanceof Blob) return fromBlob(only, nameOf(only));
    return { kind: "files", files: await Promise.all(items.map(named)) };
  }
  if (isAsync(source)) {
    if (stream !== false) return streamed(source, "", format) as Promise<TableInput>;
    return fromArrow(await encoded(({ arrivingToIPC }) => arrivingToIPC(source, read.signal)));
  }
  if (isColumns(source)) {
    return fromArrow(await encoded(({ columnsToIPC }) => columnsToIPC(source, read.signal)));
  }
  throw problem("unsupported-source", `a table cannot be made of ${describe(source)}`, {
    hint: "give a URL, a File, bytes of CSV, JSON, Parquet or Arrow, objects in an array or as they come, an object of columns, or an Arrow table",
  });
}

/** A file is a row, and so is each file of an archive. */
async function picturesOf(blob: Blob, name: string, signal: AbortSignal | undefined): Promise<NamedSource[]> {
  if (!(await beginning(blob)).startsWith("PK\x03\x04")) return [{ name, source: blob }];
  return known(async () => (await picturing()).membersOf(blob, signal));
}

type Decoding = Awaited<ReturnType<typeof decoding>>;

function encoded(work: (part: Decoding) => Promise<Uint8Array>): Promise<Uint8Array> {
  return known(async () => work(await decoding()));
}

/** A file as Arrow without compression, which the engine reads. */
export async function arrowOf(
  blob: Blob,
  format: "json" | "parquet" | "arrow",
  name: string,
  schema?: Record<string, string>,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  if (format === "arrow") {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    if (!isCompressed(bytes)) return bytes;
  }
  return encoded(({ decode }) => decode(blob, format, name, schema, signal));
}

export async function readModel(source: ModelSource, network: Network, read: ReadOptions): Promise<Blob> {
  if (typeof source === "string" || source instanceof URL) return network.read(source, "model", read);
  if (source instanceof Blob) return source;
  if (isBytes(source)) return blobOf(source);
  if (source instanceof Response) {
    const blob = await bodyOf(source, source.body);
    await expect("an ONNX file", source, blob);
    return blob;
  }
  if (source instanceof ReadableStream) return bodyOf(source, source);
  throw problem("unsupported-source", `a model cannot be made of ${describe(source)}`, {
    hint: "give a URL, a File or the bytes of a model file",
  });
}

/** All that comes of an answer or a stream that the page has opened. */
async function bodyOf(source: Response | ReadableStream<Uint8Array>, body: ReadableStream | null): Promise<Blob> {
  const isUsed = body?.locked || (source instanceof Response && source.bodyUsed);
  if (isUsed) {
    throw problem("unsupported-source", "the model's stream is read by somebody else, or has been read", {
      hint: "give one that nobody has read, or its bytes",
    });
  }
  try {
    return await (source instanceof Response ? source : new Response(source)).blob();
  } catch (error) {
    throw problem("network-failed", "the model's stream broke off", { detail: wordsOf(error), cause: error });
  }
}

/** Whether a value is a table rather than a value: decides what a `sql` template may hold in the place of one. */
export function isTable(value: unknown): value is TableSource {
  if (typeof value !== "object" || value === null || value instanceof Date) return false;
  // One that is too long to look at is refused as a table.
  if (Array.isArray(value) && value.length > mostValues) return true;
  return !Array.isArray(value) || value.every((item) => typeof item === "object" && item !== null);
}

/** Found by type, then name, then first bytes; what is none of the known formats is CSV. */
async function formatOf(blob: Blob, name: string): Promise<"csv" | "arrow" | "json" | "parquet" | "images"> {
  const type = blob.type.split(";", 1)[0] ?? "";
  const extension = /\.([^./]+)$/.exec(name.toLowerCase())?.[1] ?? "";
  const head = await beginning(blob);
  if (head.startsWith("ARROW1") || head.startsWith("\xff\xff\xff\xff")) return "arrow";
  if (
    type.startsWith("image/") ||
    onlyBrowsersRead.test(head) ||
    /^(\x89PNG|\xff\xd8\xff|BM.{4}\0\0\0\0|GIF8|RIFF.{4}WEBP)/s.test(head)
  )
    return "images";
  const is = (what: string, hint: string) =>
    problem("unsupported-format", `\`${name || "the source"}\` is ${what}, which is not read as a table`, { hint });
  const save = "save it as CSV or Arrow, or read it with a library and give its rows";
  if (head.startsWith("PAR1") || extension === "parquet") return "parquet";
  if (head.startsWith("PK\x03\x04"))
    throw is("a zip archive or a spreadsheet", `${save}; of pictures, with { format: "images" }`);
  if (head.startsWith("\x1f\x8b")) throw is("compressed with gzip", "decompress it first");
  if (extension === "onnx") throw is("a model", "use `registerModel`");
  if (/^(json|ndjson|jsonl|geojson)$/.test(extension)) return "json";
  return extension !== "csv" && /^\s*[[{]/.test(head) ? "json" : "csv";
}

async function beginning(blob: Blob): Promise<string> {
  return headOf(new Uint8Array(await blob.slice(0, 12).arrayBuffer()));
}

interface IPCSource {
  toIPC(): Uint8Array;
}

export function isBytes(source: unknown): source is ArrayBuffer | Uint8Array {
  return source instanceof ArrayBuffer || source instanceof Uint8Array;
}

function blobOf(bytes: ArrayBuffer | Uint8Array): Blob {
  if (!isDetached(bytes)) return new Blob([bytes as BlobPart]);
  throw problem("unsupported-source", "the bytes were transferred away: nothing is left of them", { hint: passCopy });
}

/** By its shape: classes of two copies of one library are strangers to each other. */
function isArrow(source: unknown): source is ArrowTableLike {
  const table = source as Partial<ArrowTableLike> | null;
  const fields = typeof table?.getChild === "function" ? table.schema?.fields : undefined;
  return Array.isArray(fields) && fields.every((field) => typeof field?.name === "string");
}

function isFileList(source: unknown): source is FileList {
  return Object.prototype.toString.call(source) === "[object FileList]";
}

type Item = Blob | URL | string | FrameSource;

function isFile(item: unknown): item is Item {
  return item instanceof Blob || item instanceof URL || typeof item === "string" || isFrame(item);
}

function isAsync(source: unknown): source is AsyncIterable<object | readonly object[]> {
  // Streams are not iterable everywhere.
  if (typeof source !== "object" || source === null) return false;
  return [Symbol.asyncIterator, "getReader"].some((key) => typeof Reflect.get(source, key) === "function");
}

function isColumns(source: unknown): source is Record<string, ArrayLike<unknown>> {
  if (typeof source !== "object" || source === null) return false;
  return Object.values(source).every((column) => Array.isArray(column) || ArrayBuffer.isView(column));
}

async function named(item: Item): Promise<NamedSource> {
  if (isFrame(item)) return { name: "picture.bmp", source: await known(async () => (await picturing()).fileOf(item)) };
  if (item instanceof Blob) return { name: nameOf(item), source: item };
  const url = resolve(item);
  return { name: url.protocol === "data:" ? "object" : url.href, source: url };
}

function nameOf(blob: Blob): string {
  if (!(blob instanceof File)) return "object";
  return blob.webkitRelativePath || blob.name;
}
