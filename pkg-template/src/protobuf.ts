// Messages of Protocol Buffers, as much of them as the package reads of ONNX files by itself.

/** The messages and texts of this field. */
export function messages(bytes: Uint8Array, wanted: number): Uint8Array[] {
  return fields(bytes).flatMap(([field, value]) => (field === wanted && typeof value !== "number" ? [value] : []));
}

/** The numbers of this field. */
export function numbers(bytes: Uint8Array, wanted: number): number[] {
  return fields(bytes).flatMap(([field, value]) => (field === wanted && typeof value === "number" ? [value] : []));
}

/** Whole numbers, and whatever has a length; floats are passed over. */
function fields(bytes: Uint8Array): [field: number, value: number | Uint8Array][] {
  const found: [number, number | Uint8Array][] = [];
  let at = 0;
  const number = () => {
    let value = 0;
    for (let factor = 1; at < bytes.length; factor *= 128) {
      const byte = bytes[at++] as number;
      value += (byte & 127) * factor;
      if (byte < 128) break;
    }
    return value;
  };
  while (at < bytes.length) {
    const tag = number();
    const [field, kind] = [Math.floor(tag / 8), tag % 8];
    if (kind === 0) found.push([field, number()]);
    else if (kind === 1 || kind === 5) at += kind === 1 ? 8 : 4;
    else if (kind === 2) {
      const length = number();
      found.push([field, bytes.subarray(at, at + length)]);
      at += length;
    } else break;
  }
  return found;
}
