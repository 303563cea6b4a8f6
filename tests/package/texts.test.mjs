// Models over texts through the package: where a tokenizer comes from, what is fetched for it, and what another worker knows of it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { PredictQL } from "../../pkg/node.js";
import { inPage } from "./page.mjs";
import { zip } from "./zip.mjs";

const folder = join(import.meta.dirname, "../fixtures/models/texts");
const [model, tokenizer] = ["model.onnx", "tokenizer.json"].map((name) => readFileSync(join(folder, "bpe", name)));
/** What Python's tokenizers and onnxruntime make of each text by itself. */
const expected = JSON.parse(readFileSync(join(folder, "../../expected/texts.json"), "utf8"));

const embed = `SELECT ml_generate_embedding_result AS vector FROM ML.GENERATE_EMBEDDING(MODEL m,
  (SELECT content FROM UNNEST(@corpus) AS content))`;

/** Numbers as they cross from a page. */
const plain = (rows) => rows.map(({ vector }) => [...vector]);

function assertVectors(found, wanted = expected.embeddings.bpe.mean) {
  assert.equal(found.length, wanted.length);
  for (const [row, vector] of found.entries()) {
    assert.equal(vector.length, wanted[row].length);
    for (const [place, value] of vector.entries()) {
      assert.ok(Math.abs(value - wanted[row][place]) < 1e-5, `${expected.corpus[row]}: ${vector}`);
    }
  }
}

describe("in Node", () => {
  const sources = {
    "two files": [model, { tokenizer }],
    "an address and another": [
      join(folder, "bpe/model.onnx"),
      { tokenizer: pathToFileURL(join(folder, "bpe/tokenizer.json")) },
    ],
    "a list of files": [
      [new File([model], "model.onnx"), new File([tokenizer], "tokenizer.json"), new File(["{}"], "config.json")],
    ],
    "a zip": [
      zip([
        ["onnx/model.onnx", model],
        ["tokenizer.json", tokenizer],
      ]),
    ],
    "the address of a folder": [pathToFileURL(`${join(folder, "bpe")}/`)],
  };
  for (const [what, [source, options]] of Object.entries(sources)) {
    test(`a model over texts comes as ${what}`, async () => {
      const db = new PredictQL();
      const { inputs, format } = await db.registerModel("m", source, options);
      assert.equal(format, "ONNX");
      assert.deepEqual(
        inputs.map(({ name, databaseType, nullable }) => [name, databaseType, nullable]),
        [
          ["text", "STRING", false],
          ["text_pair", "STRING", true],
        ],
      );
      assertVectors(plain((await db.query(embed, { corpus: expected.corpus })).rows));
      await db.close();
    });
  }

  test("SQL names the tokenizer, and a folder has its own", async () => {
    const db = new PredictQL({ worker: "inline" });
    const file = (name) => join(folder, name).replaceAll("\\", "/");
    await db.query(
      `CREATE MODEL m OPTIONS (MODEL_PATH = '${file("bpe/model.onnx")}', tokenizer = '${file("bpe/tokenizer.json")}')`,
    );
    assertVectors(plain((await db.query(embed, { corpus: expected.corpus })).rows));
    await db.registerFile("gs://bucket/m/onnx/model.onnx", model);
    await db.registerFile("gs://bucket/m/tokenizer.json", tokenizer);
    await db.query("CREATE OR REPLACE MODEL m OPTIONS (MODEL_PATH = 'gs://bucket/m/*')");
    assertVectors(plain((await db.query(embed, { corpus: expected.corpus })).rows));
    await db.close();
  });

  test("a classifier takes rows of texts and pairs", async () => {
    const db = new PredictQL();
    const wordpiece = readFileSync(join(folder, "wordpiece/tokenizer.json"));
    await db.registerModel("m", join(folder, "classifier.onnx"), { tokenizer: wordpiece });
    const logits = ({ rows }) => rows.map(({ logits }) => [...logits]);
    const texts = expected.corpus.map((text) => ({ text }));
    assertVectors(logits(await db.predict("m", texts)), expected.classifier);
    const pairs = expected.corpus.slice(1).map((text_pair, row) => ({ text: expected.corpus[row], text_pair }));
    assertVectors(logits(await db.predict("m", pairs)), expected.classifier_pairs);
    await assert.rejects(db.predict("m", [{ review: "a" }]), { code: "missing-input" });
    await db.close();
  });

  test("what is no tokenizer is told, with its own words", async () => {
    const db = new PredictQL();
    const wrong = new TextEncoder().encode('{"model": {"type": "Unheard", "vocab": {}}}');
    await assert.rejects(db.registerModel("m", model, { tokenizer: wrong }), (error) => {
      assert.equal(error.code, "invalid-option");
      assert.equal(error.message, "expected a `tokenizer.json` of Hugging Face's tokenizers");
      assert.notEqual(error.detail, undefined);
      return true;
    });
    await assert.rejects(db.registerModel("m", model, { tokenizer: 7 }), { code: "invalid-option" });
    await db.close();
  });
});

for (const worker of [undefined, "inline"]) {
  test(`a page fetches what cuts texts up with the first model that wants it (${worker ?? "its worker"})`, async () => {
    const { before, after, found } = await inPage(
      async ({ PredictQL }, [embed, corpus, worker]) => {
        const db = new PredictQL({ worker });
        const fetched = async () =>
          (await db.stats()).requests.map(({ url }) => url.split("/").at(-1)).filter((name) => name === "tokens.wasm");
        await db.registerModel("iris", "/fixtures/models/iris_rf.onnx");
        const before = await fetched();
        const at = "/fixtures/models/texts/bpe";
        await db.registerModel("m", `${at}/model.onnx`, { tokenizer: `${at}/tokenizer.json` });
        await db.query(`CREATE MODEL n OPTIONS (MODEL_PATH = '${at}/model.onnx', tokenizer = '${at}/tokenizer.json')`);
        const rows = (await db.query(embed, { corpus })).rows.map(({ vector }) => [...vector]);
        const again = (await db.query(embed.replace("MODEL m", "MODEL n"), { corpus })).rows;
        return { before, after: await fetched(), found: [rows, again.map(({ vector }) => [...vector])] };
      },
      [embed, expected.corpus, worker],
    );
    assert.deepEqual([before, after], [[], ["tokens.wasm"]]);
    for (const vectors of found) assertVectors(vectors);
  });
}

test("a worker that takes another's place has the tokenizer too, and long queries tell how far they are", async () => {
  const { found, steps } = await inPage(
    async ({ mortal }, [embed, corpus]) => {
      const { db, vanish } = mortal();
      const at = "/fixtures/models/texts/bpe";
      await db.registerModel("m", `${at}/model.onnx`, { tokenizer: `${at}/tokenizer.json` });
      vanish();
      // The call that finds it gone is refused, unless the next one is there already.
      await db.query("SELECT 1").catch(() => {});
      const steps = [];
      const texts = Array.from({ length: 20 }, () => corpus).flat();
      const onProgress = ({ stage, loaded, total }) => stage === "infer" && steps.push([loaded, total]);
      const { rows } = await db.query(embed, { corpus: texts }, { onProgress });
      return { found: rows.slice(-corpus.length).map(({ vector }) => [...vector]), steps };
    },
    [embed, expected.corpus],
  );
  assertVectors(found);
  assert.ok(steps.length > 1, "a query of 560 texts is one step");
  assert.ok(steps.every(([loaded], place) => place === 0 || loaded >= steps[place - 1][0]));
});
