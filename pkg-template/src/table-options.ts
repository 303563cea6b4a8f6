// The options of tables in the words of the engine: by their names in SQL.

import { isForeign } from "./encoding.js";
import { problem } from "./errors.js";
import type { TableFormat } from "./glue/predictql.js";
import type { TableOptions } from "./interface.js";

/** What is said of a table in any format. */
type Spoken = Omit<TableOptions, "format" | "signal" | "onProgress" | "stream">;

/** Options by the name that they had before they had BigQuery's. */
const aliases: Record<string, string> = { delimiter: "field_delimiter", nullValues: "null_markers" };

/** `header` is `header`, `maxBadRecords` is `max_bad_records`. */
function sqlName(name: string): string {
  return aliases[name] ?? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function given(options: Spoken): [string, unknown][] {
  return Object.entries(options).filter(([, value]) => value !== undefined);
}

/** How the engine reads CSV; text in an encoding that is foreign to it comes in UTF-8. */
export function csvFormat(options: Spoken): TableFormat {
  const own = given(options).filter(([name]) => name !== "encoding" || !isForeign(options.encoding));
  return { format: "csv", ...Object.fromEntries(own.map(([name, value]) => [sqlName(name), value])) };
}

/** How the engine reads what is Arrow already, or was made so. */
export function arrowFormat({ schema, ...others }: Spoken, found: string): TableFormat {
  const [odd] = given(others);
  if (odd) {
    throw problem("invalid-option", `the option \`${odd[0]}\` is for CSV, and the source is ${found}`, {
      hint: 'leave it out, or give `format: "csv"` where the source is CSV',
    });
  }
  return schema ? { format: "arrow", schema } : { format: "arrow" };
}
