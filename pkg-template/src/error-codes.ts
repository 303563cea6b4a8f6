// The codes of errors that the package itself raises, beside those of the engine. Each is a line of
// docs/reference/errors.md: `cargo xtask reference` reads them here.

/** What each code means, in a sentence. */
export const packageErrors = {
  "checksum-mismatch": "A file is not the one that `integrity` says.",
  closed: "The database or the prepared statement was closed.",
  "database-busy": "Other tabs wait to change a database, and a statement that does waits for the page's own code.",
  "empty-statement": "The text given to `query` holds no statement.",
  "engine-crashed": "The engine ran out of memory or failed; another one holds the same tables and models.",
  "engine-start": "The engine's worker or its WebAssembly could not be started.",
  "got-html": "An address answered with a web page in place of data: most servers answer unknown addresses so.",
  "int64-overflow": "A whole number of a result does not fit a JavaScript number exactly: choose another `int64`.",
  "invalid-compression": "The values of an Arrow file cannot be decompressed.",
  "invalid-json": "A source is not JSON, or holds something other than objects.",
  "invalid-option": "An option has a value that it cannot have.",
  "invalid-parquet": "A source cannot be read as Parquet.",
  "mixed-types": "A column given as JavaScript values holds values of different types.",
  "multiple-statements": "The text given to `query` holds several statements; `exec` runs scripts.",
  "network-denied": "The option `network` does not allow the request, or cannot see where it leads.",
  "network-failed": "An address cannot be reached, or does not answer with what was asked for.",
  "no-columns": "A table given as JavaScript values has no columns.",
  "no-simd": "The browser is too old: it lacks WebAssembly SIMD.",
  "no-such-file": "A name or pattern matches no file that is at hand.",
  "no-worker": "There is no `Worker` where the engine was asked to start: not a browser.",
  "not-restored": "A part of the catalog could not be made again: for another worker, or of what the device has kept.",
  "not-saved": "A database with a name cannot be kept on the device: no storage, or no room.",
  "not-written": "A file of EXPORT DATA cannot be written: it is there already, or there is no room or permission.",
  "self-test-failed": "A model of MLflow's does not predict the example that was logged with it.",
  "too-many-columns": "Rows given as JavaScript values or as JSON have more names than a table has columns.",
  "uneven-columns": "The columns of a table given as JavaScript values have different lengths.",
  "unknown-option": "A call has no option of this name.",
  "unsupported-address": "A browser cannot fetch addresses of this kind.",
  "unsupported-format": "A source is of a format that is not read as a table.",
  "unsupported-source": "A table or model cannot be made of the value given.",
  "unsupported-value": "A JavaScript value has no SQL type.",
  "value-in-quotes": "A value of a `sql` template stands inside quotes or a comment.",
} as const;

/** A code that the package itself raises. */
export type PackageErrorCode = keyof typeof packageErrors;
