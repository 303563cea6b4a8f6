// Pictures: what is on them, and which ones are alike. The first one is BigQuery's own tutorial.

import { cameraQuery } from "../camera.js";
import type { Tutorial } from "./tutorial.js";

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

export const pictures: Tutorial = {
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

export const similar: Tutorial = {
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
