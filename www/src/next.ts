// What a newcomer would ask next: of files that came in, of a model, of a table.

import type { ModelInfo, PredictQL, TableInfo } from "predictql";
import { bestFit, type Fit, needs, predictQuery } from "./feed.js";
import type { Taken } from "./intake.js";
import { embeds, nearestQuery, searchOver, vectorsQuery } from "./meaning.js";
import { photos } from "./pictures.js";
import type { SearchField } from "./search.js";
import { lookQuery, seesPictures } from "./sql.js";

/** What to do next: a query, which may have to ask its user first, and words where there is none. */
export interface Next {
  sql?: () => string | undefined | Promise<string | undefined>;
  words?: string;
}

/** What stands in the editor, and what the page itself wrote there last. */
export interface Editing {
  text: string;
  written: string;
}

/** The query that a newcomer would write next; none where the user has a query of their own at work. */
export async function nextOf(
  taken: Taken,
  db: PredictQL,
  { text, written }: Editing,
  search: SearchField,
): Promise<Next> {
  const [versions, tables] = await Promise.all([db.models(), db.tables()]);
  const models = versions.filter((model) => model.default);
  const { script } = taken;
  if (script !== undefined) return { sql: () => script };
  const newest = (all: readonly TableInfo[]) => [
    ...taken.tables,
    ...all.filter(({ name }) => !taken.tables.some((it) => it.name === name)),
  ];
  const model = taken.models.at(-1);
  if (model) {
    const fit = bestFit(model, newest(tables));
    if (!fit)
      return {
        words: `${model.name} takes ${needs(model)}: bring a table that has them.`,
        ...lookAt(taken.tables.at(-1)),
      };
    const others =
      tables.length > 1 ? { words: `${model.name} is asked about ${fit.table.name}, which fits it best.` } : {};
    return { sql: () => queryOf(model, fit), ...others };
  }
  if (text !== written && text.trim() !== "") return {};
  if (taken.pictures && text.includes(photos)) return { sql: () => text };
  const table = taken.pictures ? tables.find(({ name }) => name === photos) : taken.tables.at(-1);
  if (!table) return {};
  const reader = models.find(embeds);
  const fits = models
    .filter((known) => known !== reader)
    .map((known) => ({
      known,
      fit: table.kind === "images" && !seesPictures(known) ? undefined : bestFit(known, [table]),
    }));
  const asked = fits.find(({ fit }) => fit);
  if (asked?.fit) return { sql: () => queryOf(asked.known, asked.fit as Fit) };
  return reader ? { sql: () => searchScript(db, reader, table, search) } : lookAt(table);
}

function lookAt(table: TableInfo | undefined): Next {
  return table ? { sql: () => lookQuery(table) } : {};
}

/** The script that makes a table's texts searchable, and the field to search them with. */
export async function searchScript(
  db: PredictQL,
  model: ModelInfo,
  table: TableInfo,
  search: SearchField,
): Promise<string> {
  const searched = await searchOver(db, model, table);
  if (!searched) return lookQuery(table);
  search.over(searched);
  return `${vectorsQuery(searched, table.name)};\n\n${nearestQuery(searched, "in other words")}`;
}

/** The query over a table that fits; asks which columns are meant where that is in doubt. */
export async function queryOf(model: ModelInfo, fit: Fit): Promise<string | undefined> {
  const packings = [];
  for (const packing of fit.packings) {
    const columns = packing.isSure
      ? packing.columns
      : await (await import("./picker.js")).pickColumns(fit.table.name, packing);
    if (!columns) return undefined;
    packings.push({ ...packing, columns });
  }
  return predictQuery(model, { ...fit, packings });
}
