// What a page may give as pictures, told apart. What reads it is a part of its own: `frames.ts`.

import type { FrameSource } from "./interface.js";

/** By the names of their classes: not every host has all of them. */
const drawn = /^\[object (ImageBitmap|ImageData|VideoFrame|HTML(Image|Canvas|Video)Element|OffscreenCanvas)\]$/;

export function isFrame(source: unknown): source is FrameSource {
  return drawn.test(Object.prototype.toString.call(source));
}

/** What shows one picture after the other. */
export function isVideo(source: unknown): source is HTMLVideoElement {
  return Object.prototype.toString.call(source) === "[object HTMLVideoElement]";
}

/** Whether a name is that of a file in the origin's private file system. */
export function isPrivate(uri: string): boolean {
  return uri.startsWith("opfs:");
}

export function isFolder(source: unknown): source is FileSystemDirectoryHandle {
  return Object.prototype.toString.call(source) === "[object FileSystemDirectoryHandle]";
}

/** The first bytes of a file, a character each. */
export function headOf(bytes: Uint8Array): string {
  // A decoder of texts would take some of them for characters of Windows.
  return String.fromCharCode(...bytes.subarray(0, 12));
}

/** AVIF and HEIC by the brands of their container. */
export const onlyBrowsersRead = /^....ftyp(avi[fs]|hei[cx]|hevc|mif1|msf1)/s;

/** What the page's browser decodes for `decoder: "native"`: what cameras write. Other formats are without loss, or small. */
export const browsersReadToo = /^\xff\xd8\xff/;

const types: readonly [RegExp, string][] = [
  [browsersReadToo, "image/jpeg"],
  [/^\x89PNG/, "image/png"],
  [/^GIF8/, "image/gif"],
  [/^RIFF....WEBP/s, "image/webp"],
  [/^BM....\0\0\0\0/s, "image/bmp"],
  [/^....ftypavi[fs]/s, "image/avif"],
  [onlyBrowsersRead, "image/heic"],
  [/^(II\*\0|MM\0\*)/, "image/tiff"],
];

/** The type of a picture by its first bytes, twelve of them as characters; empty for anything else. */
export function typeOf(head: string): string {
  return types.find(([begins]) => begins.test(head))?.[1] ?? "";
}
