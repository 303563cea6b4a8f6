// Rows as a native table of which only what is seen exists. Cells can be selected and copied, by mouse and by keys.

import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from "@tanstack/virtual-core";
import type { ColumnInfo, Result } from "predictql";
import { full, type Look, lookOf } from "./cells.js";
import { h } from "./dom.js";
import { notice } from "./notices.js";

/** Rows that tell how a column looks and how wide it is. */
const sampleSize = 60;
/** More rows than these are higher than browsers let a page be. */
export const mostRows = 100_000;
/** Fewer columns than these are all there. */
const fewColumns = 40;
const rowHeight = 34;
const charWidth = 8.3;
/** Names are bold. */
const nameWidth = 9.4;

type Cell = { row: number; column: number };

/** One page of rows; `labels` are the names of the classes that a list has probabilities of. `show` has to be called once it is in the document. */
export function grid(
  result: Result,
  first: number,
  labels?: readonly string[],
): { element: HTMLElement; show(): void } {
  const page = new Page(result, first, labels);
  return { element: page.element, show: () => page.show() };
}

const start = { width: 900, height: 500 };
const scrolling = { scrollToFn: elementScroll, observeElementRect, observeElementOffset, initialRect: start };

class Page {
  readonly element: HTMLElement;
  readonly #result: Result;
  readonly #first: number;
  readonly #columns: readonly ColumnInfo[];
  readonly #looks: Look[];
  readonly #widths: number[];
  readonly #height: number;
  readonly #head = h("thead");
  readonly #body = h("tbody");
  readonly #rows: Virtualizer<HTMLElement, HTMLElement>;
  /** Only where there are many columns. */
  readonly #across: Virtualizer<HTMLElement, HTMLElement> | undefined;
  readonly #selection: Selection;
  #isDue = false;

  constructor(result: Result, first: number, labels?: readonly string[]) {
    const count = Math.min(mostRows, result.numRows - first);
    const columns = result.schema.fields;
    const sample = Array.from({ length: Math.min(sampleSize, count) }, (_, i) => result.at(first + i) ?? {});
    this.#result = result;
    this.#first = first;
    this.#columns = columns;
    this.#looks = columns.map((column) =>
      lookOf(
        column,
        sample.map((row) => row[column.name]),
        labels,
      ),
    );
    this.#widths = columns.map((column, i) => widthOf(column, this.#looks[i] as Look, sample));
    this.#height = Math.max(rowHeight, ...this.#looks.map(({ height = 0 }) => height));
    const sizes = { "aria-rowcount": count + 1, "aria-colcount": columns.length };
    const table = h("table", sizes, this.#head, this.#body);
    table.style.width = `${this.#widths.reduce((sum, width) => sum + width, 0)}px`;
    this.element = h("div", { class: "grid", tabindex: 0, role: "region", "aria-label": "Rows" }, table);
    const shared = { ...scrolling, getScrollElement: () => this.element, onChange: () => this.#drawSoon() };
    this.#rows = new Virtualizer({ ...shared, count, estimateSize: () => this.#height, overscan: 8 });
    const across = { count: columns.length, estimateSize: (i: number) => this.#widths[i] ?? 0, horizontal: true };
    this.#across = columns.length > fewColumns ? new Virtualizer({ ...shared, ...across, overscan: 3 }) : undefined;
    this.#selection = new Selection(count, columns.length);
    const scrollTo = (row: number) => this.#rows.scrollToIndex(row);
    listen(this.element, this.#selection, { draw: () => this.#draw(), scrollTo, copy: () => this.#copy() });
  }

  show(): void {
    for (const virtual of [this.#rows, this.#across]) {
      virtual?._didMount();
      virtual?._willUpdate();
    }
    this.#draw();
  }

  /** Both ways of scrolling tell of a move: it is drawn once. */
  #drawSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      this.#draw();
    });
  }

  #draw(): void {
    const { indices, before, after } = this.#seen();
    const room = (width: number) => width > 0 && spacer(width);
    const names = indices.map((i) =>
      heading(this.#columns[i] as ColumnInfo, this.#looks[i] as Look, this.#widths[i] ?? 0, i),
    );
    this.#head.replaceChildren(h("tr", { "aria-rowindex": 1 }, room(before), ...names, room(after)));
    const items = this.#rows.getVirtualItems();
    const lines = items.map(({ index }) => {
      const row = this.#result.at(this.#first + index) ?? {};
      const cells = indices.map((i) => {
        const isSelected = this.#selection.has({ row: index, column: i });
        return cell(row[this.#columns[i]?.name ?? ""], this.#looks[i] as Look, isSelected, i);
      });
      const line = h("tr", { "aria-rowindex": index + 2, "data-row": index }, room(before), ...cells, room(after));
      line.style.height = `${this.#height}px`;
      return line;
    });
    const above = items[0]?.start ?? 0;
    const below = this.#rows.getTotalSize() - (items.at(-1)?.end ?? 0);
    this.#body.replaceChildren(...gap(above), ...lines, ...gap(below));
  }

  /** The columns that are seen, and the room of those on both sides of them. */
  #seen(): { indices: number[]; before: number; after: number } {
    if (!this.#across) return { indices: this.#columns.map((_, i) => i), before: 0, after: 0 };
    const items = this.#across.getVirtualItems();
    const after = this.#across.getTotalSize() - (items.at(-1)?.end ?? 0);
    return { indices: items.map(({ index }) => index), before: items[0]?.start ?? 0, after };
  }

  async #copy(): Promise<void> {
    const lines = this.#selection.rows().map((row) => {
      const values = this.#result.at(this.#first + row) ?? {};
      const chosen = this.#selection.columns().map((index) => this.#columns[index] as ColumnInfo);
      return chosen.map((column) => full(values[column.name], column));
    });
    if (lines.length === 0) return;
    await navigator.clipboard.writeText(lines.map((line) => line.join("\t")).join("\n"));
    const cells = lines.length * (lines[0]?.length ?? 0);
    notice(cells === 1 ? "The cell is copied." : `${cells} cells are copied.`);
  }
}

/** A rectangle of cells, from where it was begun to where it has come. */
class Selection {
  readonly #rows: number;
  readonly #columns: number;
  #anchor: Cell | undefined;
  #end: Cell | undefined;

  constructor(rows: number, columns: number) {
    this.#rows = rows;
    this.#columns = columns;
  }

  /** Selects one cell, or all from the first one to this one. */
  to(cell: Cell, isWider: boolean): void {
    if (!isWider || !this.#anchor) this.#anchor = cell;
    this.#end = cell;
  }

  /** Goes on by so many rows and columns, and answers where it is then. */
  move(rows: number, columns: number, isWider: boolean): Cell {
    const { row, column } = this.#end ?? { row: -rows, column: -columns };
    const within = (index: number, count: number) => Math.max(0, Math.min(count - 1, index));
    const cell = { row: within(row + rows, this.#rows), column: within(column + columns, this.#columns) };
    this.to(cell, isWider);
    return cell;
  }

  has({ row, column }: Cell): boolean {
    return between(row, this.#anchor?.row, this.#end?.row) && between(column, this.#anchor?.column, this.#end?.column);
  }

  rows(): number[] {
    return range(this.#anchor?.row, this.#end?.row);
  }

  columns(): number[] {
    return range(this.#anchor?.column, this.#end?.column);
  }
}

function between(index: number, one = Number.NaN, other = Number.NaN): boolean {
  return index >= Math.min(one, other) && index <= Math.max(one, other);
}

function range(one: number | undefined, other: number | undefined): number[] {
  if (one === undefined || other === undefined) return [];
  return Array.from({ length: Math.abs(one - other) + 1 }, (_, i) => Math.min(one, other) + i);
}

const steps: Record<string, readonly [rows: number, columns: number]> = {
  ArrowDown: [1, 0],
  ArrowUp: [-1, 0],
  ArrowRight: [0, 1],
  ArrowLeft: [0, -1],
};

interface Actions {
  draw(): void;
  scrollTo(row: number): void;
  copy(): Promise<void>;
}

function listen(element: HTMLElement, selection: Selection, { draw, scrollTo, copy }: Actions): void {
  element.addEventListener("click", (event) => {
    const cell = event.target instanceof Element ? event.target.closest("td[data-column]") : null;
    const row = cell?.closest("tr")?.dataset.row;
    if (!(cell instanceof HTMLElement) || row === undefined) return;
    selection.to({ row: Number(row), column: Number(cell.dataset.column) }, event.shiftKey);
    draw();
  });
  element.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "c" && (event.ctrlKey || event.metaKey) && getSelection()?.isCollapsed !== false) {
      event.preventDefault();
      void copy();
      return;
    }
    const step = steps[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const { row } = selection.move(...step, event.shiftKey);
    scrollTo(row);
    draw();
    element.querySelector("td.selected:last-of-type")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  });
}

function heading({ name, databaseType }: ColumnInfo, { kind }: Look, width: number, index: number): HTMLElement {
  const title = h("span", { class: "name", title: name }, name);
  const th = h(
    "th",
    { scope: "col", class: kind, "aria-colindex": index + 1 },
    title,
    h("small", { title: databaseType }, databaseType),
  );
  th.style.width = `${width}px`;
  return th;
}

function cell(value: unknown, { kind, paint, title }: Look, isSelected: boolean, index: number): HTMLElement {
  const classes = isSelected ? `${kind} selected` : kind;
  return h(
    "td",
    { class: classes, title: title(value), "aria-colindex": index + 1, "data-column": index },
    paint(value),
  );
}

/** Stands for columns that are out of sight. */
function spacer(width: number): HTMLElement {
  const element = h("td", { class: "spacer", "aria-hidden": "true" });
  element.style.width = `${width}px`;
  return element;
}

/** Stands for rows that are out of sight. */
function gap(height: number): HTMLElement[] {
  if (height <= 0) return [];
  const element = h("tr", { class: "spacer", "aria-hidden": "true" }, h("td"));
  element.style.height = `${height}px`;
  return [element];
}

function widthOf({ name, databaseType }: ColumnInfo, look: Look, sample: readonly Record<string, unknown>[]): number {
  const padding = 34;
  switch (look.kind) {
    case "picture":
    case "distribution":
      return look.width ?? 360;
    case "probability":
      return Math.max(190, name.length * nameWidth + padding);
    default: {
      const longest = Math.max(0, ...sample.map((row) => look.length(row[name])));
      const heading = Math.max(name.length * nameWidth, Math.min(databaseType.length, 22) * 7);
      return Math.round(Math.max(72, Math.min(420, Math.max(longest * charWidth, heading) + padding)));
    }
  }
}
