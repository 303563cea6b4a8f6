// The package's language in an editor of CodeMirror.

import assert from "node:assert/strict";
import { join } from "node:path";
import { beforeEach, test } from "node:test";
import { build } from "esbuild";
import { inPage, page } from "./page.mjs";

const { outputFiles } = await build({
  entryPoints: [join(import.meta.dirname, "site", "editor.js")],
  bundle: true,
  write: false,
  format: "esm",
  logLevel: "error",
  // The package lies beside the tests, not in their node_modules.
  nodePaths: [join(import.meta.dirname, "node_modules")],
});

beforeEach(async () => {
  const answer = { contentType: "text/javascript", body: outputFiles[0].text };
  await page.route("**/editor.js", (route) => route.fulfill(answer));
});

/** Opens an editor over the database with flowers and a forest; `view`, `editor` and `db` are the page's. */
const opened = (text) =>
  inPage(async ({ irisDatabase }, text) => {
    const editor = await import(`${location.origin}/editor.js`);
    const db = await irisDatabase();
    Object.assign(globalThis, { db, editor, view: editor.open(db, text) });
  }, text);

test("an editor underlines what is wrong, and a fix mends it", async () => {
  await opened("SELECT species FROM flwers");
  await page.waitForFunction(() => editor.faults(view).length === 1);
  const fault = await page.evaluate(() => {
    const [{ text, message, actions }] = editor.faults(view);
    actions[0].apply(view);
    return { text, message, names: actions.map(({ name }) => name), after: view.state.doc.toString() };
  });
  assert.equal(fault.text, "flwers");
  assert.match(fault.message, /flwers/);
  assert.deepEqual(fault.names, ["Apply fix"]);
  assert.equal(fault.after, "SELECT species FROM flowers");
  await page.waitForFunction(() => editor.faults(view).length === 0);
  // What was right is wrong once its table is gone, without a key pressed.
  await page.evaluate(() => db.dropTable("flowers"));
  await page.waitForFunction(() => editor.faults(view)[0]?.text === "flowers");
});

test("completions are the engine's: columns of what stands in FROM first", async () => {
  await opened("SELECT pe FROM ML.PREDICT(MODEL iris, TABLE flowers)");
  const labels = await page.evaluate(async () => {
    view.dispatch({ selection: { anchor: "SELECT pe".length } });
    view.focus();
    editor.startCompletion(view);
    while (editor.currentCompletions(view.state).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    return editor.currentCompletions(view.state).map(({ label }) => label);
  });
  assert.deepEqual(labels.slice(0, 2).sort(), ["petal_length", "petal_width"]);
});

test("a function, a model's column and a keyword under the pointer: what they are, or nothing", async () => {
  await opened("SELECT f.probabilities, ROUND(f.petal_width) FROM ML.PREDICT(MODEL iris, TABLE flowers) AS f");
  const told = async (word) => {
    const at = await page.evaluate((word) => {
      const from = view.state.doc.toString().indexOf(word);
      const { left, top } = view.coordsAtPos(from + 2);
      return { x: left, y: top + 5 };
    }, word);
    await page.mouse.move(0, 500);
    await page.mouse.move(at.x, at.y);
    await page.mouse.move(at.x + 1, at.y);
    const card = page.locator(".cm-predictql-card");
    await card.waitFor({ timeout: 1500 }).catch(() => {});
    const text = (await card.count()) > 0 ? (await card.locator("> *").allTextContents()).join("\n") : "";
    await page.mouse.move(0, 500);
    await card.waitFor({ state: "detached" });
    return text;
  };
  assert.match(await told("ROUND"), /^ROUND\n.*ROUND\(.*\n.*\S/s);
  assert.match(await told("ML.PREDICT"), /^ML\.PREDICT\n/);
  assert.match(await told("probabilities"), /^probabilities\n.*ARRAY<FLOAT64>/s);
  assert.match(await told("flowers"), /^flowers\n/);
  assert.equal(await told("SELECT"), "");
});

test("statements are found one by one, a script with variables as one", async () => {
  await opened("SELECT 1; SELECT 2");
  const found = await page.evaluate(() => {
    const texts = () => editor.statements(view.state).map(({ from, to }) => view.state.sliceDoc(from, to));
    const two = texts();
    view.dispatch({ changes: { from: 0, insert: "DECLARE x INT64; " } });
    return [two, texts().length];
  });
  assert.deepEqual(found, [["SELECT 1;", "SELECT 2"], 1]);
});
