// A link that brings the text of a query, in the part of the address that no server sees; and queries as files.

/** The address of this page with the query. */
export async function linkTo(sql: string): Promise<string> {
  const packed = await piped(sql, new CompressionStream("deflate-raw"));
  const text = btoa(String.fromCharCode(...packed))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
  return new URL(`#v=1&q=${text}`, location.href.split("#")[0]).href;
}

/** The query that a link brought; nothing where it brought none, or a damaged one. */
export async function queryIn(hash: string): Promise<string | undefined> {
  const parts = new URLSearchParams(hash.replace(/^#/, ""));
  const packed = parts.get("q");
  if (parts.get("v") !== "1" || packed === null) return undefined;
  try {
    const bytes = atob(packed.replaceAll("-", "+").replaceAll("_", "/"));
    const unpacked = await piped(
      Uint8Array.from(bytes, (char) => char.charCodeAt(0)),
      new DecompressionStream("deflate-raw"),
    );
    return new TextDecoder().decode(unpacked);
  } catch {
    return undefined;
  }
}

async function piped(content: BlobPart, through: CompressionStream | DecompressionStream): Promise<Uint8Array> {
  const stream = new Blob([content]).stream().pipeThrough(through);
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
