// How one value looks in the grid. The look is chosen once for a column, from its type, its name and some of its values.

import type { ColumnInfo } from "predictql";
import { h } from "./dom.js";
import { bytes, count, number } from "./format.js";
import { encodedPicture, thumbnail } from "./pictures.js";

export interface Look {
  /** A class for the column's cells, its header included. */
  kind: "number" | "probability" | "distribution" | "picture" | "text";
  paint(value: unknown): Node | string;
  /** The whole value as text. */
  title(value: unknown): string;
  /** How many characters are shown. */
  length(value: unknown): number;
  /** Pixels, where the look itself knows. */
  width?: number;
  height?: number;
}

const shownClasses = 3;
const longText = 200;
/** A picture that a query has made is what its reader wants to see. */
const drawnSide = innerWidth < 900 ? 120 : 160;

export function lookOf(column: ColumnInfo, sample: readonly unknown[], labels: readonly string[] = []): Look {
  const values = sample.filter((value) => value !== null && value !== undefined);
  const some = values.length > 0;
  const title = (value: unknown) => full(value, column);
  const plain = (value: unknown) => text(value, column);
  const length = (value: unknown) => shown(value, column).length;
  if (some && values.every((value) => encodedPicture(value) !== undefined)) {
    const paint = (value: unknown) => drawn(value) ?? plain(value);
    return { kind: "picture", paint, title, length: () => 12, width: drawnSide + 40, height: drawnSide + 10 };
  }
  if (some && /(^|_)uri$/i.test(column.name) && values.some((value) => thumbnail(value) !== undefined)) {
    const width = innerWidth < 900 ? 190 : 280;
    return { kind: "picture", paint: (value) => picture(value, column), title, length, width, height: 66 };
  }
  if (some && /prob/i.test(column.name) && values.every(isShare)) {
    return {
      kind: "probability",
      paint: (value) => (isShare(value) ? bar(value.toFixed(4), value) : plain(value)),
      title,
      length,
    };
  }
  if (some && values.every((value) => sharesOf(value) !== undefined)) {
    const all = values.map((value) => ranked(sharesOf(value, labels) ?? []));
    const longest = Math.max(...all.flatMap((shares) => shares.map(({ label }) => label.length)));
    const classes = Math.max(...all.map((shares) => shares.length));
    const width = Math.min(620, classes * Math.max(92, (Math.min(longest, 18) + 7) * 7.4 + 22) + 80);
    const paint = (value: unknown) => distribution(sharesOf(value, labels)) ?? plain(value);
    return { kind: "distribution", paint, title, length, width };
  }
  const isNumber = ["number", "integer", "bigint"].includes(column.type) || /^(BIG)?NUMERIC/.test(column.databaseType);
  return { kind: isNumber ? "number" : "text", paint: plain, title, length };
}

/** The whole value as text: what is copied, too. */
export function full(value: unknown, column?: ColumnInfo): string {
  return typeof value === "string" ? value : show(value, Number.POSITIVE_INFINITY, column?.databaseType);
}

function shown(value: unknown, column: ColumnInfo): string {
  const all = typeof value === "string" ? value : show(value, longText, column.databaseType);
  return all.length > longText ? `${all.slice(0, longText)}…` : all;
}

function text(value: unknown, column: ColumnInfo): Node | string {
  return value === null || value === undefined ? h("span", { class: "null" }, "NULL") : shown(value, column);
}

function picture(value: unknown, column: ColumnInfo): Node | string {
  const url = thumbnail(value);
  if (url === undefined) return text(value, column);
  return h(
    "span",
    { class: "thumbnail" },
    h("img", { src: url, alt: "", loading: "lazy", width: 56, height: 56 }),
    h("span", {}, String(value)),
  );
}

/** A file that a query has made. */
function drawn(value: unknown): Node | undefined {
  const url = encodedPicture(value);
  if (url === undefined) return undefined;
  return h("img", { class: "drawn", src: url, alt: "a picture", width: drawnSide, height: drawnSide });
}

/** The likeliest classes in order of their probability, by their names where they have some. */
function distribution(shares: readonly Share[] | undefined): Node | undefined {
  if (!shares) return undefined;
  const rest = shares.length - shownClasses;
  return h(
    "span",
    { class: "classes" },
    ...ranked(shares).map(({ share, label }) => bar(`${label}: ${share.toFixed(3)}`, share)),
    rest > 0 && h("small", {}, `+ ${count(rest)}`),
  );
}

function ranked(shares: readonly Share[]): Share[] {
  return [...shares].sort((a, b) => b.share - a.share).slice(0, shownClasses);
}

function bar(label: string, share: number): HTMLElement {
  const element = h("span", { class: "share" }, label);
  element.style.setProperty("--share", `${(share * 100).toFixed(2)}%`);
  return element;
}

function show(value: unknown, limit: number, databaseType = ""): string {
  if (value === null || value === undefined) return "NULL";
  if (typeof value === "number") return number(value);
  if (value instanceof Date) return moment(value, databaseType);
  if (value instanceof Uint8Array) return `${bytes(value.length)} of bytes`;
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    const item = /^ARRAY<(.*)>$/.exec(databaseType)?.[1];
    return list(value as unknown as ArrayLike<unknown>, limit, item);
  }
  if (typeof value !== "object") return String(value);
  const fields = Object.entries(value).map(([name, field]) => `${name}: ${show(field, limit)}`);
  return `{${fields.join(", ")}}`;
}

/** As BigQuery writes them: a date has no time, a time no more digits than it needs. */
function moment(value: Date, databaseType: string): string {
  const iso = value.toISOString();
  if (databaseType === "DATE") return iso.slice(0, iso.indexOf("T"));
  const plain = iso
    .replace("T", " ")
    .replace(/(\.\d*?)0*Z$/, "$1")
    .replace(/\.$/, "");
  return databaseType === "DATETIME" ? plain : `${plain} UTC`;
}

/** Tensors are millions of numbers: only what can be shown is turned into text. */
function list(items: ArrayLike<unknown>, limit: number, databaseType: string | undefined): string {
  const most = limit === Number.POSITIVE_INFINITY ? 1000 : 8;
  const short = (item: unknown) =>
    typeof item === "number" && limit !== Number.POSITIVE_INFINITY
      ? number(Number(item.toPrecision(6)))
      : show(item, limit, databaseType);
  const parts = Array.from({ length: Math.min(items.length, most) }, (_, i) => short(items[i]));
  const rest = items.length - parts.length;
  return `[${parts.join(", ")}${rest > 0 ? `, … ${count(rest)} more` : ""}]`;
}

function isShare(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 1;
}

interface Share {
  label: string;
  share: number;
}

/** Probabilities of classes: a list of numbers, which `labels` name if there are as many, or one of structs that name the classes. */
function sharesOf(value: unknown, labels: readonly string[] = []): Share[] | undefined {
  if (value instanceof Uint8Array || !(Array.isArray(value) || ArrayBuffer.isView(value))) return undefined;
  const items = Array.from(value as unknown as ArrayLike<unknown>);
  if (items.length < 2) return undefined;
  const names = labels.length === items.length ? labels : undefined;
  const shares: Share[] = [];
  for (const [index, item] of items.entries()) {
    const { label, prob } =
      typeof item === "object" && item !== null
        ? (item as { label?: unknown; prob?: unknown })
        : { label: names?.[index] ?? index, prob: item };
    if (!isShare(prob) || label === undefined) return undefined;
    shares.push({ label: String(label), share: prob });
  }
  return Math.abs(shares.reduce((sum, { share }) => sum + share, 0) - 1) < 1e-3 ? shares : undefined;
}
