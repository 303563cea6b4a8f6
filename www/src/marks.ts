// A few kinds of charts as plain SVG, each with a title and a description for those who do not see it.
// Sizes are in pixels of the page, so that letters are as large as the page's own.

import { count } from "./format.js";

const space = "http://www.w3.org/2000/svg";
const charWidth = 7.2;
const leastBar = 1.5;
let made = 0;

export interface Words {
  title: string;
  /** What the chart shows, in a sentence. */
  about: string;
}

/** A line through points of the unit square. */
export interface Curve extends Words {
  across: string;
  up: string;
  points: readonly { x: number; y: number; words: string }[];
  /** What a model that knows nothing would give, or one that knows all. */
  guide?: { words: string; from: [number, number]; to: [number, number] };
}

/** A number for each of several runs, in their order. */
export interface Series extends Words {
  points: readonly { name: string; value: number }[];
}

/** A horizontal bar for each name; numbers below zero go to the left. */
export interface Bars extends Words {
  bars: readonly { name: string; value: number; limit?: number; isBad?: boolean }[];
  /** The end of the scale, where it is not the longest bar's. */
  most?: number;
  write?: (value: number) => string;
}

/** Counts by two lists of names. */
export interface Grid extends Words {
  across: string;
  up: string;
  columns: readonly string[];
  rows: readonly { name: string; counts: readonly number[] }[];
}

/** Values of the fields of a picture, line by line. */
export interface Fields extends Words {
  columns: number;
  values: readonly number[];
  /** The address of the picture, where it is known. */
  picture?: string | undefined;
}

/** The shares of values between bounds, for one or two sets of rows. */
export interface Histograms extends Words {
  sets: readonly { name: string; buckets: readonly { low: number; high: number; share: number }[] }[];
}

type Attributes = Record<string, string | number | undefined>;

function s(tag: string, attributes: Attributes, ...children: (Node | string)[]): SVGElement {
  const element = document.createElementNS(space, tag) as SVGElement;
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

function picture(kind: string, { title, about }: Words, width: number, height: number, parts: Node[]): SVGElement {
  made += 1;
  const [titled, described] = [`mark-title-${made}`, `mark-about-${made}`];
  return s(
    "svg",
    {
      class: `mark ${kind}`,
      role: "img",
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      "aria-labelledby": titled,
      "aria-describedby": described,
    },
    s("title", { id: titled }, title),
    s("desc", { id: described }, about),
    ...parts,
  );
}

const text = (x: number, y: number, words: string, attributes: Attributes = {}) =>
  s("text", { x, y, ...attributes }, words);
const line = (x1: number, y1: number, x2: number, y2: number, kind: string) =>
  s("line", { x1, y1, x2, y2, class: kind });
const width = (words: string) => words.length * charWidth;

/** Cut where it would take more than `room`. */
function fitting(words: string, room: number): string {
  const most = Math.max(3, Math.floor(room / charWidth));
  return words.length > most ? `${words.slice(0, most - 1)}…` : words;
}

/** A number with as many digits as a chart can show. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  // A year has no comma.
  if (Math.abs(value) >= 10_000) return count(Math.round(value));
  if (Math.abs(value) >= 1000) return String(Math.round(value));
  return String(Number(value.toPrecision(3)));
}

export function curve(shown: Curve, room: number): SVGElement {
  const side = Math.min(248, room - 66);
  const [left, top] = [54, 12];
  const x = (share: number) => left + share * side;
  const y = (share: number) => top + (1 - share) * side;
  const ticks = [0, 0.25, 0.5, 0.75, 1].flatMap((tick) => [
    line(x(tick), y(0), x(tick), y(1), "rule"),
    line(x(0), y(tick), x(1), y(tick), "rule"),
    text(x(tick), y(0) + 18, String(tick), { class: "tick", "text-anchor": "middle" }),
    text(left - 8, y(tick) + 4, String(tick), { class: "tick", "text-anchor": "end" }),
  ]);
  const path = shown.points.map(({ x: across, y: up }, i) => `${i === 0 ? "M" : "L"}${x(across)} ${y(up)}`).join("");
  // Where they stand close together a point is seen when it is pointed at.
  const kind = shown.points.length > 30 ? "dot faint" : "dot";
  const dots = shown.points.map(({ x: across, y: up, words }) =>
    s("circle", { cx: x(across), cy: y(up), r: 4, class: kind }, s("title", {}, words)),
  );
  const { guide } = shown;
  const parts = [
    ...ticks,
    ...(guide ? [line(x(guide.from[0]), y(guide.from[1]), x(guide.to[0]), y(guide.to[1]), "guide")] : []),
    ...(guide ? [text(x(1) - 8, y(0) - 10, guide.words, { class: "note", "text-anchor": "end" })] : []),
    s("path", { d: path, class: "line" }),
    ...dots,
    text(x(0.5), y(0) + 38, shown.across, { class: "axis", "text-anchor": "middle" }),
    s("text", { class: "axis", "text-anchor": "middle", transform: `translate(14 ${y(0.5)}) rotate(-90)` }, shown.up),
  ];
  return picture("curve square", shown, left + side + 12, top + side + 46, parts);
}

export function series(shown: Series, room: number): SVGElement {
  const values = shown.points.map(({ value }) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const [left, top, tall] = [64, 12, 110];
  const wide = Math.max(80, Math.min(300, room - left - 48));
  const x = (index: number) => left + (values.length < 2 ? 0.5 : index / (values.length - 1)) * wide;
  const y = (value: number) => top + (high === low ? 0.5 : (high - value) / (high - low)) * tall;
  const path = values.map((value, i) => `${i === 0 ? "M" : "L"}${x(i)} ${y(value)}`).join("");
  const ticks = [...new Set([low, high])].flatMap((tick) => [
    line(left, y(tick), left + wide, y(tick), "rule"),
    text(left - 8, y(tick) + 4, short(tick), { class: "tick", "text-anchor": "end" }),
  ]);
  const dots = shown.points.flatMap(({ name, value }, i) => [
    s("circle", { cx: x(i), cy: y(value), r: 4, class: "dot" }, s("title", {}, `${name}: ${short(value)}`)),
    text(x(i), top + tall + 20, fitting(name, wide / values.length), { class: "tick", "text-anchor": "middle" }),
  ]);
  const parts = [...ticks, s("path", { d: path, class: "line" }), ...dots];
  return picture("series", shown, left + wide + 48, top + tall + 28, parts);
}

export function bars(shown: Bars, room: number): SVGElement {
  const all = Math.min(620, room);
  const write = shown.write ?? short;
  // Where there is little room names stand above their bars.
  const longest = Math.max(...shown.bars.map(({ name }) => width(name))) + 12;
  const isNarrow = longest > all * 0.34;
  const [step, above] = isNarrow ? [42, 16] : [28, 0];
  const named = isNarrow ? 2 : longest;
  const written = Math.max(...shown.bars.map(({ value }) => width(write(value)))) + 10;
  const values = shown.bars.flatMap(({ value, limit }) => [value, limit ?? 0]).filter(Number.isFinite);
  const [least, most] = [Math.min(0, ...values), Math.max(0, shown.most ?? 0, ...values)];
  const before = least < 0 ? written : 0;
  const scale = (all - named - before - written) / (most - least || 1);
  const x = (value: number) => named + before + (value - least) * scale;
  const parts = shown.bars.flatMap(({ name, value, limit, isBad }, i) => {
    const y = i * step + above + 4;
    const tall = step - above - 9;
    const middle = y + tall / 2 + 8;
    const end = Number.isFinite(value) ? x(value) : x(0);
    const [from, to] = value < 0 ? [x(value), x(0)] : [x(0), end];
    const kind = isBad ? "bar bad" : value < 0 ? "bar below" : "bar";
    return [
      isNarrow
        ? text(0, y - 3, fitting(name, all), { class: "name" })
        : text(named - 10, middle, name, { class: "name", "text-anchor": "end" }),
      s(
        "rect",
        { x: from, y: y + 3, width: Math.max(to - from, leastBar), height: tall, rx: 3, class: kind },
        s("title", {}, `${name}: ${write(value)}`),
      ),
      value < 0
        ? text(from - 6, middle, write(value), { class: "value", "text-anchor": "end" })
        : text(Math.max(to, limit === undefined ? to : x(limit)) + 6, middle, write(value), { class: "value" }),
      line(x(0), y, x(0), y + tall + 6, "zero"),
      ...(limit === undefined ? [] : [line(x(limit), y, x(limit), y + tall + 6, "limit")]),
    ];
  });
  const height = shown.bars.length * step + 8;
  return picture("bars", shown, all, height, parts);
}

export function heat(shown: Grid, room: number): SVGElement {
  const names = [...shown.columns, ...shown.rows.map(({ name }) => name)];
  const named = Math.min(room * 0.34, Math.max(...names.map(width)) + 16);
  const left = named + 22;
  const cell = Math.min(96, (room - left) / shown.columns.length);
  const [tall, top] = [Math.min(64, Math.max(30, cell)), 46];
  const isRoomy = cell >= 44;
  const parts = shown.rows.flatMap(({ name, counts }, i) => {
    const whole = counts.reduce((sum, value) => sum + value, 0);
    const y = top + i * tall;
    return [
      text(left - 10, y + tall / 2 + 5, fitting(name, named), { class: "name", "text-anchor": "end" }),
      ...counts.flatMap((value, j) => {
        const share = whole > 0 ? value / whole : 0;
        const words = `${name} taken for ${shown.columns[j] ?? ""}: ${count(value)} of ${count(whole)}`;
        const box = s("rect", {
          x: left + j * cell + 1,
          y: y + 1,
          width: cell - 2,
          height: tall - 2,
          rx: 4,
          class: "cell",
        });
        box.style.setProperty("--share", `${Math.round(share * 100)}%`);
        box.append(s("title", {}, words));
        const at = { "text-anchor": "middle", class: share > 0.55 ? "count strong" : "count" };
        return [
          box,
          ...(isRoomy || value > 0 ? [text(left + (j + 0.5) * cell, y + tall / 2 + 5, count(value), at)] : []),
        ];
      }),
    ];
  });
  const heads = shown.columns.map((name, j) =>
    text(left + (j + 0.5) * cell, top - 8, fitting(name, cell), { class: "name", "text-anchor": "middle" }),
  );
  const height = top + shown.rows.length * tall + 6;
  const axes = [
    text(left + (shown.columns.length * cell) / 2, 16, shown.across, { class: "axis", "text-anchor": "middle" }),
    s(
      "text",
      { class: "axis", "text-anchor": "middle", transform: `translate(14 ${top + (height - top) / 2}) rotate(-90)` },
      shown.up,
    ),
  ];
  return picture("heat square", shown, left + shown.columns.length * cell + 4, height, [...axes, ...heads, ...parts]);
}

export function fields(shown: Fields, side: number): SVGElement {
  const lines = shown.values.length / shown.columns;
  const [wide, tall] = [side / shown.columns, side / lines];
  const most = Math.max(...shown.values.map(Math.abs).filter(Number.isFinite), Number.MIN_VALUE);
  const boxes = shown.values.map((value, i) => {
    const [across, down] = [i % shown.columns, Math.floor(i / shown.columns)];
    const box = s("rect", {
      x: across * wide,
      y: down * tall,
      width: wide,
      height: tall,
      class: value < 0 ? "field against" : "field",
    });
    box.style.setProperty("--share", String(Number.isFinite(value) ? Math.abs(value) / most : 0));
    box.append(s("title", {}, `line ${down + 1}, column ${across + 1}: ${value > 0 ? "+" : ""}${short(value)}`));
    return box;
  });
  const parts: Node[] = [s("rect", { x: 0, y: 0, width: side, height: side, class: "ground" })];
  // The model has seen it as wide as tall.
  if (shown.picture)
    parts.push(s("image", { href: shown.picture, x: 0, y: 0, width: side, height: side, preserveAspectRatio: "none" }));
  return picture(shown.picture ? "fields square seen" : "fields square", shown, side, side, [...parts, ...boxes]);
}

export function histograms(shown: Histograms, room: number): SVGElement {
  const all = Math.min(300, room);
  const [tall, left, top] = [120, 4, 28];
  const buckets = shown.sets.flatMap((set) => set.buckets);
  const [low, high] = [Math.min(...buckets.map((it) => it.low)), Math.max(...buckets.map((it) => it.high))];
  // Buckets may have different widths: areas are shares, as in a density.
  const density = ({ low, high, share }: (typeof buckets)[number]) => share / (high - low || 1);
  const most = Math.max(...buckets.map(density));
  const x = (value: number) => left + ((value - low) / (high - low || 1)) * (all - 2 * left);
  const parts = shown.sets.flatMap(({ name, buckets }, i) =>
    buckets.map((bucket) => {
      const height = (density(bucket) / (most || 1)) * tall;
      const words = `${name}, ${short(bucket.low)} to ${short(bucket.high)}: ${(bucket.share * 100).toFixed(1)} %`;
      const wide = Math.max(x(bucket.high) - x(bucket.low) - 0.5, leastBar);
      const place = { x: x(bucket.low), y: top + tall - height, width: wide, height };
      return s("rect", { ...place, class: `bucket set-${i}` }, s("title", {}, words));
    }),
  );
  const base = top + tall;
  let at = left;
  const legend = shown.sets.flatMap(({ name }, i) => {
    const from = at;
    at += width(name) + 34;
    return [s("rect", { x: from, y: 4, width: 11, height: 11, class: `bucket set-${i}` }), text(from + 17, 14, name)];
  });
  const ends = [
    line(left, base, all - left, base, "zero"),
    text(left, base + 18, short(low), { class: "tick" }),
    text(all - left, base + 18, short(high), { class: "tick", "text-anchor": "end" }),
  ];
  return picture("histograms", shown, all, base + 26, [...legend, ...parts, ...ends]);
}
