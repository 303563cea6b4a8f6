// What scikit-learn and onnxruntime say: written by the fixtures' own script, never by PredictQL.

import { readFileSync } from "node:fs";

const fixtures = new URL("../fixtures/", import.meta.url);

export function fixture(path: string): Buffer {
  return readFileSync(new URL(path, fixtures));
}

export function expected<T>(name: string): T {
  return JSON.parse(fixture(`expected/${name}.json`).toString()) as T;
}

export function demoFile(name: string): Buffer {
  return readFileSync(new URL(`../../www/public/demo/${name}`, import.meta.url));
}
