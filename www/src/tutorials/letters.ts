// Two models that stand one behind the other: where a page has lines of text, and what they say.

import { isPicture } from "../pictures.js";
import { literal } from "../sql.js";
import type { Tutorial } from "./tutorial.js";

const models = `CREATE MODEL IF NOT EXISTS finder
  OPTIONS (MODEL_TYPE = 'ONNX', MODEL_PATH = 'demo/text-finder.onnx',
    image_mean = [0.485, 0.456, 0.406], image_std = [0.229, 0.224, 0.225]);
CREATE MODEL IF NOT EXISTS reader
  OPTIONS (MODEL_TYPE = 'ONNX', MODEL_PATH = 'demo/text-reader.onnx',
    image_mean = [0.5], image_std = [0.5]);`;

/** The pictures as the finder wants them: their longer side has 768 pixels, the other one a multiple of 32. */
const seen = (columns: string) => `SELECT ${columns}
  FROM ML.PREDICT(MODEL finder,
    (SELECT *, ML.RESIZE_IMAGE(picture, CAST(32 * CEIL(24 * height / GREATEST(height, width)) AS INT64),
       CAST(32 * CEIL(24 * width / GREATEST(height, width)) AS INT64), FALSE) AS x
     FROM pictures))`;

/** All lines as the reader wants them, with what it says of each. */
const read = `FROM ML.PREDICT(MODEL reader,
  (SELECT *, ML.RESIZE_IMAGE(picture, 48,
     DIV(48 * picture.dimensions[OFFSET(1)], picture.dimensions[OFFSET(0)]), FALSE) AS x
   FROM lines))`;

const ask = (uris: readonly string[]) => `${models}
CREATE OR REPLACE EXTERNAL TABLE scans
  OPTIONS (object_metadata = 'SIMPLE', uris = [${uris.map(literal).join(", ")}]);
CREATE OR REPLACE TABLE pictures AS
SELECT *, picture.dimensions[OFFSET(0)] AS height, picture.dimensions[OFFSET(1)] AS width
FROM (SELECT uri, ML.DECODE_IMAGE(data) AS picture FROM scans);

-- The finder says of each pixel how likely it belongs to letters. Rows of pixels with letters that follow one another are a line.
CREATE OR REPLACE TABLE lines AS
WITH seen AS (
  ${seen("uri, height, width, `sigmoid_0.tmp_0`.values AS scores, `sigmoid_0.tmp_0`.dimensions[OFFSET(1)] AS map_height,\n    `sigmoid_0.tmp_0`.dimensions[OFFSET(2)] AS map_width")}),
letter_rows AS (
  SELECT uri, DIV(place, map_width) AS row, MIN(MOD(place, map_width)) AS first, MAX(MOD(place, map_width)) + 1 AS last,
    ANY_VALUE(height) AS height, ANY_VALUE(height / map_height) AS down,
    ANY_VALUE(width) AS width, ANY_VALUE(width / map_width) AS across
  FROM seen, UNNEST(scores) AS score WITH OFFSET AS place
  WHERE score > 0.3
  GROUP BY uri, row),
-- It marks the middle of letters: half of a line's height is added on all sides.
areas AS (
  SELECT uri,
    CAST(GREATEST(MIN(down * row) - MIN(down) * COUNT(*) / 2, 0) AS INT64) AS y,
    CAST(LEAST(MAX(down * (row + 1)) + MIN(down) * COUNT(*) / 2, MIN(height)) AS INT64) AS y_end,
    CAST(GREATEST(MIN(across * first) - MIN(across) * COUNT(*) / 2, 0) AS INT64) AS x,
    CAST(LEAST(MAX(across * last) + MIN(across) * COUNT(*) / 2, MIN(width)) AS INT64) AS x_end
  FROM (SELECT *, row - ROW_NUMBER() OVER (PARTITION BY uri ORDER BY row) AS line FROM letter_rows)
  GROUP BY uri, line
  HAVING COUNT(*) > 4)
SELECT uri, y, ML.CROP_IMAGE(picture, y, x, y_end - y, x_end - x) AS picture
FROM areas
JOIN pictures USING (uri);

-- The reader has a symbol for each place along a line, '' between two: what it repeats it sees once.
SELECT uri, ML.ENCODE_IMAGE(picture) AS line,
  ARRAY_TO_STRING(ARRAY(
    SELECT one FROM UNNEST(symbol) AS one WITH OFFSET AS place
    WHERE one IS DISTINCT FROM symbol[SAFE_OFFSET(place - 1)]
    ORDER BY place), '') AS text,
  (SELECT AVG(one) FROM UNNEST(chance) AS one WITH OFFSET AS place
   WHERE symbol[OFFSET(place)] <> '') AS probability
${read}
ORDER BY uri, y`;

export const letters: Tutorial = {
  id: "letters",
  title: "Read a page of text",
  about: `Two models of PP-OCRv4, made for phones: one finds where a page has letters, the other reads a line of them. What goes on between them, cutting
    lines out and putting symbols together, is SQL. Lines stand below one another here; drop a page of your own, and it stays on your device.
    <a href="demo/CREDITS.md">Credits</a>`,
  downloads: ["demo/text-finder.onnx", "demo/text-reader.onnx", "demo/page.png"],
  tables: {},
  sql: ask(["demo/page.png"]),
  takes: (uris) => (uris.every(isPicture) ? ask(uris) : undefined),
  next: [
    { label: "Bring your own page", files: "image/png,image/jpeg,image/bmp,image/webp,image/gif" },
    {
      label: "What does the finder see?",
      sql: `-- Its scores as a picture: a color where they are above 0.3.
${seen("uri, ML.ENCODE_IMAGE(picture) AS page,\n  ML.ENCODE_IMAGE(ML.MASK_IMAGE(`sigmoid_0.tmp_0`, STRUCT(0.3 AS threshold))) AS letters").replaceAll("\n  ", "\n")}`,
    },
    {
      label: "Symbol by symbol",
      sql: `SELECT place, one AS symbol, chance[OFFSET(place)] AS probability
FROM (SELECT symbol, chance ${read.replaceAll("\n", "\n  ")}
  ORDER BY y LIMIT 1),
  UNNEST(symbol) AS one WITH OFFSET AS place
WHERE one <> ''
ORDER BY place`,
    },
    { label: "What the reader's file holds", sql: "DESCRIBE MODEL reader" },
  ],
};
