// Which text in a `uri` column is a picture that can be shown: the user's own files, and files of this page's server.

const dropped = new Map<string, string>();

const pictureName = /\.(png|jpe?g|bmp)$/i;

/** Remember a file, so that rows which name it can show it. A newer file of the same name takes its place. */
export function rememberPicture(file: File): void {
  const old = dropped.get(file.name);
  if (old) URL.revokeObjectURL(old);
  dropped.set(file.name, URL.createObjectURL(file));
}

/** An address for `<img>`. Pictures elsewhere stay text: showing one would be a request to another server. */
export function thumbnail(uri: unknown): string | undefined {
  if (typeof uri !== "string") return undefined;
  const own = dropped.get(uri);
  if (own) return own;
  if (!pictureName.test(uri) || !URL.canParse(uri, document.baseURI)) return undefined;
  const url = new URL(uri, document.baseURI);
  return url.origin === location.origin ? url.href : undefined;
}
