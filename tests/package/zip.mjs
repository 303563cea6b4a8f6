// Zips, as archivers write them.

import { deflateRawSync } from "node:zlib";

/** An archive of files, by their paths in its folder `saved`. */
export function zip(entries) {
  const parts = [];
  const list = [];
  let start = 0;
  for (const [path, bytes] of entries) {
    const packed = deflateRawSync(bytes);
    const name = Buffer.from(`saved/${path}`);
    const head = (signature, length) => {
      const buffer = Buffer.alloc(length);
      buffer.writeUInt32LE(signature, 0);
      const at = length === 30 ? 8 : 10;
      buffer.writeUInt16LE(8, at);
      buffer.writeUInt32LE(packed.length, at + 10);
      buffer.writeUInt32LE(bytes.length, at + 14);
      buffer.writeUInt16LE(name.length, at + 18);
      return buffer;
    };
    const entry = head(0x02014b50, 46);
    entry.writeUInt32LE(start, 42);
    list.push(entry, name);
    parts.push(head(0x04034b50, 30), name, packed);
    start += 30 + name.length + packed.length;
  }
  const directory = Buffer.concat(list);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(start, 16);
  return Buffer.concat([...parts, directory, end]);
}
