// A model tells what kind of file bytes are, whatever their name says.

import { literal } from "../sql.js";
import type { Tutorial } from "./tutorial.js";

const create = `CREATE MODEL IF NOT EXISTS magika
  OPTIONS (MODEL_PATH = 'demo/magika.onnx', labels = 'demo/magika-labels.txt');
`;

/** Asks about files by their names. */
function ask(uris: readonly string[]): string {
  return `${create}
CREATE OR REPLACE EXTERNAL TABLE files
  OPTIONS (object_metadata = 'SIMPLE', uris = [
    ${uris.map(literal).join(", ")}]);
CREATE OR REPLACE FUNCTION numbers(hex STRING) AS (
  ARRAY(SELECT CAST('0x' || SUBSTR(hex, start, 2) AS INT64) FROM UNNEST(GENERATE_ARRAY(1, LENGTH(hex), 2)) AS start));
CREATE OR REPLACE FUNCTION padding(hex STRING) AS (
  ARRAY(SELECT 256 FROM UNNEST(GENERATE_ARRAY(1, 1024 - DIV(LENGTH(hex), 2)))));

-- It reads the first and the last 1,024 bytes without the blanks around; 256 stands where there is none.
CREATE OR REPLACE TABLE kinds AS
SELECT uri, IF(size < 8, 'too short to tell', predicted_label) AS kind, predicted_label_probs AS shares, size
FROM ML.PREDICT(MODEL magika,
  (SELECT uri, size, ARRAY_CONCAT(numbers(head), padding(head), padding(tail), numbers(tail)) AS bytes
   FROM (SELECT uri, size,
           SUBSTR(REGEXP_REPLACE(TO_HEX(SUBSTR(data, 1, 4096)), r'^(09|0a|0b|0c|0d|20)+', ''), 1, 2048) AS head,
           SUBSTR(REGEXP_REPLACE(TO_HEX(SUBSTR(data, -4096)), r'(09|0a|0b|0c|0d|20)+$', ''), -2048) AS tail
         FROM files)));

SELECT uri, kind, (SELECT MAX(prob) FROM UNNEST(shares)) AS probability, size
FROM kinds
ORDER BY probability`;
}

export const kinds: Tutorial = {
  id: "kinds",
  title: "What kind of file is this?",
  about: `Magika has learned from a hundred million files what the first and the last 1,024 bytes of each of 214 kinds look like. SQL cuts them
    out of <code>files</code>, an object table, and hands them over as numbers. Drop any files here, whatever they are called: they are read on your device
    and go nowhere. <a href="demo/CREDITS.md">Credits</a>`,
  downloads: [
    "demo/magika.onnx",
    "demo/magika-labels.txt",
    "demo/iris.csv",
    "demo/iris.onnx",
    "demo/china.jpg",
    "demo/minilm-tokenizer.json",
  ],
  tables: {},
  sql: ask(["demo/iris.csv", "demo/iris.onnx", "demo/china.jpg", "demo/minilm-tokenizer.json", "demo/CREDITS.md"]),
  isNetwork: true,
  takes: ask,
  next: [
    { label: "Ask about your own files", files: "" },
    {
      label: "Is it what its name says?",
      sql: `-- What the file holds, the end of its name, and what the server says of it.
SELECT uri, kind, REGEXP_EXTRACT(uri, r'[^.]+$') AS ending, content_type
FROM kinds
JOIN files USING (uri)
ORDER BY uri`,
    },
    {
      label: "What else might it be?",
      sql: `SELECT uri, share.label AS kind, share.prob AS probability
FROM kinds, UNNEST(shares) AS share
QUALIFY ROW_NUMBER() OVER (PARTITION BY uri ORDER BY share.prob DESC) <= 3
ORDER BY uri, probability DESC`,
    },
  ],
};
