// Which text in a `uri` column is a picture that can be shown: files that the page holds, and files of its own server.

const kept = new Map<string, string>();

/** Remember a file, so that rows which name it can show it. A newer file of the same name takes its place. */
export function rememberPicture(file: File): void {
  const old = kept.get(file.name);
  if (old) URL.revokeObjectURL(old);
  kept.set(file.name, URL.createObjectURL(file));
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
