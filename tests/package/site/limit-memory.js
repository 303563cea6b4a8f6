// Gives a wasm module less memory than the 4 GiB it may ask for, so that running out of it is quick to see.

/** Writes a maximum, in pages of 64 KiB, into the memory section. */
export function limitMemory(bytes, pages) {
  const memorySection = 5;
  let at = 8;
  while (at < bytes.length) {
    const start = at;
    const id = bytes[at++];
    const size = read();
    if (id !== memorySection) {
      at += size;
      continue;
    }
    const end = at + size;
    const count = read();
    const flags = read();
    const least = read();
    if (count !== 1 || flags > 1) throw new Error("one plain memory was expected");
    const body = [1, 1, ...leb(least), ...leb(pages)];
    const section = [memorySection, ...leb(body.length), ...body];
    const limited = new Uint8Array(start + section.length + bytes.length - end);
    limited.set(bytes.subarray(0, start));
    limited.set(section, start);
    limited.set(bytes.subarray(end), start + section.length);
    return limited;
  }
  throw new Error("the module has no memory");

  /** An unsigned number in LEB128. */
  function read() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
  }
}

function leb(value) {
  return value < 128 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)];
}
