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

test("the browser decodes JPEG files where it is asked to, and judges none", async () => {
  const found = await inPage(async ({ PredictQL, failure }) => {
    const db = new PredictQL({ decoder: "native" });
    const names = ["libjpeg/420.jpg", "exif_orientation_6.jpg", "rgb.png", "bad/truncated.jpg", "bad/arithmetic.jpg"];
    for (const name of names) {
      await db.registerFile(name, await (await fetch(`/fixtures/images/${name}`)).blob());
    }
    const pixels = async (name, options = "") => {
      await db.query(`CREATE OR REPLACE EXTERNAL TABLE p OPTIONS (object_metadata = 'SIMPLE', uris = ['${name}'])`);
      const sql = `SELECT i.dimensions AS size, ML.CONVERT_IMAGE_TYPE(i).values AS pixels FROM (SELECT ML.DECODE_IMAGE(data${options}) AS i FROM p)`;
      const [{ size, pixels }] = (await db.query(sql)).rows;
      return { size: [...size].join(" "), pixels: Array.from(pixels, Number) };
    };
    const png = await (await fetch("/fixtures/images/libjpeg/420.png")).arrayBuffer();
    const read = "SELECT ML.CONVERT_IMAGE_TYPE(ML.DECODE_IMAGE(?)).values AS pixels";
    return {
      half: (await pixels("libjpeg/420.jpg")).pixels,
      libjpeg: Array.from((await db.query(read, [new Uint8Array(png)])).rows[0].pixels, Number),
      stored: await pixels("exif_orientation_6.jpg"),
      upright: await pixels("exif_orientation_6.jpg", ", STRUCT(TRUE AS apply_orientation)"),
      exact: (await pixels("rgb.png")).pixels,
      refused: [await failure(pixels("bad/truncated.jpg")), await failure(pixels("bad/arithmetic.jpg"))],
    };
  });
  const far = (one, other) => one.filter((value, at) => Math.abs(value - other[at]) > 2).length;
  assert.equal(found.half.length, found.libjpeg.length);
  assert.ok(far(found.half, found.libjpeg) * 1000 <= found.half.length);
  const { upright, ...stored } = pillow["exif_orientation_6.jpg"];
  for (const [{ size, pixels }, wanted] of [
    [found.stored, stored],
    [found.upright, upright],
  ]) {
    assert.equal(size, `${wanted.height} ${wanted.width} 3`);
    assert.equal(far(pixels, wanted.pixels), 0);
  }
  assert.deepEqual(found.exact, pillow["rgb.png"].pixels);
  const [truncated, arithmetic] = found.refused;
  assert.match(truncated.message, /expected a whole picture, found a truncated JPEG/);
  assert.match(arithmetic.message, /its coding is arithmetic/);
});

test("a video is a table whose rows come while it runs", async () => {
  const found = await inPage(async ({ PredictQL }) => {
    const db = new PredictQL();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [32, 16];
    const context = canvas.getContext("2d");
    let shade = 0;
    const draw = () => {
      shade = (shade + 20) % 256;
      context.fillStyle = `rgb(${shade} ${shade} ${shade})`;
      context.fillRect(0, 0, 32, 16);
    };
    draw();
    const drawing = setInterval(draw, 20);
    const video = document.createElement("video");
    video.muted = true;
    video.srcObject = canvas.captureStream();
    await video.play();
    const { columns } = await db.registerTable("frames", video);
    const sql = "SELECT uri, content_type, ML.DECODE_IMAGE(data).dimensions AS size FROM frames";
    const limited = (await db.query(`${sql} LIMIT 3`)).rows;
    const streamed = [];
    // The query ends with the video.
    for await (const rows of db.stream(sql)) {
      streamed.push(...rows.rows.map(({ uri }) => uri));
      if (streamed.length === 2) video.pause();
    }
    clearInterval(drawing);
    const still = (await db.query("SELECT COUNT(*) AS n FROM frames")).rows[0].n;
    return { columns: columns.map(({ name }) => name), limited, streamed, still };
  });
  assert.equal(found.columns[0], "uri");
  assert.deepEqual(
    found.limited.map(({ uri, content_type, size }) => [uri, content_type, Object.values(size).join(" ")]),
    [1, 2, 3].map((number) => [`video#${number}`, "image/bmp", "16 32 3"]),
  );
  assert.deepEqual(found.streamed.slice(0, 2), ["video#1", "video#2"]);
  assert.ok(found.streamed.length <= 3);
  assert.equal(found.still, 1);
});

test("files of the origin's own file system have names in SQL, and types by their first bytes", async () => {
  const found = await inPage(async ({ PredictQL, failure }) => {
    const db = new PredictQL();
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle("mine", { create: true });
    for (const [name, source] of [
      ["one", "rgb.png"],
      ["other.txt", "baseline.jpg"],
    ]) {
      const file = await (await folder.getFileHandle(name, { create: true })).createWritable();
      await file.write(await (await fetch(`/fixtures/images/${source}`)).arrayBuffer());
      await file.close();
    }
    const table = (uri) =>
      db.query(`CREATE OR REPLACE EXTERNAL TABLE mine OPTIONS (object_metadata = 'SIMPLE', uris = ['${uri}'])`);
    await table("opfs:/mine/o*");
    const sql = "SELECT uri, content_type, ML.DECODE_IMAGE(data).dimensions AS size FROM mine ORDER BY uri";
    const all = (await db.query(sql)).rows;
    await table("opfs:/mine/one");
    const one = (await db.query(sql)).rows;
    // Without a name or a type the first bytes say that it is a picture.
    const untold = await (await folder.getFileHandle("one")).getFile();
    await db.registerTable("untold", new Blob([await untold.arrayBuffer()]));
    all.push(...(await db.query(sql.replace("FROM mine", "FROM untold"))).rows);
    const rows = [...all, ...one].map(({ uri, content_type, size }) => [uri, content_type, [...size].join(" ")]);
    return { rows, refused: await failure(table("opfs:/nowhere/*")) };
  });
  const one = ["opfs:/mine/one", "image/png", sizeOf("rgb.png")];
  assert.deepEqual(found.rows, [
    one,
    ["opfs:/mine/other.txt", "text/plain", sizeOf("baseline.jpg")],
    ["object", ...one.slice(1)],
    one,
  ]);
  assert.equal(found.refused.code, "resource-unavailable");
  assert.match(found.refused.message, /no file of the origin's private file system matches `opfs:\/nowhere/);
});

test("what a model has drawn becomes a file that the page shows", async () => {
  const found = await inPage(async ({ PredictQL }) => {
    const db = new PredictQL();
    const drawn = "ML.TENSOR_TO_IMAGE(STRUCT([3, 1, 2] AS dimensions, [1.0, 0, 0, 0.2, 0, 1] AS values))";
    const { rows } = await db.query(
      `SELECT ML.ENCODE_IMAGE(${drawn}) AS png, ML.ENCODE_IMAGE(${drawn}, 'JPEG') AS jpeg`,
    );
    const sizes = [];
    for (const file of Object.values(rows[0])) {
      const bitmap = await createImageBitmap(new Blob([file]));
      sizes.push([bitmap.width, bitmap.height]);
    }
    const context = new OffscreenCanvas(2, 1).getContext("2d");
    context.drawImage(await createImageBitmap(new Blob([rows[0].png])), 0, 0);
    return { sizes, pixels: [...context.getImageData(0, 0, 2, 1).data] };
  });
  assert.deepEqual(found.sizes, [
    [2, 1],
    [2, 1],
  ]);
  assert.deepEqual(found.pixels, [255, 0, 0, 255, 0, 51, 255, 255]);
});

test("the hash of a server's picture is what the server tells, and made of the bytes where it is named", async () => {
  // As `md5sum` has it.
  const wanted = "lQjYk0uPLjdV1pVJnTDOSQ==";
  await page.route(/\?told$/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({
      response,
      headers: { ...response.headers(), "x-goog-hash": `crc32c=AAAAAA==,md5=${wanted}` },
    });
  });
  const found = await inPage(async ({ PredictQL }) => {
    const db = new PredictQL();
    const address = new URL("/fixtures/images/rgb.png", location.origin).href;
    await db.registerTable("far", [new URL(address), new URL(`${address}?told`)]);
    const picture = await (await fetch("/fixtures/images/rgb.png")).blob();
    await db.registerTable("near", [new File([picture], "a.png"), new File([picture], "b.png")]);
    const bytes = async () => {
      const { requests } = await db.stats();
      return requests.filter(({ reason }) => reason === "data").reduce((sum, { bytes }) => sum + bytes, 0);
    };
    const hashes = async (sql) => (await db.query(sql)).rows.map((row) => row.md5_hash);
    const shown = await hashes("SELECT * FROM far");
    const before = await bytes();
    const named = await hashes("SELECT md5_hash FROM far");
    const about = (field) => `JSON_VALUE(ref.details, '$.gcs_metadata.${field}')`;
    const { rows } = await db.query(
      `SELECT ref.uri AS uri, ${about("content_type")} AS type, ${about("size")} AS size FROM near LIMIT 1`,
    );
    return { shown, before, named, after: await bytes(), near: await hashes("SELECT * FROM near"), ref: rows[0] };
  });
  await page.unroute(/\?told$/);
  assert.deepEqual(found.shown, [null, wanted]);
  assert.equal(found.before, 0);
  assert.deepEqual(found.named, [wanted, wanted]);
  assert.equal(found.after, statSync(join(import.meta.dirname, "../fixtures/images/rgb.png")).size);
  assert.deepEqual(found.near, [wanted, wanted]);
  assert.deepEqual(found.ref, { uri: "a.png", type: "image/png", size: String(found.after) });
});

test("files that come next are read while the engine computes", async () => {
  const found = await inPage(async ({ PredictQL }) => {
    const db = new PredictQL();
    const picture = await (await fetch("/fixtures/images/rgb.png")).arrayBuffer();
    const asked = [];
    // Tells when it is read.
    class Watched extends File {
      arrayBuffer() {
        asked.push(this.name);
        return super.arrayBuffer();
      }
    }
    const name = (number) => `${String(number).padStart(2, "0")}.png`;
    await db.registerTable(
      "photos",
      Array.from({ length: 40 }, (_, number) => new Watched([picture], name(number), { type: "image/png" })),
    );
    const read = [];
    let rows = 0;
    for await (const batch of db.stream("SELECT uri, ML.DECODE_IMAGE(data).dimensions AS size FROM photos")) {
      rows += batch.rows.length;
      read.push([rows, asked.length]);
    }
    return { read, asked };
  });
  const files = Array.from({ length: 40 }, (_, number) => `${String(number).padStart(2, "0")}.png`);
  assert.deepEqual([...found.asked].sort(), files);
  // When rows of a batch arrive, those of the next one have been asked for.
  assert.ok(
    found.read.some(([rows, asked]) => rows < 40 && asked > rows),
    JSON.stringify(found.read),
  );
});
