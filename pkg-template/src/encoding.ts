// Text in encodings that the engine does not know, brought to UTF-8.

import { problem } from "./errors.js";

/** What the engine reads itself. */
const known = /^(utf-?(8|16|32)([lb]e)?|iso-?8859-?1|latin-?1|(windows-|cp)1252)$/i;

/** Whether the text has to come to the engine in UTF-8. */
export function isForeign(encoding: string | undefined): encoding is string {
  return encoding !== undefined && !known.test(encoding);
}

export async function toUtf8(blob: Blob, encoding: string, name: string): Promise<Blob> {
  let decoder: TextDecoder;
  try {
    decoder = new TextDecoder(encoding, { fatal: true });
  } catch (error) {
    throw problem("invalid-option", `there is no encoding called \`${encoding}\``, {
      hint: "encodings have names such as `utf-8`, `latin1`, `windows-1252`, `iso-8859-2`, `shift_jis`",
      cause: error,
    });
  }
  try {
    return new Blob([decoder.decode(await blob.arrayBuffer())]);
  } catch (error) {
    throw problem("invalid-option", `\`${name}\` is not text in \`${encoding}\``, { cause: error });
  }
}
