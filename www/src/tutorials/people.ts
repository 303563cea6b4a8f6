// A model of TensorFlow Lite, as the phone has it, cuts people out of their pictures.

import { frames } from "../camera.js";
import { isPicture } from "../pictures.js";
import { literal } from "../sql.js";
import type { Tutorial } from "./tutorial.js";

const create = `CREATE MODEL IF NOT EXISTS person
  OPTIONS (MODEL_TYPE = 'TENSORFLOW_LITE', MODEL_PATH = 'demo/pose_landmark_full.tflite');`;

const cutOut = `-- A pixel of the picture where its score says that the person is there, else white.
CREATE OR REPLACE FUNCTION cut_out(picture ANY TYPE, scores ANY TYPE) AS (
  ML.ENCODE_IMAGE(STRUCT(picture.dimensions AS dimensions, ARRAY(
    SELECT IF(score > 0, value, 1)
    FROM UNNEST(picture.values) AS value WITH OFFSET AS place
    JOIN UNNEST(scores.values) AS score WITH OFFSET AS pixel ON pixel = DIV(place, 3)
    ORDER BY place) AS values)));`;

/** The pictures of a table as the model wants them, with what it says of each. */
const look = (table: string, columns = "uri, ") => `FROM ML.PREDICT(MODEL person,
  (SELECT ${columns}ML.RESIZE_IMAGE(ML.DECODE_IMAGE(data), 256, 256, FALSE) AS input_1
   FROM ${table}))`;

const ask = (uris: readonly string[]) => `${create}
CREATE OR REPLACE EXTERNAL TABLE people
  OPTIONS (object_metadata = 'SIMPLE', uris = [${uris.map(literal).join(", ")}]);
${cutOut}

SELECT uri, IF(Identity_1 > 0.5, cut_out(input_1, Identity_2), NULL) AS person, Identity_1 AS probability
${look("people")}`;

const parts = [
  "nose",
  ...["left inner eye", "left eye", "left outer eye", "right inner eye", "right eye", "right outer eye"],
  ...["left ear", "right ear", "mouth, left", "mouth, right"],
  ...[
    "shoulder",
    "elbow",
    "wrist",
    "little finger",
    "index finger",
    "thumb",
    "hip",
    "knee",
    "ankle",
    "heel",
    "toes",
  ].flatMap((part) => [`left ${part}`, `right ${part}`]),
];

const wrapped = (names: readonly string[]) =>
  names
    .map((name, at) => `${at > 0 && at % 5 === 0 ? "\n    " : ""}${literal(name)}`)
    .join(", ")
    .replace(/, \n/g, ",\n");

export const people: Tutorial = {
  id: "people",
  title: "Cut people out of photos",
  about: `MediaPipe's model for phones, the <code>.tflite</code> file as its package ships it, says whether it sees a person (<code>Identity_1</code>),
    which pixels are theirs (<code>Identity_2</code>) and where 33 parts of them are (<code>Identity</code>); a function in SQL makes a picture of
    that. Drop a photo of your own: it stays here. <a href="demo/CREDITS.md">Credits</a>`,
  downloads: ["demo/pose_landmark_full.tflite", "demo/astronaut.png", "demo/chelsea.png"],
  tables: {},
  sql: ask(["demo/astronaut.png", "demo/chelsea.png"]),
  takes: (uris) => (uris.every(isPicture) ? ask(uris) : undefined),
  next: [
    {
      label: "Point your camera at yourself",
      camera: `-- Five pictures, each taken when the one before has been seen.
${cutOut}

SELECT cut_out(input_1, Identity_2) AS person, Identity_1 AS probability
${look(frames, "")}
LIMIT 5`,
    },
    { label: "Cut out your own photo", files: "image/png,image/jpeg,image/bmp,image/webp,image/gif" },
    {
      label: "Send her somewhere else",
      sql: `-- The Summer Palace in Beijing stands behind her.
CREATE OR REPLACE EXTERNAL TABLE places
  OPTIONS (object_metadata = 'SIMPLE', uris = ['demo/china.jpg']);

SELECT ML.ENCODE_IMAGE(STRUCT(input_1.dimensions AS dimensions, ARRAY(
  SELECT IF(score > 0, value, behind)
  FROM UNNEST(input_1.values) AS value WITH OFFSET AS place
  JOIN UNNEST(palace.values) AS behind WITH OFFSET AS other ON other = place
  JOIN UNNEST(Identity_2.values) AS score WITH OFFSET AS pixel ON pixel = DIV(place, 3)
  ORDER BY place) AS values), 'JPEG') AS picture
FROM ML.PREDICT(MODEL person,
  (SELECT ML.RESIZE_IMAGE(ML.DECODE_IMAGE(people.data), 256, 256, FALSE) AS input_1,
     ML.RESIZE_IMAGE(ML.DECODE_IMAGE(places.data), 256, 256, FALSE) AS palace
   FROM people CROSS JOIN places
   WHERE people.uri = 'demo/astronaut.png'))`,
    },
    {
      label: "Only the face",
      sql: `-- As wide as from ear to ear and half of that on both sides, with the nose in the middle.
WITH seen AS (
  SELECT input_1, Identity[OFFSET(0)] AS x, Identity[OFFSET(1)] AS y,
    ABS(Identity[OFFSET(35)] - Identity[OFFSET(40)]) AS ears
  ${look("people", "").replaceAll("\n", "\n  ")}
  WHERE Identity_1 > 0.5)
SELECT ML.ENCODE_IMAGE(ML.CROP_IMAGE(input_1,
  CAST(y - ears AS INT64), CAST(x - ears AS INT64),
  CAST(2 * ears AS INT64), CAST(2 * ears AS INT64))) AS face
FROM seen`,
    },
    {
      label: "Where are nose, hands and feet?",
      sql: `-- Five numbers for each part: across, down, depth, and how likely it is to be seen and to be there. Feet are guessed here.
SELECT part,
  ROUND(Identity[OFFSET(5 * i)] * width / 256) AS x,
  ROUND(Identity[OFFSET(5 * i + 1)] * height / 256) AS y,
  1 / (1 + EXP(-Identity[OFFSET(5 * i + 3)])) AS probability_seen
FROM ML.PREDICT(MODEL person,
  (SELECT picture.dimensions[OFFSET(0)] AS height, picture.dimensions[OFFSET(1)] AS width,
     ML.RESIZE_IMAGE(picture, 256, 256, FALSE) AS input_1
   FROM (SELECT ML.DECODE_IMAGE(data) AS picture FROM people WHERE uri = 'demo/astronaut.png'))),
  UNNEST([
    ${wrapped(parts)}]) AS part WITH OFFSET AS i`,
    },
    { label: "What the file holds", sql: "DESCRIBE MODEL person" },
  ],
};
