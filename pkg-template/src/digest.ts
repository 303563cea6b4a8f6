// Checksums of files, by the browser: it has instructions for them and threads of its own.

/** Files from which on the engine computes the checksum itself: the browser wants all bytes in memory at once. */
const most = 2 ** 28;

/** SHA-256 in hexadecimal digits; none of large files, and where the page's context has no cryptography. */
export async function sha256Of(blob: Blob): Promise<string | undefined> {
  return blob.size > most ? undefined : digestOf(blob);
}

/** The same of any file: all its bytes are in memory at once. */
export async function digestOf(blob: Blob): Promise<string | undefined> {
  const { subtle } = globalThis.crypto ?? {};
  if (!subtle) return undefined;
  const bytes = new Uint8Array(await subtle.digest("SHA-256", await blob.arrayBuffer()));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
