// Which text in a `uri` column is a picture that can be shown: files that the page holds, and files of its own server.

/** The object table that all pictures join. */
export const photos = "photos";

const kept = new Map<string, string>();

/** Remember a file, so that rows which name it can show it. A newer file of the same name takes its place. */
export function rememberPicture(file: File, uri = file.name): void {
  const old = kept.get(uri);
  if (old) URL.revokeObjectURL(old);
  kept.set(uri, URL.createObjectURL(file));
}

export function knowsPicture(uri: string): boolean {
  return kept.has(uri);
}

export function isPicture(name: string): boolean {
  return /\.(png|jpe?g|bmp|webp|gif|avif|heic|heif)$/i.test(name);
}

/** An address for `<img>`. Pictures elsewhere stay text: showing one would be a request to another server. */
export function thumbnail(uri: unknown): string | undefined {
  if (typeof uri !== "string") return undefined;
  const own = kept.get(uri);
  if (own) return own;
  if (!isPicture(uri) || !URL.canParse(uri, document.baseURI)) return undefined;
  const url = new URL(uri, document.baseURI);
  return url.origin === location.origin ? url.href : undefined;
}

/** Addresses of the files that queries have made, for as long as their bytes are somewhere. */
const drawn = new WeakMap<Uint8Array, string>();
const forgetting = new FinalizationRegistry((url: string) => URL.revokeObjectURL(url));

/** An address for the bytes of a PNG or JPEG. */
export function encodedPicture(value: unknown): string | undefined {
  if (!(value instanceof Uint8Array)) return undefined;
  const isPng = value[0] === 0x89 && value[1] === 0x50;
  const isJpeg = value[0] === 0xff && value[1] === 0xd8;
  if (!isPng && !isJpeg) return undefined;
  const known = drawn.get(value);
  if (known) return known;
  const url = URL.createObjectURL(new Blob([value as BlobPart], { type: isPng ? "image/png" : "image/jpeg" }));
  drawn.set(value, url);
  forgetting.register(value, url);
  return url;
}
