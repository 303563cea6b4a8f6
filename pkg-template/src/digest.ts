// Checksums of files, by the browser: it has instructions for them and threads of its own.

/** Files from which on the engine computes the checksum itself: the browser wants all bytes in memory at once. */
const most = 2 ** 28;

/** SHA-256 in hexadecimal digits; none of large files, and where the page's context has no cryptography. */
export async function sha256Of(blob: Blob): Promise<string | undefined> {
  return (await readWithSha256(blob))?.sha256;
}

/**
 * The same with the bytes, which are read for it where they are not at hand: a browser takes as long for each read as for the checksum.
 */
export async function readWithSha256(
  blob: Blob,
  atHand?: Uint8Array<ArrayBuffer>,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; sha256: string } | undefined> {
  const { subtle } = globalThis.crypto ?? {};
  if (!subtle || blob.size > most) return undefined;
  const bytes = atHand ?? new Uint8Array(await blob.arrayBuffer());
  const digest = new Uint8Array(await subtle.digest("SHA-256", bytes));
  return { bytes, sha256: Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("") };
}
