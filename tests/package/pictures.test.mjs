// The decoder of pictures is a wasm file of its own: when it is fetched, and what becomes of one that fails.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
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
