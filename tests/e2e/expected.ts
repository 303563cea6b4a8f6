// What scikit-learn and onnxruntime say: written by the fixtures' own script, never by PredictQL.

import { readFileSync } from "node:fs";

const fixtures = new URL("../fixtures/", import.meta.url);

export function fixture(path: string): Buffer {
  return readFileSync(new URL(path, fixtures));
}

export function expected<T>(name: string): T {
  return JSON.parse(fixture(`expected/${name}.json`).toString()) as T;
}

interface Tensor {
  shape: number[];
  data: number[];
}

/** The tutorial's forest on all rows of iris: the labels of scikit-learn, the probabilities of onnxruntime. */
export function iris(): { labels: number[]; probabilities: number[][] } {
  const { scikit_learn, onnxruntime } =
    expected<Record<"scikit_learn" | "onnxruntime", Record<string, Tensor>>>("iris_rf");
  const { shape: [rows = 0, classes = 0] = [], data = [] } = onnxruntime.probabilities ?? {};
  return {
    labels: scikit_learn.label?.data ?? [],
    probabilities: Array.from({ length: rows }, (_, row) => data.slice(row * classes, (row + 1) * classes)),
  };
}

interface Penguins {
  evaluate: Record<string, number>;
  confusion_matrix: number[][];
  fairness: Record<string, number[]>;
  drift: Record<string, number>;
  explain: {
    bird: Record<string, number>;
    baseline: number;
    prediction: number;
    attributions: Record<string, number>;
  };
}

/** The forest of penguins by scikit-learn, fairlearn, SciPy and shap. */
export function penguins(): Penguins {
  return expected("penguins");
}

interface Gallery {
  neighbors: { labels: number[] };
  diabetes: {
    predicted: number[];
    bands: Record<string, [patients: number, mean: number]>;
    highest: [sex: number, id: number, value: number][];
    oldest: number[];
    limit: [bar: number, patients: number];
  };
  meaning: {
    rows: number;
    nearest: Record<string, [industry: string, distance: number][]>;
    pairs: [string, string, distance: number][];
  };
  kinds: Record<string, [kind: string, probability: number]>;
}

/** Flowers and patients by scikit-learn, sentences by `tokenizers` and onnxruntime, files by magika. */
export function gallery(): Gallery {
  return expected("gallery");
}

/** What LiteRT says of pictures with MediaPipe's model: how sure it is of a person, their pixels, and the places of their parts. */
export function people(): Record<string, { probability: number; pixels: number; places: [x: number, y: number][] }> {
  return expected("people");
}

/** What onnxruntime reads of the page, line by line, as numpy cuts them out: how high and wide each is in pixels. */
export function letters(): { lines: { text: string; probability: number; size: [height: number, width: number] }[] } {
  return expected("letters");
}

export function demoFile(name: string): Buffer {
  return readFileSync(new URL(`../../www/public/demo/${name}`, import.meta.url));
}
