// What a page may give as pictures, told apart. What reads it is a part of its own: `frames.ts`.

import type { FrameSource } from "./interface.js";

/** By the names of their classes: not every host has all of them. */
const drawn = /^\[object (ImageBitmap|ImageData|VideoFrame|HTML(Image|Canvas|Video)Element|OffscreenCanvas)\]$/;

export function isFrame(source: unknown): source is FrameSource {
  return drawn.test(Object.prototype.toString.call(source));
}

export function isFolder(source: unknown): source is FileSystemDirectoryHandle {
  return Object.prototype.toString.call(source) === "[object FileSystemDirectoryHandle]";
}

/** AVIF and HEIC by the brands of their container. */
export const onlyBrowsersRead = /^....ftyp(avi[fs]|hei[cx]|hevc|mif1|msf1)/s;
