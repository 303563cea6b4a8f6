// The decoder of pictures is a wasm file of its own: when it is fetched, and what becomes of one that fails.

import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { PredictQL } from "../../pkg/node.js";
import { inPage, page } from "./page.mjs";

const pillow = JSON.parse(readFileSync(join(import.meta.dirname, "../fixtures/expected/images.json"), "utf8"));
const sizeOf = (name) => `${pillow[name].height} ${pillow[name].width} 3`;

const inBrowser = (worker) => (name) =>
  inPage(
    async ({ PredictQL }, [name, worker]) => {
      const scenarios = await import(`${location.origin}/site/pictures.js`);
      const bytes = async (file) => new Uint8Array(await (await fetch(`/fixtures/${file}`)).arrayBuffer());
      return scenarios[name]({ open: () => new PredictQL({ worker }), bytes });
    },
    [name, worker],
  );
const inNode = (worker) => async (name) => {
  const scenarios = await import("./site/pictures.js");
  const bytes = (file) => readFile(fileURLToPath(new URL(`../fixtures/${file}`, import.meta.url)));
  return scenarios[name]({ open: () => new PredictQL({ worker }), bytes });
};

for (const [where, run] of Object.entries({
  "a page's worker": inBrowser(undefined),
  "the page's own thread": inBrowser("inline"),
  "a worker thread of Node": inNode(undefined),
  "Node's own thread": inNode("inline"),
})) {
  describe(`in ${where}`, () => {
    test("the decoder comes with the first picture that is decoded", async () => {
      const { before, after, sizes, engine } = await run("comesWhenNeeded");
      assert.deepEqual(before, ["tables.wasm"]);
      assert.equal(engine, "tables");
      // Where engines share a thread, an earlier one may have brought it.
      assert.ok(after.length <= 2 && after.slice(1).every((file) => file === "pictures.wasm"), after.join());
      const [all, png, made, declared, prepared] = sizes;
      const wanted = ["lossy.webp", "palette.gif", "rgb.png"].map(sizeOf).sort();
      assert.deepEqual([all, png, made, prepared], [wanted, [sizeOf("rgb.png")], wanted, [sizeOf("lossy.webp")]]);
      assert.ok(wanted.includes(declared[0]));
    });

    test("an archive is a table of its files", async () => {
      const { files, refused } = await run("comesInArchives");
      const wanted = ["old/baseline.jpg", "rgb.png"].map((path) => {
        const name = path.split("/").at(-1);
        return [path, sizeOf(name), statSync(join(import.meta.dirname, "../fixtures/images", name)).size];
      });
      assert.deepEqual(files, wanted);
      assert.equal(refused.code, "unsupported-format");
      assert.match(refused.message, /^the zip archive is not whole/);
    });

    test("a picture that cannot be decoded costs its own row", async () => {
      const { heights, refused } = await run("costsOneRow");
      const { height } = pillow["rgb.png"];
      assert.deepEqual(heights, [height, null, null, height]);
      assert.equal(refused.code, "limit-exceeded");
      assert.match(refused.message, /^`1`: expected a picture of at most 100000000 pixels, found 60000 × 60000$/);
    });
  });
}

test("a decoder that cannot be fetched is named, and the next query tries again", async () => {
  const answers = [(route) => route.abort(), (route) => route.fulfill({ status: 404, body: "no" })];
  await page.route(/pictures\.wasm$/, (route) => (answers.shift() ?? ((route) => route.continue()))(route));
  const { refused, rows } = await inPage(async ({ PredictQL, failure }) => {
    const db = new PredictQL();
    const picture = new Uint8Array(await (await fetch("/fixtures/images/rgb.png")).arrayBuffer());
    const ask = () => db.query("SELECT ML.DECODE_IMAGE(?).dimensions[OFFSET(0)] AS height", [picture]);
    const refused = [await failure(ask()), await failure(ask())];
    return { refused, rows: (await ask()).rows };
  });
  for (const { code, message } of refused) {
    assert.equal(code, "resource-unavailable");
    assert.match(message, /pictures\.wasm/);
  }
  assert.deepEqual(rows, [{ height: pillow["rgb.png"].height }]);
});

test("pixels are those that Pillow reads, turned and before a background where asked for", async () => {
  const db = new PredictQL();
  const ask = async (name, options) => {
    const bytes = await readFile(fileURLToPath(new URL(`../fixtures/images/${name}`, import.meta.url)));
    const sql = `SELECT ML.CONVERT_IMAGE_TYPE(ML.DECODE_IMAGE(?${options})).values AS pixels`;
    return Array.from((await db.query(sql, [bytes])).rows[0].pixels, Number);
  };
  assert.deepEqual(await ask("rgba.png", ""), pillow["rgba.png"].pixels);
  assert.deepEqual(await ask("rgba.png", ", STRUCT('#ff0000' AS background)"), pillow["rgba.png"].before_red);
  const upright = ", STRUCT(TRUE AS apply_orientation)";
  assert.deepEqual(await ask("exif_orientation_8.png", upright), pillow["exif_orientation_8.png"].upright.pixels);
  await db.close();
});

test("AVIF is decoded by the browser, and refused by name where nobody decodes it", async () => {
  const found = await inPage(async ({ PredictQL, failure }) => {
    const db = new PredictQL();
    const photo = await (await fetch("/fixtures/images/browser/photo.avif")).blob();
    await db.registerTable("photos", new File([photo], "photo.avif"));
    const heic = new Uint8Array([0, 0, 0, 24, ...new TextEncoder().encode("ftypheic\0\0\0\0mif1heic")]);
    await db.registerTable("phone", new File([heic], "a.heic"));
    const pixels = "SELECT ML.CONVERT_IMAGE_TYPE(ML.DECODE_IMAGE(data)).values AS pixels FROM photos";
    return {
      pixels: Array.from((await db.query(pixels)).rows[0].pixels, Number),
      bytes: (await db.query("SELECT LENGTH(data) - size AS more FROM photos")).rows[0].more,
      refused: await failure(db.query("SELECT ML.DECODE_IMAGE(data) FROM phone")),
      value: await failure(db.query("SELECT ML.DECODE_IMAGE(?)", [photo])),
      safe: (await db.query("SELECT SAFE.ML.DECODE_IMAGE(data) IS NULL AS missing FROM phone")).rows[0].missing,
    };
  });
  const wanted = JSON.parse(readFileSync(join(import.meta.dirname, "../fixtures/expected/avif.json"), "utf8")).pixels;
  assert.equal(found.pixels.length, wanted.length);
  assert.ok(found.pixels.every((value, at) => Math.abs(value - wanted[at]) <= 2));
  assert.equal(found.bytes, 0);
  assert.equal(found.refused.code, "invalid-image");
  assert.match(found.refused.message, /^`a.heic`: expected a JPEG, PNG, BMP, WebP or GIF, found one HEIC picture/);
  assert.match(found.value.message, /found one AVIF picture, which is decoded by some browsers only/);
  assert.equal(found.safe, true);
});

test("what a page shows is a picture: as rows and as a value", async () => {
  const found = await inPage(async ({ PredictQL, failure }) => {
    const db = new PredictQL();
    const colors = [200, 100, 50, 255, 0, 128, 255, 255, 1, 2, 3, 255, 254, 253, 252, 255, 9, 8, 7, 255, 6, 5, 4, 255];
    const data = new ImageData(Uint8ClampedArray.from(colors), 3, 2);
    const bitmap = await createImageBitmap(data);
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [3, 2];
    canvas.getContext("2d").putImageData(data, 0, 0);
    const offscreen = new OffscreenCanvas(3, 2);
    offscreen.getContext("2d").putImageData(data, 0, 0);
    const image = new Image();
    image.src = canvas.toDataURL();
    await image.decode();
    const frame = new VideoFrame(bitmap, { timestamp: 0 });
    const sources = [data, bitmap, canvas, offscreen, image, frame];
    await db.registerTable("shown", sources);
    await db.registerTable("one", canvas);
    const pixels = "SELECT uri, content_type, ML.CONVERT_IMAGE_TYPE(ML.DECODE_IMAGE(data)).values AS pixels FROM";
    const read = ({ rows }) => rows.map((row) => Array.from(row.pixels, Number));
    const rows = await db.query(`${pixels} shown`);
    const value = "SELECT ML.CONVERT_IMAGE_TYPE(ML.DECODE_IMAGE(@frame)).values AS pixels";
    const clear = new ImageData(Uint8ClampedArray.from([10, 20, 30, 0]), 1, 1);
    const onWhite =
      "SELECT ML.CONVERT_IMAGE_TYPE(ML.DECODE_IMAGE(?, STRUCT('#ffffff' AS background))).values AS pixels";
    const answer = {
      wanted: colors.filter((_, at) => at % 4 < 3),
      uris: rows.rows.map(({ uri }) => uri),
      types: [...new Set(rows.rows.map((row) => row.content_type))],
      rows: read(rows),
      one: read(await db.query(`${pixels} one`)),
      value: read(await db.query(value, { frame })),
      onWhite: read(await db.query(onWhite, [clear])),
    };
    frame.close();
    return { ...answer, refused: await failure(db.registerTable("closed", frame)) };
  });
  assert.equal(found.uris.length, 6);
  assert.deepEqual(found.uris.slice(0, 2), ["picture.bmp", "picture (2).bmp"]);
  assert.deepEqual(found.types, ["image/bmp"]);
  for (const pixels of [...found.rows, ...found.one, ...found.value]) assert.deepEqual(pixels, found.wanted);
  assert.deepEqual(found.onWhite, [[255, 255, 255]]);
  assert.equal(found.refused.code, "unsupported-source");
});

test("the files of a folder are rows by their paths", async () => {
  const found = await inPage(async ({ PredictQL }) => {
    const db = new PredictQL();
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle("photos", { create: true });
    const below = await folder.getDirectoryHandle("old", { create: true });
    for (const [place, name] of [
      [folder, "rgb.png"],
      [below, "lossy.webp"],
    ]) {
      const file = await (await place.getFileHandle(name, { create: true })).createWritable();
      await file.write(await (await fetch(`/fixtures/images/${name}`)).arrayBuffer());
      await file.close();
    }
    await db.registerTable("photos", folder);
    const { rows } = await db.query("SELECT uri, ML.DECODE_IMAGE(data).dimensions AS size FROM photos ORDER BY uri");
    return rows.map(({ uri, size }) => [uri, [...size].join(" ")]);
  });
  assert.deepEqual(found, [
    ["old/lossy.webp", sizeOf("lossy.webp")],
    ["rgb.png", sizeOf("rgb.png")],
  ]);
});

test("a picture that makes the decoder's memory grow is decoded like others", async () => {
  const [width, height] = [1200, 900];
  const bmp = Buffer.alloc(54 + width * height * 3, 0);
  bmp.write("BM", 0, "latin1");
  bmp.writeUInt32LE(bmp.length, 2);
  bmp.writeUInt32LE(54, 10);
  bmp.writeUInt32LE(40, 14);
  bmp.writeInt32LE(width, 18);
  // From the top row down.
  bmp.writeInt32LE(-height, 22);
  bmp.writeUInt16LE(1, 26);
  bmp.writeUInt16LE(24, 28);
  // Blue, green and red of the first pixel.
  bmp.set([51, 102, 255], 54);
  const db = new PredictQL({ worker: "inline" });
  await db.registerTable("p", [new File([bmp], "large.bmp")], { format: "images" });
  const sql =
    "SELECT picture.dimensions AS d, picture.values AS v FROM (SELECT ML.DECODE_IMAGE(data) AS picture FROM p)";
  const [{ d, v }] = (await db.query(sql)).rows;
  assert.deepEqual(
    [Array.from(d), Array.from(v.slice(0, 4))],
    [
      [height, width, 3],
      [1, Math.fround(0.4), Math.fround(0.2), 0],
    ],
  );
  await db.close();
});
