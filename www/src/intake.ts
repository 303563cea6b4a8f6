// Takes files into the engine: the user's own, and those of this page that a query names.

import { type ModelInfo, PredictError, type PredictQL, type TableInfo } from "predictql";
import type { Control } from "./engine.js";
import type { SortedFiles } from "./files.js";
import { plural } from "./format.js";
import { notice } from "./notices.js";
import { isPicture, knowsPicture, rememberPicture } from "./pictures.js";
import { nameFromFile, pictureTable, quoted } from "./sql.js";
import { tutorialTables } from "./tutorials.js";

/** The object table that all pictures join. */
export const photos = "photos";

export interface Taken {
  models: ModelInfo[];
  tables: TableInfo[];
  /** Whether pictures joined `photos`. */
  pictures: boolean;
}

/** A file that fails says why and leaves the others alone. */
export async function takeIn(db: PredictQL, files: SortedFiles, control: Control): Promise<Taken> {
  const taken: Taken = { models: [], tables: [], pictures: false };
  for (const file of files.tables) {
    await attempt(file.name, async () => {
      const table = await db.registerTable(nameFromFile(file.name), file, control);
      taken.tables.push(table);
      const size = `${table.rows === null ? "" : `${plural(table.rows, "row")}, `}${plural(table.columns.length, "column")}`;
      notice(`${file.name} is the table ${table.name}: ${size}.`);
    });
  }
  if (files.pictures.length > 0) {
    await attempt(photos, async () => {
      await addPictures(db, files.pictures, control);
      taken.pictures = true;
      notice(`${plural(files.pictures.length, "picture")} joined the table ${photos}.`);
    });
  }
  for (const file of files.models) {
    await attempt(file.name, async () => {
      const model = await db.registerModel(nameFromFile(file.name), file, control);
      taken.models.push(model);
      notice(`${file.name} is the model ${model.name}.`);
    });
  }
  return taken;

  async function attempt(what: string, job: () => Promise<void>): Promise<void> {
    try {
      await job();
    } catch (error) {
      if (control.signal.aborted) throw error;
      const hint = error instanceof PredictError ? error.hint : undefined;
      notice(`${what}: ${error instanceof Error ? error.message : String(error)}`, "bad", hint);
    }
  }
}

/** Fetched when a query first names them, and kept: running it again makes no request. */
export async function fetchNamed(db: PredictQL, sql: string, control: Control): Promise<void> {
  const known = new Set((await db.tables()).map(({ name }) => name));
  for (const [name, path] of tutorialTables(sql)) {
    if (!known.has(name)) await db.registerTable(name, new URL(path, document.baseURI), control);
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

/** The table is made anew of what it held and what came in; a newer picture of the same name replaces the older. */
async function addPictures(db: PredictQL, pictures: readonly File[], control: Control): Promise<void> {
  const known = (await db.tables()).some(({ name, kind }) => name === photos && kind === "images");
  const held = known ? (await db.query<{ uri: string }>(`SELECT uri FROM ${quoted(photos)}`)).rows : [];
  for (const picture of pictures) {
    await db.registerFile(picture.name, picture, control);
    rememberPicture(picture);
  }
  const uris = new Set([...held.map(({ uri }) => uri), ...pictures.map(({ name }) => name)]);
  await db.exec(pictureTable(photos, uris), control);
}
