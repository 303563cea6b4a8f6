// How a query is carried out: the rows of EXPLAIN as a tree.

import type { Timings } from "./glue/predictql.js";
import type { Result } from "./result.js";

/** One operator of a plan. */
export interface PlanNode {
  op: string;
  /** What it works on, in words: "petal_width > 1.5". */
  detail: string;
  /** Rows that it gave, with `analyze`. */
  rows?: number;
  /** Milliseconds that it and what lies below it took, with `analyze`. */
  ms?: number;
  /** Where its rows come from; below the uppermost one also the query's subqueries. */
  children: PlanNode[];
}

/** How a query is carried out. */
export interface Plan {
  /** To print: an operator on each line. */
  text: string;
  tree: PlanNode;
  /** With `analyze`: where the time went, in milliseconds. */
  timings?: Timings;
}

/**
 * A row of EXPLAIN: `operator` is indented by two spaces for each level.
 * @internal
 */
export interface PlanRow {
  operator: string;
  detail: string;
  rows: number | null;
  ms: number | null;
}

/** @internal */
export function planOf({ rows, timings }: Pick<Result<PlanRow>, "rows" | "timings">, analyze: boolean): Plan {
  const roots: PlanNode[] = [];
  // The operators above the next one, by their depth.
  const above: PlanNode[] = [];
  for (const { operator, detail, rows: given, ms } of rows) {
    const op = operator.trimStart();
    const depth = (operator.length - op.length) / 2;
    const node: PlanNode = {
      op,
      detail,
      ...(given === null ? {} : { rows: given }),
      ...(ms === null ? {} : { ms }),
      children: [],
    };
    (above[depth - 1]?.children ?? roots).push(node);
    above.splice(depth, Number.POSITIVE_INFINITY, node);
  }
  // Subqueries come before the query that they belong to.
  const tree = roots.pop() ?? { op: "", detail: "", children: [] };
  tree.children.push(...roots);
  return { text: rows.map(line).join("\n"), tree, ...(analyze ? { timings } : {}) };
}

function line({ operator, detail, rows, ms }: PlanRow): string {
  const measured = rows === null || ms === null ? "" : `(${rows} rows, ${ms.toFixed(1)} ms)`;
  return [operator, detail, measured].filter((part) => part !== "").join("  ");
}
