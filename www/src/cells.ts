// How one value looks in the grid. The look is chosen once for a column, from its type, its name and the values on the page.

import type { ColumnInfo } from "predictql";
import { h } from "./dom.js";
import { bytes, count, number } from "./format.js";
import { thumbnail } from "./pictures.js";

export interface Look {
  /** A class for the column's cells, its header included. */
  kind: "number" | "probability" | "distribution" | "picture" | "text";
  paint(value: unknown): Node | string;
}

const shownClasses = 3;
const longText = 200;

export function lookOf(column: ColumnInfo, sample: readonly unknown[]): Look {
  const values = sample.filter((value) => value !== null && value !== undefined);
  const some = values.length > 0;
  if (some && /^uri$/i.test(column.name) && values.some((value) => thumbnail(value) !== undefined)) {
    return { kind: "picture", paint: picture };
  }
  if (some && /prob/i.test(column.name) && values.every(isShare)) return { kind: "probability", paint: probability };
  if (some && values.every(isDistribution)) return { kind: "distribution", paint: distribution };
  const numeric = ["number", "integer", "bigint"].includes(column.type);
  return { kind: numeric ? "number" : "text", paint: (value) => text(value) };
}

/** The whole value as text, for the cell's title. */
export function full(value: unknown): string {
  return typeof value === "string" ? value : show(value, Number.POSITIVE_INFINITY);
}

function text(value: unknown): Node | string {
  if (value === null || value === undefined) return h("span", { class: "null" }, "NULL");
  const all = typeof value === "string" ? value : show(value, longText);
  return all.length > longText ? `${all.slice(0, longText)}…` : all;
}

function picture(value: unknown): Node | string {
  const url = thumbnail(value);
  if (url === undefined) return text(value);
  return h(
    "span",
    { class: "thumbnail" },
    h("img", { src: url, alt: "", loading: "lazy", width: 56, height: 56 }),
    h("span", {}, String(value)),
  );
}

function probability(value: unknown): Node | string {
  return typeof value === "number" ? bar(value.toFixed(4), value) : text(value);
}

/** The likeliest classes by index, in order of their probability. */
function distribution(value: unknown): Node | string {
  if (!isNumbers(value)) return text(value);
  const ranked = Array.from(value, (share, index) => ({ share, index })).sort((a, b) => b.share - a.share);
  const rest = ranked.length - shownClasses;
  return h(
    "span",
    { class: "classes" },
    ...ranked.slice(0, shownClasses).map(({ share, index }) => bar(`${index}: ${share.toFixed(3)}`, share)),
    rest > 0 && h("small", {}, `+ ${count(rest)}`),
  );
}

function bar(label: string, share: number): HTMLElement {
  const element = h("span", { class: "share" }, label);
  element.style.setProperty("--share", `${(share * 100).toFixed(2)}%`);
  return element;
}

function show(value: unknown, limit: number): string {
  if (value === null || value === undefined) return "NULL";
  if (typeof value === "number") return limit === Number.POSITIVE_INFINITY ? String(value) : number(value);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return `${bytes(value.length)} of bytes`;
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return list(value as unknown as ArrayLike<unknown>, limit);
  if (typeof value !== "object") return String(value);
  const fields = Object.entries(value).map(([name, field]) => `${name}: ${show(field, limit)}`);
  return `{${fields.join(", ")}}`;
}

/** Tensors are millions of numbers: only what can be shown is turned into text. */
function list(items: ArrayLike<unknown>, limit: number): string {
  const most = limit === Number.POSITIVE_INFINITY ? 1000 : 8;
  const shown = Array.from({ length: Math.min(items.length, most) }, (_, i) => show(items[i], limit));
  const rest = items.length - shown.length;
  return `[${shown.join(", ")}${rest > 0 ? `, … ${count(rest)} more` : ""}]`;
}

function isShare(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 1;
}

function isNumbers(value: unknown): value is ArrayLike<number> {
  if (value instanceof Uint8Array) return false;
  return (Array.isArray(value) || ArrayBuffer.isView(value)) && typeof (value as ArrayLike<unknown>)[0] === "number";
}

function isDistribution(value: unknown): value is ArrayLike<number> {
  if (!isNumbers(value) || value.length < 2) return false;
  const shares = Array.from(value);
  return shares.every(isShare) && Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-3;
}
