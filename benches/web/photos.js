// Photos of cameras to labels: a hundred JPEG files of 1280 × 960 through EfficientNet-Lite0, decoded by our own decoder, by the browser as
// `decoder: "native"` has it, and by hand: createImageBitmap, a canvas, a tensor and onnxruntime-web.

import * as ort from "./ort/ort.wasm.min.mjs";
import { pixels } from "./pixels.js";
import { PredictQL } from "./pkg/index.js";

const count = 100;
const size = 224;
const [width, height] = [1280, 960];
const names = ["china.jpg", "flower.jpg", "rocket.jpg", "coffee.png", "chelsea.png"];

async function fetched(name) {
  return (await fetch(`./demo/${name}`)).arrayBuffer();
}

/** Files as a camera writes them, each another part of one of the tutorials' pictures. */
async function takePhotos() {
  const pictures = await Promise.all(names.map(async (name) => createImageBitmap(new Blob([await fetched(name)]))));
  const context = new OffscreenCanvas(width, height).getContext("2d");
  const files = [];
  for (let number = 0; number < count; number++) {
    const picture = pictures[number % pictures.length];
    const part = 0.6 + (0.4 * number) / count;
    const [partWidth, partHeight] = [picture.width * part, picture.height * part];
    context.drawImage(picture, 0, 0, partWidth, partHeight, 0, 0, width, height);
    const blob = await context.canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 });
    files.push(new File([blob], `${number}.jpg`));
  }
  return files;
}

const sql = `SELECT uri, label FROM ML.PREDICT(MODEL classifier, (SELECT uri,
  ML.RESIZE_IMAGE(ML.DECODE_IMAGE(data), ${size}, ${size}, FALSE) AS input FROM photos))`;

globalThis.photos = async (rounds) => {
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = new URL("./ort/", location.href).href;
  const files = await takePhotos();
  const network = new Uint8Array(await fetched("efficientnet-lite0.onnx"));
  const ways = {};
  for (const decoder of ["portable", "native"]) {
    const db = await PredictQL.create({ decoder, threads: 1 });
    await db.registerModel("classifier", network.slice());
    await db.registerTable("photos", files);
    ways[decoder] = db;
  }
  const session = await ort.InferenceSession.create(network.slice(), { executionProviders: ["wasm"] });
  const measured = {};
  const disagreements = [];
  // The first round warms all up.
  for (let round = 0; round <= rounds; round++) {
    let start = performance.now();
    const theirs = [];
    for (const file of files) {
      const input = new ort.Tensor("float32", await pixels(file, size), [1, size, size, 3]);
      theirs.push((await session.run({ input })).label.data[0]);
    }
    const theirTime = performance.now() - start;
    for (const [decoder, db] of Object.entries(ways)) {
      start = performance.now();
      const { rows } = await db.query(sql);
      const time = performance.now() - start;
      // A canvas resizes by rules of its own: some pictures are on the border between two classes.
      const same = rows.filter(({ label }, row) => label === theirs[row]).length;
      if (same < 0.9 * count) disagreements.push(`${decoder}: ${same} of ${count} labels are the same`);
      if (round === 0) continue;
      const name = `photos: ${count} JPEG files to labels, ${decoder}`;
      measured[name] ??= { ours: [], theirs: [] };
      measured[name].ours.push(time);
      measured[name].theirs.push(theirTime);
    }
  }
  await session.release();
  for (const db of Object.values(ways)) await db.close();
  return { measured, disagreements };
};
