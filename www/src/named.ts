// Files of this page that a query names.

import type { PredictQL } from "predictql";
import type { Control } from "./engine.js";
import { isPicture, knowsPicture, rememberPicture } from "./pictures.js";
import { tutorialTables } from "./tutorials.js";

/** Fetched when a query first names them, and kept: running it again makes no request. */
export async function fetchNamed(db: PredictQL, sql: string, control: Control): Promise<void> {
  const known = new Set((await db.tables()).map(({ name }) => name));
  for (const [name, path] of tutorialTables(sql)) {
    if (known.has(name)) continue;
    const url = new URL(path, document.baseURI);
    await db.registerTable(name, path.endsWith(".onnx") ? await modelTable(url, control) : url, control);
  }
  for (const path of Object.keys(__DEMO_BYTES__)) {
    if (!isPicture(path) || !sql.includes(path) || knowsPicture(path)) continue;
    const response = await fetch(path, { signal: control.signal });
    // The engine will ask for it again, and can say where in the query it is missing.
    if (!response.ok) continue;
    const file = new File([await response.blob()], path, { type: response.headers.get("Content-Type") ?? "" });
    await db.registerFile(path, file, control);
    rememberPicture(file);
  }
}

/** A table that holds a model in a cell, as databases of the T-SQL kind keep it. */
async function modelTable(url: URL, { signal }: Control) {
  const response = await fetch(url, { signal });
  if (!response.ok) throw new Error(`${url} answered with ${response.status}`);
  return [{ id: 1, data: new Uint8Array(await response.arrayBuffer()), description: "Onnx Model" }];
}
