// Takes a user's own files into the engine.

import type { ModelInfo, PredictQL, TableInfo } from "predictql";
import { type Control, isPredictError } from "./engine.js";
import type { Incoming, SortedFiles } from "./files.js";
import { plural } from "./format.js";
import { type Fate, wordsOf } from "./notices.js";
import { photos, rememberPicture } from "./pictures.js";
import { nameFromFile, pictureTable, quoted } from "./sql.js";

export interface Taken {
  models: ModelInfo[];
  tables: TableInfo[];
  /** Whether pictures joined `photos`. */
  pictures: boolean;
  /** A script that came in, for the editor. */
  script: string | undefined;
  fates: Fate[];
}

/** Files that nothing can be made of, as they came. */
export function lostOf({ rejected, models, parts, labels }: SortedFiles): Fate[] {
  const lost = rejected.map(({ file, reason }) => `${file.path} ${reason}.`);
  if (models.length === 0) {
    lost.push(...parts.map(({ path }) => `${path} holds weights of a model: bring both together.`));
    lost.push(...labels.map(({ path }) => `${path} holds names of classes: bring it together with the model.`));
  }
  return lost.map((words) => ({ words, kind: "bad" }));
}

/** A file that fails says why and leaves the others alone. */
export async function takeIn(db: PredictQL, files: SortedFiles, control: Control): Promise<Taken> {
  const taken: Taken = { models: [], tables: [], pictures: false, script: undefined, fates: [] };
  const good = (words: string, detail?: string) => taken.fates.push({ words, kind: "good", detail });
  const bad = (words: string, detail?: string) => taken.fates.push({ words, kind: "bad", detail });
  const attempt = async (what: string, job: () => Promise<void>) => {
    try {
      await job();
    } catch (error) {
      if (control.signal.aborted) throw error;
      const hint = isPredictError(error) ? error.hint : undefined;
      bad(`${what}: ${wordsOf(error)}`, hint);
    }
  };
  taken.fates.push(...lostOf(files));
  for (const { file, path } of files.tables) {
    await attempt(path, async () => {
      const table = await db.registerTable(nameFromFile(file.name), file, control);
      taken.tables.push(table);
      const size = `${table.rows === null ? "" : `${plural(table.rows, "row")}, `}${plural(table.columns.length, "column")}`;
      good(`${path} is the table ${table.name}: ${size}.`, table.notes.join(" ") || undefined);
    });
  }
  if (files.pictures.length > 0) {
    await attempt(photos, async () => {
      await addPictures(
        db,
        files.pictures.map(({ file }) => file),
        control,
      );
      taken.pictures = true;
      good(`${plural(files.pictures.length, "picture")} joined the table ${photos}.`);
    });
  }
  for (const model of files.models) {
    await attempt(model.path, async () => {
      const { info, words } = await addModel(db, model, files, control);
      taken.models.push(info);
      good(`${model.path} is the model ${info.name}${words}.`);
    });
  }
  for (const folder of files.folders) {
    await attempt(folder.path || "saved_model.pb", async () => {
      const name = nameFromFile(folder.path.split("/").at(-1) || "saved_model");
      // A file of a drop has no path of its own.
      const inside = folder.files.map(({ file, path }) => new File([file], path));
      const info = await db.registerModel(name, inside, control);
      taken.models.push(info);
      good(`${folder.path || "saved_model.pb"} is the model ${info.name}.`);
    });
  }
  for (const { file, path } of files.scripts) {
    taken.script = taken.script === undefined ? await file.text() : `${taken.script}\n\n${await file.text()}`;
    good(`${path} is in the editor.`);
  }
  if (files.spare.length > 0) good(`Not needed: ${files.spare.map(({ path }) => path).join(", ")}.`);
  return taken;
}

/** A model with the weights and the names of classes that came in beside it. */
async function addModel(
  db: PredictQL,
  { file, path }: Incoming,
  { models, parts, labels }: SortedFiles,
  control: Control,
): Promise<{ info: ModelInfo; words: string }> {
  const folder = path.slice(0, path.length - file.name.length);
  // A file that is called as every other one has its name from its folder.
  const isNamed = !/^model\.(onnx|tflite)$/i.test(file.name) || folder === "";
  const name = nameFromFile(isNamed ? file.name : (folder.split("/").at(-2) ?? file.name));
  const weights = parts.flatMap((part) => [
    [part.path.startsWith(folder) ? part.path.slice(folder.length) : part.file.name, part.file] as const,
    [part.file.name, part.file] as const,
  ]);
  const options = { ...control, ...(weights.length > 0 ? { externalData: Object.fromEntries(weights) } : {}) };
  const beside = parts.length > 0 ? ` with the weights in ${parts.map(({ path }) => path).join(", ")}` : "";
  const [list] = models.length === 1 ? labels : [];
  if (!list) return { info: await db.registerModel(name, file, options), words: beside };
  const names = (await list.file.text()).split(/\r?\n/).filter((line) => line.trim() !== "");
  try {
    const info = await db.registerModel(name, file, { ...options, labels: names });
    return { info, words: `${beside} and the ${plural(names.length, "label")} of ${list.path}` };
  } catch (error) {
    if (!isPredictError(error) || error.code !== "invalid-option") throw error;
    const info = await db.registerModel(name, file, options);
    return { info, words: `${beside}, without ${list.path}: ${error.message}` };
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
