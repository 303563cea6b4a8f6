// The reader of compressed Arrow IPC: a module of its own, so that only pages that read such files load it.

import { decompress as decompressZstd } from "fzstd";
import { Ipc, type Message } from "./ipc.js";
import { decompressLz4 } from "./lz4.js";

/** The same messages as a stream, without compression. */
export function decompress(bytes: Uint8Array): Uint8Array {
  const pieces: Uint8Array[] = [];
  const ipc = new Ipc(bytes);
  for (const message of ipc.messages()) pieces.push(...plainMessage(bytes, ipc, message));
  pieces.push(new Uint8Array([255, 255, 255, 255, 0, 0, 0, 0]));
  return concatenated(pieces);
}

function plainMessage(bytes: Uint8Array, ipc: Ipc, { start, metadata, body, end, batch }: Message): Uint8Array[] {
  const compression = batch === undefined ? undefined : ipc.compression(batch);
  if (batch === undefined || compression === undefined) return [bytes.subarray(start, end)];
  const codec = ipc.field(compression, 0);
  const unpack = codec !== undefined && ipc.view.getUint8(codec) === 1 ? unpackZstd : decompressLz4;
  // The message is changed in a copy of its own: its buffers lie elsewhere, and nothing is said of compression.
  const head = bytes.slice(start, body);
  const view = new DataView(head.buffer);
  const buffers: Uint8Array[] = [];
  let length = 0;
  for (const place of bufferPlaces(ipc, batch)) {
    const offset = body + Number(ipc.view.getBigInt64(place, true));
    const packed = bytes.subarray(offset, offset + Number(ipc.view.getBigInt64(place + 8, true)));
    const plain = packed.length === 0 ? packed : unpacked(packed, unpack);
    view.setBigInt64(place - start, BigInt(length), true);
    view.setBigInt64(place - start + 8, BigInt(plain.length), true);
    const padding = -plain.length & 7;
    buffers.push(plain, new Uint8Array(padding));
    length += plain.length + padding;
  }
  const entry = ipc.entry(batch, 3);
  if (entry !== undefined) view.setUint16(entry - start, 0, true);
  const bodyLength = ipc.field(ipc.table(metadata), 3);
  if (bodyLength !== undefined) view.setBigInt64(bodyLength - start, BigInt(length), true);
  return [head, ...buffers];
}

/** Where a batch notes the offset and length of each of its buffers. */
function* bufferPlaces(ipc: Ipc, batch: number): Generator<number> {
  const place = ipc.field(batch, 2);
  if (place === undefined) return;
  const list = ipc.table(place);
  const count = ipc.view.getUint32(list, true);
  for (let index = 0; index < count; index++) yield list + 4 + 16 * index;
}

/** A buffer begins with its length without compression, or with -1 where it has none. */
function unpacked(packed: Uint8Array, unpack: (packed: Uint8Array, length: number) => Uint8Array): Uint8Array {
  const length = Number(new DataView(packed.buffer, packed.byteOffset).getBigInt64(0, true));
  const rest = packed.subarray(8);
  if (length < 0) return rest;
  if (length > mostBytes || length > rest.length * mostRatio) throw new Error(`a buffer of ${length} bytes cannot be`);
  const plain = unpack(rest, length);
  if (plain.length !== length) throw new Error(`a buffer has ${plain.length} bytes where ${length} were told`);
  return plain;
}

/** More than the engine takes, and more than a block of one repeated byte is compressed: what is told beyond is damage. */
const mostBytes = 2 ** 31 - 1;
const mostRatio = 2 ** 16;

function unpackZstd(packed: Uint8Array, length: number): Uint8Array {
  return decompressZstd(packed, new Uint8Array(length));
}

function concatenated(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
