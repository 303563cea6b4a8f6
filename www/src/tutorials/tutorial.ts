// What a tutorial is.

import type { Searched } from "../meaning.js";

export interface Tutorial {
  id: string;
  title: string;
  /** What happens, in two or three sentences of HTML written here. */
  about: string;
  /** Files under the page's own address that the script reads. */
  downloads: readonly string[];
  /** Tables that the page registers first: SQL names no CSV file. */
  tables: Readonly<Record<string, string>>;
  sql: string;
  next: readonly Step[];
  /** Its model needs the full engine, which its text does not tell. */
  isNetwork?: boolean;
  /** A model whose file is large: where it is not here and nobody has said so yet, the tutorial waits for Run. */
  waits?: string;
  /** Files that come in while it is open are asked about as they are; answers the query that does, or nothing where they are not for it. */
  takes?: (uris: readonly string[]) => string | undefined;
  /** What a field above the result looks through while one types. */
  search?: Searched;
}

/** Something to try: another query, or a file of one's own. */
export type Step =
  | { label: string; sql: string; mend?: Mend }
  | { label: string; files: string }
  | { label: string; camera: string };

/** The way out of a query that is meant to fail, where the engine cannot know it. */
export interface Mend {
  label: string;
  sql: string;
}
