// Pictures that the page holds as pixels, those that only its browser decodes, and files in folders and archives. Loaded when
// one of them comes.

import { describe } from "./arguments.js";
import { problem } from "./errors.js";
import type { Live, NamedSource } from "./files.js";
import type { FrameSource } from "./interface.js";

interface Pixels {
  width: number;
  height: number;
  /** Red, green, blue and opacity of each pixel, row by row. */
  data: Uint8Array | Uint8ClampedArray;
}

/** The pixels as they are now, as a file that every decoder reads: a BMP, without loss. */
export async function fileOf(source: FrameSource): Promise<Blob> {
  let pixels: Pixels;
  try {
    pixels = await pixelsOf(source);
  } catch (cause) {
    throw problem("unsupported-source", `the pixels of ${describe(source)} cannot be read`, {
      hint: "a picture has to be loaded and a frame open; one of another server needs the attribute `crossorigin`",
      detail: String(cause),
      cause,
    });
  }
  return new Blob([header(pixels), pixels.data as BlobPart], { type: "image/bmp" });
}

/** The head of a BMP, version 4, whose pixels are red, green, blue and opacity from the top down. */
function header({ width, height, data }: Pixels): ArrayBuffer {
  const length = 14 + 108;
  const view = new DataView(new ArrayBuffer(length));
  view.setUint16(0, 0x424d);
  const fields: [number, number][] = [
    [2, length + data.byteLength],
    [10, length],
    [14, length - 14],
    [18, width],
    [22, -height],
    // One plane of 32 bits, with a mask for each channel.
    [26, 1 | (32 << 16)],
    [30, 3],
    [34, data.byteLength],
    [54, 0xff],
    [58, 0xff00],
    [62, 0xff0000],
    [66, 0xff000000],
    // sRGB.
    [70, 0x73524742],
  ];
  for (const [place, value] of fields) view.setUint32(place, value, true);
  return view.buffer;
}

/**
 * What the browser makes of a file: width, height and the orientation that is still to be followed, four bytes each, and the
 * pixels, as the engine's own decoder takes them. None where the browser has no decoder for it.
 */
export async function decodedByBrowser(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const options = { premultiplyAlpha: "none", colorSpaceConversion: "none" } as const;
  try {
    const bitmap = await createImageBitmap(new Blob([withoutOrientation(bytes) as BlobPart]), options);
    // In front of the pixels is room for what is said of them.
    const { width, height, data } = await pixelsOf(bitmap, 12);
    bitmap.close();
    const all = data.byteOffset === 12 ? new Uint8Array(data.buffer as ArrayBuffer) : withRoom(data);
    const head = new DataView(all.buffer);
    head.setUint32(0, width, true);
    head.setUint32(4, height, true);
    head.setUint32(8, 1, true);
    return all;
  } catch {
    // The engine says what it is that nobody decodes here.
    return undefined;
  }
}

/**
 * A JPEG whose EXIF has another name: browsers follow what a camera has noted, and differ in how they are told not to.
 * Turns and mirrors of other formats belong to the picture.
 */
function withoutOrientation(bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return bytes;
  const copy = bytes.slice();
  // Segments follow one another, each with its length, up to the pixels.
  for (let at = 2; copy[at] === 0xff && copy[at + 1] !== 0xda; ) {
    const isExif = copy[at + 1] === 0xe1 && copy[at + 4] === 0x45 && copy[at + 5] === 0x78;
    if (isExif) copy.fill(0x78, at + 4, at + 8);
    at += 2 + (((copy[at + 2] ?? 0) << 8) | (copy[at + 3] ?? 0));
  }
  return copy;
}

function withRoom(data: Uint8Array | Uint8ClampedArray): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(12 + data.byteLength);
  all.set(data, 12);
  return all;
}

/** The pixels of a source; where they are copied for this, with so many bytes of room in front of them. */
async function pixelsOf(source: FrameSource, room = 0): Promise<Pixels> {
  if ("data" in source) return source;
  copies ??= copiesExactly();
  return (await copies) ? copied(source, room) : painted(source);
}

/** Whether frames give the bytes that are in them, in the order that is asked for: asked once, of a pixel that is known. */
let copies: Promise<boolean> | undefined;

async function copiesExactly(): Promise<boolean> {
  try {
    const known = [1, 128, 254, 255];
    const bitmap = await createImageBitmap(new ImageData(Uint8ClampedArray.from(known), 1, 1));
    const { data } = await copied(bitmap);
    return known.every((value, at) => data[at] === value);
  } catch {
    return false;
  }
}

type Drawn = Exclude<FrameSource, ImageData>;

async function copied(source: Drawn, room = 0): Promise<Pixels> {
  const isFrame = source instanceof VideoFrame;
  const frame = isFrame ? source : new VideoFrame(source, { timestamp: 0 });
  try {
    const { width, height } = frame.visibleRect ?? { width: frame.codedWidth, height: frame.codedHeight };
    const data = new Uint8Array(new ArrayBuffer(room + width * height * 4), room);
    await frame.copyTo(data, { format: "RGBA", layout: [{ offset: 0, stride: width * 4 }] });
    return { width, height, data };
  } finally {
    if (!isFrame) frame.close();
  }
}

/** By way of a canvas: some browsers change bytes a little there, so that nobody is recognised by them. */
async function painted(source: Drawn): Promise<Pixels> {
  const bitmap = await createImageBitmap(source, { premultiplyAlpha: "none" });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("there is no canvas");
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, width, height);
}

/** The pictures of a video, each when the one who reads them is ready for it: what goes by in the meantime is left out. */
export class VideoPictures implements Live {
  readonly #video: HTMLVideoElement;

  constructor(video: HTMLVideoElement) {
    this.#video = video;
  }

  async next(isFirst: boolean, signal: AbortSignal | undefined): Promise<Blob | undefined> {
    signal?.throwIfAborted();
    const video = this.#video;
    const shows = video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
    if (isFirst && shows) return fileOf(video);
    // One that does not run shows the picture that was read already.
    if (!isFirst && (video.paused || video.ended)) return undefined;
    return (await this.#another(signal)) ? fileOf(video) : undefined;
  }

  /** Whether another picture is there; not where the video has ended, or was stopped. */
  #another(signal: AbortSignal | undefined): Promise<boolean> {
    const video = this.#video;
    return new Promise((resolve, reject) => {
      const done = new AbortController();
      const settle = (answer: () => void) => () => {
        done.abort();
        answer();
      };
      const listen = { signal: done.signal };
      const shown = settle(() => resolve(true));
      if ("requestVideoFrameCallback" in video) {
        const request = video.requestVideoFrameCallback(shown);
        done.signal.addEventListener("abort", () => video.cancelVideoFrameCallback(request));
      } else (video as HTMLVideoElement).addEventListener("timeupdate", shown, listen);
      for (const end of ["ended", "pause", "emptied", "error"]) {
        video.addEventListener(
          end,
          settle(() => resolve(false)),
          listen,
        );
      }
      signal?.addEventListener(
        "abort",
        settle(() => reject(signal.reason)),
        listen,
      );
    });
  }
}

/** The files of the origin's private file system that a name means, or a pattern with one `*`, by their names. */
export async function privateFiles(
  pattern: string,
  signal: AbortSignal | undefined,
): Promise<{ name: string; source: Blob }[]> {
  const [head = "", tail] = pattern.replace(/^opfs:\/*/, "opfs:/").split("*");
  const folders = head.split("/").slice(1, -1);
  if (!globalThis.navigator?.storage?.getDirectory) return [];
  try {
    let folder = await navigator.storage.getDirectory();
    for (const name of folders) if (name !== "") folder = await folder.getDirectoryHandle(name);
    const path = ["opfs:", ...folders, ""].join("/");
    if (tail === undefined) {
      const file = await folder.getFileHandle(head.slice(path.length));
      return [{ name: pattern, source: await file.getFile() }];
    }
    const files = (await filesOf(folder, path, signal)) as { name: string; source: Blob }[];
    return files.filter(({ name }) => name.startsWith(head) && name.endsWith(tail));
  } catch (cause) {
    // What is not there matches nothing.
    if ((cause as Error).name === "NotFoundError") return [];
    throw cause;
  }
}

/** The files of a folder and of those in it, by their paths in it. */
export async function filesOf(
  folder: FileSystemDirectoryHandle,
  path: string,
  signal: AbortSignal | undefined,
): Promise<NamedSource[]> {
  const files: NamedSource[] = [];
  for await (const [name, handle] of folder.entries()) {
    signal?.throwIfAborted();
    if (handle.kind === "directory") files.push(...(await filesOf(handle, `${path}${name}/`, signal)));
    else files.push({ name: `${path}${name}`, source: await handle.getFile() });
  }
  // Folders are in no order; rows are in that of the names.
  return files.sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** Unpacked bytes and files of an archive that a page is trusted with. */
const mostBytes = 2_000_000_000;
const mostFiles = 20_000;

/** What systems lay into archives for themselves, and folders. */
const clutter = /(^|\/)(__MACOSX\/|\.DS_Store$|Thumbs\.db$|\._)|\/$/;

/** A file of an archive, as its directory has it. */
interface Member {
  name: string;
  isEncrypted: boolean;
  method: number;
  /** Bytes in the archive, and unpacked. */
  packed: number;
  bytes: number;
  /** Where it is. */
  at: number;
}

function refused(why: string, hint: string) {
  return problem("unsupported-format", `the zip archive ${why}`, { hint: `${hint}, or unpack it and give the files` });
}

/** The files of a zip archive by their paths in it, in the order of the archive. */
export async function membersOf(archive: Blob, signal: AbortSignal | undefined): Promise<NamedSource[]> {
  try {
    const members = (await directoryOf(archive)).filter(({ name }) => !clutter.test(name));
    const total = members.reduce((sum, { bytes }) => sum + bytes, 0);
    if (total > mostBytes || members.length > mostFiles) throw refused("holds more than a page can keep", "divide it");
    const files: NamedSource[] = [];
    for (const member of members) {
      signal?.throwIfAborted();
      files.push({ name: member.name, source: await contentOf(member, archive) });
    }
    return files;
  } catch (error) {
    // It was read beyond its end.
    throw error instanceof RangeError ? refused("is not whole", "download or copy it again") : error;
  }
}

/** The directory is at the end, in front of a comment of at most 64 kB. */
async function directoryOf(archive: Blob): Promise<Member[]> {
  const tail = await viewOf(archive.slice(-65_557));
  let end = tail.byteLength - 22;
  while (end > 0 && tail.getUint32(end) !== 0x504b0506) end--;
  const [count, size, start] = [
    tail.getUint16(end + 10, true),
    tail.getUint32(end + 12, true),
    tail.getUint32(end + 16, true),
  ];
  if (tail.getUint32(end) !== 0x504b0506) throw refused("is not whole", "download or copy it again");
  if (count === 0xffff || start === 0xffffffff) throw refused("has 4 GB or more", "make several of it");
  const directory = await viewOf(archive.slice(start, start + size));
  const members: Member[] = [];
  for (let place = 0; members.length < count; ) {
    const u16 = (offset: number) => directory.getUint16(place + offset, true);
    const u32 = (offset: number) => directory.getUint32(place + offset, true);
    const name = new TextDecoder().decode(new Uint8Array(directory.buffer, place + 46, u16(28)));
    const isEncrypted = (u16(8) & 1) === 1;
    members.push({ name, isEncrypted, method: u16(10), packed: u32(20), bytes: u32(24), at: u32(42) });
    place += 46 + u16(28) + u16(30) + u16(32);
  }
  return members;
}

async function contentOf({ name, isEncrypted, method, packed, bytes, at }: Member, archive: Blob): Promise<Blob> {
  if (isEncrypted) throw refused("is encrypted", "save it without a password");
  if (method !== 0 && method !== 8) throw refused("is packed in a rare way", "save it as an ordinary one");
  const head = await viewOf(archive.slice(at, at + 30));
  const start = at + 30 + head.getUint16(26, true) + head.getUint16(28, true);
  const piece = archive.slice(start, start + packed);
  const isThere = head.getUint32(0) === 0x504b0304;
  const content = method === 0 ? piece : await inflated(piece, bytes);
  if (isThere && content?.size === bytes) return content;
  throw refused(`has a damaged file, \`${name}\``, "download or copy it again");
}

/** What was packed; nothing where it has other than so many bytes: an archive may lie. */
async function inflated(packed: Blob, bytes: number): Promise<Blob | undefined> {
  const reader = packed.stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const pieces: BlobPart[] = [];
  let found = 0;
  try {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      pieces.push(piece.value as BlobPart);
      found += piece.value.byteLength;
      if (found > bytes) {
        await reader.cancel();
        return undefined;
      }
    }
  } catch {
    return undefined;
  }
  return new Blob(pieces);
}

async function viewOf(blob: Blob): Promise<DataView<ArrayBuffer>> {
  return new DataView(await blob.arrayBuffer());
}
