// `<predict-ql>` in a page with a strict policy, through its reader's hands.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { page, site } from "./page.mjs";

const setup =
  "CREATE MODEL iris OPTIONS (model_path = '/fixtures/models/iris_rf.onnx'); CREATE EXTERNAL TABLE flowers OPTIONS (format = 'CSV', uris = ['/fixtures/tables/iris.csv'])";
const counts = `
        SELECT label, COUNT(*) AS n
        FROM ML.PREDICT(MODEL iris, TABLE flowers)
        GROUP BY label ORDER BY label`;

const file = join(import.meta.dirname, "..", "fixtures", "expected", "iris_rf.json");
const labels = JSON.parse(readFileSync(file, "utf8")).scikit_learn.label.data;
/** How often scikit-learn says each label of the flowers. */
const predicted = [0, 1, 2].map((label) => [`${label}`, `${labels.filter((it) => it === label).length}`]);

/** A page of such elements; what its browser complains of. */
async function opened(...elements) {
  const complaints = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  await page.goto(`${site.origin}/strict`);
  await page.evaluate(async (html) => {
    document.body.innerHTML = html;
    await import("/pkg/element.js");
  }, elements.join("\n"));
  return complaints;
}

const rows = (element) =>
  element.locator("tr").evaluateAll((lines) => lines.map((line) => [...line.cells].map((cell) => cell.textContent)));

test("an element runs its statement, shows rows, and runs what its reader writes", async () => {
  const complaints = await opened(`<predict-ql setup="${setup}">${counts}</predict-ql>`);
  const element = page.locator("predict-ql");
  const query = element.getByLabel("SQL query");
  assert.equal(
    await query.inputValue(),
    "SELECT label, COUNT(*) AS n\nFROM ML.PREDICT(MODEL iris, TABLE flowers)\nGROUP BY label ORDER BY label",
  );
  await element.getByRole("button", { name: "Run" }).click();
  await element.getByText("3 rows").waitFor();
  assert.deepEqual(await rows(element), [["label", "n"], ...predicted]);

  await query.fill("SELECT x, NULL AS nothing FROM UNNEST(GENERATE_ARRAY(1, 1000)) AS x");
  await query.press("ControlOrMeta+Enter");
  await element.getByText("1000 rows, of which 200 are shown").waitFor();
  assert.deepEqual((await rows(element)).slice(0, 2), [
    ["x", "nothing"],
    ["1", "NULL"],
  ]);
  assert.deepEqual(complaints, []);
});

test("an element says what is wrong and where, and can be given up", async () => {
  await opened(`<predict-ql>SELECT * FROM flwers</predict-ql>`);
  const element = page.locator("predict-ql");
  await page.evaluate(() => {
    document.querySelector("predict-ql").addEventListener("failure", ({ detail }) => {
      document.title = detail.code;
    });
  });
  await element.getByRole("button").click();
  await element.getByRole("alert").waitFor();
  assert.match(await element.getByRole("alert").textContent(), /flwers.*\n.*\^/s);
  assert.equal(await page.title(), "unknown-table");

  await element
    .getByLabel("SQL query")
    .fill("SELECT COUNT(*) AS n FROM UNNEST(GENERATE_ARRAY(1, 3000000)) a, UNNEST(GENERATE_ARRAY(1, 1000)) b");
  await element.getByRole("button", { name: "Run" }).click();
  await element.getByRole("button", { name: "Cancel" }).click();
  await element.getByText("Cancelled").waitFor();
  await element.getByRole("button", { name: "Run" }).waitFor();
});

test("elements of a page share a database and what sets it up; one of its own may be given", async () => {
  await opened(
    `<predict-ql autorun setup="CREATE TABLE once AS SELECT 1 AS x">SELECT x FROM once</predict-ql>`,
    `<predict-ql autorun setup="CREATE TABLE once AS SELECT 1 AS x">SELECT x + 1 AS y FROM once</predict-ql>`,
    `<predict-ql>SELECT name FROM mine</predict-ql>`,
  );
  const elements = page.locator("predict-ql");
  await elements.nth(0).getByText("1 row").waitFor();
  await elements.nth(1).getByText("1 row").waitFor();
  assert.deepEqual(await rows(elements.nth(1)), [["y"], ["2"]]);
  await page.evaluate(async () => {
    const { PredictQL } = await import("/pkg/index.js");
    const db = new PredictQL();
    await db.registerTable("mine", [{ name: "own" }]);
    const element = document.querySelectorAll("predict-ql")[2];
    element.db = db;
    const result = await element.run();
    document.title = result.rows[0].name;
  });
  assert.equal(await page.title(), "own");
  assert.deepEqual(await rows(elements.nth(2)), [["name"], ["own"]]);
});

test("on a server the module of the element can be imported", () => {
  const path = join(import.meta.dirname, "..", "..", "pkg", "element.js");
  const script = `const { PredictQLElement } = await import("${path}"); console.log(typeof PredictQLElement);`;
  assert.equal(
    execFileSync(process.execPath, ["--input-type=module", "--eval", script], { encoding: "utf8" }),
    "function\n",
  );
});
