// LZ4 frames, as Arrow has them: blocks may refer to those before, which the libraries for single blocks do not read.
// Source: https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md and lz4_Block_format.md. Checksums are passed over:
// damage shows in the lengths.

const magic = 0x184d2204;

/** What stands in a frame's flags. */
const flags = { dictionary: 1, contentSize: 8, blockChecksum: 16 };

/** The content of a frame, which has `length` bytes. */
export function decompressLz4(frame: Uint8Array, length: number): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (view.getUint32(0, true) !== magic) throw new Error("expected an LZ4 frame");
  const flag = view.getUint8(4);
  let at = 7 + (flag & flags.contentSize ? 8 : 0) + (flag & flags.dictionary ? 4 : 0);
  const output = new Uint8Array(length);
  let written = 0;
  for (;;) {
    const size = view.getUint32(at, true);
    at += 4;
    if (size === 0) return output.subarray(0, written);
    const isPlain = size > 0x7fffffff;
    const block = frame.subarray(at, at + (size & 0x7fffffff));
    if (isPlain) {
      output.set(block, written);
      written += block.length;
    } else {
      written = decompressBlock(block, output, written);
    }
    at += block.length + (flag & flags.blockChecksum ? 4 : 0);
  }
}

/** Writes a block's content to `output` from `start` on; answers where it ends. */
function decompressBlock(block: Uint8Array, output: Uint8Array, start: number): number {
  let from = 0;
  let to = start;
  const next = () => {
    const byte = block[from++];
    if (byte === undefined) throw new Error("an LZ4 block is cut off");
    return byte;
  };
  /** Lengths of 15 and more go on in bytes of 255. */
  const lengthOf = (nibble: number) => {
    let length = nibble;
    if (nibble === 15) {
      let more: number;
      do {
        more = next();
        length += more;
      } while (more === 255);
    }
    return length;
  };
  while (from < block.length) {
    const token = next();
    const literals = lengthOf(token >> 4);
    output.set(block.subarray(from, from + literals), to);
    from += literals;
    to += literals;
    // The last sequence has literals only.
    if (from >= block.length) return to;
    const distance = next() | (next() << 8);
    const length = lengthOf(token & 15) + 4;
    if (distance === 0 || distance > to || to + length > output.length) throw new Error("an LZ4 block is damaged");
    // What is copied may overlap with what is written: it repeats itself then.
    if (distance >= length) output.copyWithin(to, to - distance, to - distance + length);
    else for (let index = to; index < to + length; index++) output[index] = output[index - distance] as number;
    to += length;
  }
  return to;
}
