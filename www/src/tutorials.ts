// The tutorials. Two are BigQuery ML's own, with the files beside the page in place of a bucket.

import type { EngineInfo } from "predictql";
import manifest from "predictql/wasm/manifest.json";
import { cameraQuery, hasCamera } from "./camera.js";
import { find, h } from "./dom.js";
import { bytes } from "./format.js";
import { decodesPictures } from "./sql.js";

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
}

/** Something to try: another query, or a file of one's own. */
export type Step =
  | { label: string; sql: string }
  | { label: string; files: string }
  | { label: string; camera: string };

const forest = "`bqml_tutorial.imported_onnx_model`";

const iris: Tutorial = {
  id: "iris",
  title: "Iris flowers",
  about: `A random forest trained in scikit-learn, saved as ONNX, names the species of 150 flowers. <code>CREATE MODEL</code>
    imports the file; <code>ML.PREDICT</code> takes each of the model's inputs from the column of the same name and puts
    <code>label</code> and <code>probabilities</code> before the table's own columns. The tutorial is BigQuery's; only the file lies beside
    this page.`,
  downloads: ["demo/iris.onnx", "demo/iris.csv"],
  tables: { iris: "demo/iris.csv" },
  sql: `CREATE OR REPLACE MODEL ${forest}
  OPTIONS (MODEL_TYPE = 'ONNX', MODEL_PATH = 'demo/iris.onnx');

SELECT *
FROM ML.PREDICT(MODEL ${forest},
  (SELECT * FROM iris))`,
  next: [
    {
      label: "Only the flowers it doubts",
      sql: `SELECT species, label, probabilities
FROM ML.PREDICT(MODEL ${forest}, TABLE iris)
WHERE probabilities[OFFSET(1)] > 0.1
  AND probabilities[OFFSET(1)] < 0.9
ORDER BY probabilities[OFFSET(1)] DESC`,
    },
    {
      label: "Ask about a flower you invent",
      sql: `SELECT label, probabilities
FROM ML.PREDICT(MODEL ${forest},
  (SELECT 6.1 AS sepal_length, 2.9 AS sepal_width,
          4.8 AS petal_length, 1.7 AS petal_width))`,
    },
    {
      label: "Break it: leave a column out",
      sql: `SELECT label
FROM ML.PREDICT(MODEL ${forest},
  (SELECT sepal_length, sepal_width, petal_length FROM iris))`,
    },
  ],
};

const gallery = [
  "demo/coffee.png",
  "demo/chelsea.png",
  "demo/china.jpg",
  "demo/flower.jpg",
  "demo/grass.png",
  "demo/gravel.png",
  "demo/brick.png",
  "demo/rocket.jpg",
];

const look = `FROM ML.PREDICT(MODEL classifier,
  (SELECT uri, ML.RESIZE_IMAGE(ML.DECODE_IMAGE(data), 224, 224, FALSE) AS input
   FROM photos))`;

const pictures: Tutorial = {
  id: "pictures",
  title: "What is in this picture?",
  about: `<code>photos</code> is an object table: one row for each picture, its bytes in <code>data</code>. The query decodes and
    resizes them, and EfficientNet-Lite0 says which of ImageNet's 1,000 classes it sees. The model comes
    from this page once; pictures that you drop join <code>photos</code> and go nowhere. <a href="demo/CREDITS.md">Credits</a>`,
  downloads: ["demo/efficientnet-lite0.onnx", "demo/coffee.png", "demo/chelsea.png"],
  tables: {},
  sql: `CREATE MODEL IF NOT EXISTS classifier
  OPTIONS (MODEL_TYPE = 'ONNX', MODEL_PATH = 'demo/efficientnet-lite0.onnx');
CREATE EXTERNAL TABLE IF NOT EXISTS photos
  OPTIONS (object_metadata = 'SIMPLE', uris = ['demo/coffee.png', 'demo/chelsea.png']);

SELECT uri, label, probability
${look}
ORDER BY probability DESC`,
  next: [
    { label: "Point your camera at something", camera: cameraQuery },
    { label: "Add your own pictures", files: "image/png,image/jpeg,image/bmp,image/webp,image/gif" },
    {
      label: "Two more photos",
      sql: `CREATE OR REPLACE EXTERNAL TABLE photos
  OPTIONS (object_metadata = 'SIMPLE', uris = [
    'demo/coffee.png', 'demo/chelsea.png', 'demo/china.jpg', 'demo/flower.jpg']);

SELECT uri, label, probability
${look}
ORDER BY probability DESC`,
    },
    {
      label: "Every class it considered",
      sql: `SELECT uri, label, probabilities
${look}`,
    },
    {
      label: "Where does it look?",
      sql: `-- 49 predictions for each picture, with another field of it covered in each.
SELECT *
FROM ML.EXPLAIN_PREDICT(MODEL classifier,
  (SELECT uri, ML.RESIZE_IMAGE(ML.DECODE_IMAGE(data), 224, 224, FALSE) AS input
   FROM photos),
  image_grid => 7)`,
    },
    {
      label: "What an object table holds",
      sql: `SELECT uri, content_type, size, updated
FROM photos
ORDER BY size DESC`,
    },
  ],
};

const similar: Tutorial = {
  id: "similar",
  title: "Find similar pictures",
  about: `In front of its last step EfficientNet has 1,280 numbers for a picture, whose direction says what it looks like. A table keeps them for a
    small gallery, and <code>VECTOR_SEARCH</code> finds for each picture the ones that are nearest: grass looks like gravel, and neither like a cat.
    <a href="demo/CREDITS.md">Credits</a>`,
  downloads: ["demo/efficientnet-lite0.onnx", ...gallery],
  tables: {},
  sql: `CREATE MODEL IF NOT EXISTS classifier
  OPTIONS (MODEL_TYPE = 'ONNX', MODEL_PATH = 'demo/efficientnet-lite0.onnx');
CREATE EXTERNAL TABLE IF NOT EXISTS gallery
  OPTIONS (object_metadata = 'SIMPLE', uris = [
    'demo/coffee.png', 'demo/chelsea.png', 'demo/china.jpg', 'demo/flower.jpg',
    'demo/grass.png', 'demo/gravel.png', 'demo/brick.png', 'demo/rocket.jpg']);

CREATE OR REPLACE TABLE known AS
SELECT uri, label, features
FROM ML.PREDICT(MODEL classifier,
  (SELECT uri, ML.RESIZE_IMAGE(ML.DECODE_IMAGE(data), 224, 224, FALSE) AS input
   FROM gallery));

SELECT query.uri AS uri, base.uri AS similar_uri, distance
FROM VECTOR_SEARCH(TABLE known, 'features', TABLE known,
  top_k => 2, distance_type => 'COSINE')
WHERE query.uri <> base.uri
ORDER BY distance`,
  next: [
    {
      label: "Whose is this part?",
      sql: `-- The middle of the cup is cut out, as a file of its own, and its picture is looked for.
CREATE OR REPLACE TABLE part AS
SELECT ML.CROP_IMAGE(ML.DECODE_IMAGE(data), 200, 300) AS picture
FROM gallery
WHERE uri = 'demo/coffee.png';

SELECT ML.ENCODE_IMAGE((SELECT picture FROM part), 'JPEG') AS part, base.uri AS uri, distance
FROM VECTOR_SEARCH(TABLE known, 'features',
  (SELECT features
   FROM ML.PREDICT(MODEL classifier,
     (SELECT ML.RESIZE_IMAGE(picture, 224, 224, FALSE) AS input FROM part))),
  top_k => 3, distance_type => 'COSINE')
ORDER BY distance`,
    },
    {
      label: "How alike are any two?",
      sql: `SELECT a.uri AS uri, b.uri AS similar_uri,
  1 - ML.DISTANCE(a.features, b.features, 'COSINE') AS similarity
FROM known AS a
JOIN known AS b ON a.uri < b.uri
ORDER BY similarity DESC`,
    },
    {
      label: "See them as the model does",
      sql: `SELECT uri, label,
  ML.ENCODE_IMAGE(ML.RESIZE_IMAGE(ML.DECODE_IMAGE(data), 224, 224, FALSE), 'JPEG') AS picture
FROM gallery
JOIN known USING (uri)`,
    },
  ],
};

const lastSeason = "(SELECT * FROM penguins WHERE year = 2009 AND sex IS NOT NULL)";
const before = "(SELECT * FROM penguins WHERE year < 2009 AND sex IS NOT NULL)";

const penguins: Tutorial = {
  id: "penguins",
  title: "Is this model any good?",
  about: `A random forest, trained in scikit-learn on the penguins of two seasons, tells males from females by four measures. Here it
    meets the birds of the third season, whose sex is known too: <code>ML.EVALUATE</code> says how often it is right. BigQuery runs
    these functions for models of its own only; here they are queries over any model that loads.
    <a href="demo/CREDITS.md">Credits</a>`,
  downloads: ["demo/penguins.onnx", "demo/penguins.csv"],
  tables: { penguins: "demo/penguins.csv" },
  sql: `CREATE OR REPLACE MODEL penguin_sex
  OPTIONS (MODEL_PATH = 'demo/penguins.onnx', INPUT_LABEL_COLS = ['sex']);

SELECT *
FROM ML.EVALUATE(MODEL penguin_sex,
  ${lastSeason})`,
  next: [
    {
      label: "Which mistakes does it make?",
      sql: `SELECT *
FROM ML.CONFUSION_MATRIX(MODEL penguin_sex,
  ${lastSeason})`,
    },
    {
      label: "And with another threshold?",
      sql: `SELECT *
FROM ML.ROC_CURVE(MODEL penguin_sex,
  ${lastSeason})`,
    },
    {
      label: "Why is this bird a female?",
      sql: `-- A male, light for an Adelie: held against the Adelies of the season before.
SELECT *
FROM ML.EXPLAIN_PREDICT(MODEL penguin_sex,
  (SELECT 39.7 AS bill_length_mm, 18.9 AS bill_depth_mm,
          184 AS flipper_length_mm, 3550 AS body_mass_g),
  baseline => (SELECT * FROM penguins
               WHERE species = 'Adelie' AND year = 2008 AND sex IS NOT NULL))`,
    },
    {
      label: "Is it fair to every species?",
      sql: `SELECT \`group\`, num_rows, selection_rate, accuracy, precision, recall
FROM ML.FAIRNESS(
  (SELECT label, sex, species FROM ML.PREDICT(MODEL penguin_sex,
    ${lastSeason})),
  predicted_col => 'label', actual_col => 'sex', group_col => 'species',
  positive_value => 'male')`,
    },
    {
      label: "Has the world changed?",
      sql: `SELECT *
FROM ML.VALIDATE_DATA_DRIFT(
  ${before.replace("*", "* EXCEPT (year)")},
  ${lastSeason.replace("*", "* EXCEPT (year)")})`,
    },
    {
      label: "See the seasons side by side",
      sql: `SELECT 'before' AS season, *
FROM ML.TFDV_DESCRIBE(${before})
UNION ALL
SELECT '2009', *
FROM ML.TFDV_DESCRIBE(${lastSeason})`,
    },
    {
      label: "What does it look at?",
      sql: `SELECT *
FROM ML.GLOBAL_EXPLAIN(MODEL penguin_sex,
  ${lastSeason})`,
    },
  ],
};

const both = "ML.PREDICT(MODEL flower, TABLE iris, STRUCT(['champion', 'challenger'] AS compare))";

const versions: Tutorial = {
  id: "versions",
  title: "Ship version 2 without fear",
  about: `A forest names flowers for everybody: it is <code>flower@champion</code>. A logistic regression is to take its place. Registered as
    version 2, it moves nobody: in the shadow both name the same flowers in one pass, and the query shows where they disagree. Then a tenth of the
    visitors get it, then all of them, and one statement takes it back.`,
  downloads: ["demo/flowers-1.onnx", "demo/flowers-2.onnx", "demo/iris.csv"],
  tables: { iris: "demo/iris.csv" },
  sql: `DROP MODEL IF EXISTS flower;
CREATE MODEL flower
  OPTIONS (MODEL_PATH = 'demo/flowers-1.onnx', INPUT_LABEL_COLS = ['species']);
ALTER MODEL flower VERSION 1 SET ALIAS = champion;
ALTER MODEL flower ADD VERSION
  OPTIONS (MODEL_PATH = 'demo/flowers-2.onnx', DESCRIPTION = 'logistic regression');
ALTER MODEL flower VERSION 2 SET ALIAS = challenger;

SELECT species, label_champion, label_challenger, petal_length, petal_width
FROM ${both}
WHERE label_champion <> label_challenger`,
  next: [
    {
      label: "Could that be chance?",
      sql: `-- A large p-value: chance would do as much, so nothing speaks against the new one.
SELECT *
FROM ML.COMPARE((SELECT * FROM ${both}),
  predicted_cols => ['label_champion', 'label_challenger'], actual_col => 'species')`,
    },
    {
      label: "Give it to a tenth of the visitors",
      sql: `-- A visitor gets the same version at every visit.
ALTER MODEL flower SET OPTIONS (
  traffic_split = [('champion', 90), ('challenger', 10)], traffic_key = 'visitor');

SELECT model_version, COUNT(*) AS visitors, COUNTIF(label = species) AS correct
FROM ML.PREDICT(MODEL flower,
  (SELECT *, ROW_NUMBER() OVER () AS visitor FROM iris))
GROUP BY model_version
ORDER BY model_version`,
    },
    {
      label: "Promote it",
      sql: `ALTER MODEL flower SET OPTIONS (traffic_split = NULL);
ALTER MODEL flower VERSION 2 SET ALIAS = champion;
ALTER MODEL flower SET DEFAULT_VERSION = champion;

SHOW VERSIONS IN MODEL flower`,
    },
    {
      label: "Take it back",
      sql: `ALTER MODEL flower ROLLBACK ALIAS champion;
ALTER MODEL flower SET DEFAULT_VERSION = champion;

SELECT alias, version, previous_version, moved, is_current
FROM INFORMATION_SCHEMA.MODEL_ALIASES
WHERE model_name = 'flower'
ORDER BY moved DESC`,
    },
    {
      label: "What ran, and with which version?",
      sql: `SELECT end_time, statement_type, referenced_models, rows_in, rows_out, total_slot_ms
FROM INFORMATION_SCHEMA.JOBS
WHERE ARRAY_LENGTH(referenced_models) > 0
ORDER BY end_time DESC`,
    },
  ],
};

export const tutorials: readonly [Tutorial, ...Tutorial[]] = [iris, pictures, similar, penguins, versions];

export function tutorialAt(hash: string): Tutorial | undefined {
  return tutorials.find(({ id }) => hash === `#${id}`);
}

/** The tutorials' tables that a query names, with their files. */
export function tutorialTables(sql: string): [name: string, path: string][] {
  const all: Record<string, string> = Object.assign({}, ...tutorials.map(({ tables }) => tables));
  return Object.entries(all).filter(([name]) => new RegExp(`\\b${name}\\b`, "i").test(sql));
}

/** A browser loads one of the variants of an engine; the size of the largest is a promise that holds for each. */
function engineBytes(sql: string): number {
  const { tables, pictures, ...full } = manifest.files;
  if (!decodesPictures(sql)) return tables.bytes;
  // The page is served before the full engine is compiled.
  return Math.max(...Object.values(full).map((file) => file.bytes), 0) + pictures.bytes;
}

/** Say what a click will download, before the click. `loaded` is the engine that is here. */
export function showSizes(loaded?: EngineInfo["engine"]): void {
  for (const { id, downloads, sql } of tutorials) {
    const files = downloads.reduce((sum, path) => sum + (__DEMO_BYTES__[path] ?? 0), 0);
    const isHere = loaded === "full" || (loaded === "tables" && !decodesPictures(sql));
    find(`[data-size=${id}]`).textContent = isHere
      ? `Opens and runs · ${bytes(files)} of files`
      : `Opens and runs · ${bytes(engineBytes(sql))} engine + ${bytes(files)} files`;
  }
  find("#size-note").textContent = loaded
    ? ""
    : `The first run loads the engine: ${bytes(engineBytes(tutorials[0].sql))}.`;
}

export interface TutorialActions {
  write(sql: string): void;
  /** Let the user choose files of these types. */
  choose(accept: string): void;
  /** Ask about what the camera sees. */
  watch(sql: string): void;
}

export function showTutorial(tutorial: Tutorial | undefined, actions: TutorialActions): void {
  find("#landing").hidden = true;
  const article = find("#tutorial");
  article.hidden = tutorial === undefined;
  article.replaceChildren(...(tutorial ? words(tutorial, actions) : []));
  document.body.dataset.tutorial = tutorial?.id ?? "";
  for (const link of document.querySelectorAll<HTMLAnchorElement>(".tutorial-list a")) {
    if (link.hash === `#${tutorial?.id}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function words({ title, about, next }: Tutorial, actions: TutorialActions): HTMLElement[] {
  const paragraph = h("p", {});
  paragraph.innerHTML = about;
  const steps = next.map((step) =>
    h(
      "button",
      {
        type: "button",
        class: "chip",
        hidden: "camera" in step,
        onclick: () => {
          if ("sql" in step) actions.write(step.sql);
          else if ("camera" in step) actions.watch(step.camera);
          else actions.choose(step.files);
        },
      },
      step.label,
    ),
  );
  void hasCamera().then((has) => {
    if (has) for (const step of steps) step.hidden = false;
  });
  return [h("h1", {}, title), paragraph, h("div", { class: "next" }, h("span", {}, "Try next"), ...steps)];
}
