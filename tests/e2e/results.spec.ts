// Answers: how they are shown, how they leave the page, and how a query comes back.

import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { tableFromIPC } from "apache-arrow";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { expect, test } from "./demo.js";

const everyKind = `SELECT 1 AS i, 0.1 + 0.2 AS f, 'a,"b' AS s, CAST(NULL AS STRING) AS nix, DATE '2024-02-29' AS d,
  TIMESTAMP '2024-01-02 03:04:05.25' AS t, TRUE AS yes, NUMERIC '1.10' AS n, [1.5, 2] AS l, STRUCT(1 AS a, 'x' AS b) AS st,
  9007199254740993 AS big`;

async function saved(page: Page, label: string): Promise<string> {
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export" }).click();
  await page.locator(".menu").getByRole("button", { name: label, exact: true }).click();
  return (await download).path();
}

test("values are read as people write them, with all their digits", async ({ demo }) => {
  await demo.open();
  expect(await demo.run(everyKind)).toBe("rows");
  expect((await demo.grid()).rows).toEqual([
    [
      ...["1", "0.30000000000000004", 'a,"b', "NULL", "2024-02-29", "2024-01-02 03:04:05.25 UTC", "true", "1.1"],
      ...["[1.5, 2]", "{a: 1, b: x}", "9007199254740993"],
    ],
  ]);
});

test("a result is saved as CSV, JSON, Parquet and Arrow, and other readers find the same values", async ({
  demo,
  page,
}) => {
  await demo.open();
  await demo.run(everyKind);
  expect(readFileSync(await saved(page, "CSV"), "utf8")).toBe(
    `i,f,s,nix,d,t,yes,n,l,st,big
1,0.30000000000000004,"a,""b",,2024-02-29,2024-01-02 03:04:05.25 UTC,true,1.1,"[1.5,2]","{""a"":1,""b"":""x""}",9007199254740993
`,
  );
  const json = JSON.parse(readFileSync(await saved(page, "JSON"), "utf8"));
  const common = { i: 1, f: 0.1 + 0.2, s: 'a,"b', nix: null, yes: true, n: "1.1", l: [1.5, 2], st: { a: 1, b: "x" } };
  expect(json).toEqual([{ ...common, d: "2024-02-29", t: "2024-01-02T03:04:05.250Z", big: "9007199254740993" }]);

  const parquet = await parquetReadObjects({ file: await asyncBufferFromFile(await saved(page, "Parquet")) });
  expect(parquet).toEqual([
    { ...common, i: 1n, d: "2024-02-29", t: new Date("2024-01-02T03:04:05.250Z"), big: 9007199254740993n },
  ]);

  const arrow = tableFromIPC(readFileSync(await saved(page, "Arrow")));
  expect(arrow.schema.fields.map(({ name }) => name)).toEqual("i,f,s,nix,d,t,yes,n,l,st,big".split(","));
  expect([arrow.get(0)?.f, arrow.get(0)?.s, arrow.get(0)?.big]).toEqual([0.1 + 0.2, 'a,"b', 9007199254740993n]);
});

test("cells are selected by mouse and by keys, and copied", async ({ demo, page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await demo.open();
  await demo.run("SELECT n, n * 1.5 AS m FROM UNNEST([1, 2, 3]) AS n ORDER BY n");
  await page.locator("td", { hasText: "1.5" }).first().click();
  await page.keyboard.press("ControlOrMeta+C");
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  await expect.poll(clipboard).toBe("1.5");
  await page.locator(".grid").focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Shift+ArrowDown");
  await page.keyboard.press("Shift+ArrowLeft");
  await expect(page.locator("td.selected")).toHaveCount(4);
  await page.keyboard.press("ControlOrMeta+C");
  await expect.poll(clipboard).toBe("2\t3\n3\t4.5");
  await page.getByRole("button", { name: "Export" }).click();
  await page.getByRole("button", { name: "Copy all" }).click();
  await expect.poll(clipboard).toBe("n\tm\n1\t1.5\n2\t3\n3\t4.5\n");
});

test("several statements show several results; the one under the cursor runs alone", async ({ demo, page }) => {
  await demo.open();
  await demo.write("SELECT 1 AS one;\nSELECT 2 AS two UNION ALL SELECT 3;\nSELECT ';' AS three");
  await page.keyboard.press("ControlOrMeta+Shift+Enter");
  expect(await demo.ended()).toBe("rows");
  const results = page.getByRole("group", { name: "Results of the statements" }).getByRole("button");
  await expect(results).toHaveText(["Result 1: 1 row", "Result 2: 2 rows", "Result 3: 1 row"]);
  expect((await demo.grid()).columns).toEqual(["three"]);
  await results.nth(1).click();
  expect(await demo.column("two")).toEqual(["2", "3"]);

  await page.locator(".cm-line").nth(1).click();
  await page.keyboard.press("ControlOrMeta+Enter");
  expect(await demo.ended()).toBe("rows");
  await expect(results.first()).toBeHidden();
  expect(await demo.column("two")).toEqual(["2", "3"]);

  // A fix goes to its place in the whole text.
  await demo.write("SELECT 1 AS one;\nSELECT SQRTT(4) AS root");
  await page.keyboard.press("ControlOrMeta+Enter");
  expect(await demo.ended()).toBe("error");
  await page.getByRole("button", { name: "Apply fix" }).click();
  expect(await demo.ended()).toBe("rows");
  expect(await demo.query()).toBe("SELECT 1 AS one;\nSELECT SQRT(4) AS root");
});

test("a long and wide result is there at once, and scrolled through without waiting", async ({ demo, page }) => {
  await demo.open();
  await demo.run(
    "SELECT n, CONCAT('name ', CAST(n AS STRING)) AS name FROM UNNEST(GENERATE_ARRAY(1, 1250)) AS n ORDER BY n",
  );
  const names = await demo.column("name");
  expect([names.length, names[0], names[1249]]).toEqual([1250, "name 1", "name 1250"]);

  const columns = Array.from({ length: 100 }, (_, i) => `x * ${i} AS c${i}`).join(", ");
  await demo.run(`SELECT ${columns} FROM UNNEST(GENERATE_ARRAY(1, 1000)) AS x ORDER BY x`);
  expect(await page.locator("td").count()).toBeLessThan(1500);
  const grid = page.locator(".grid");
  const longest = await grid.evaluate(async (element) => {
    let longest = 0;
    for (let step = 1; step <= 20; step++) {
      const began = performance.now();
      element.scrollTo((element.scrollWidth * step) / 20, (element.scrollHeight * step) / 20);
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      longest = Math.max(longest, performance.now() - began);
    }
    return longest;
  });
  expect(longest).toBeLessThan(1000);
  await expect(grid.locator("td[data-column='99']").last()).toHaveAttribute("title", "99000");
});

test("an error is read to its end, and a result has the height of the window", async ({ demo, page }) => {
  await demo.open("iris");
  const box = await page.locator("#result").boundingBox();
  expect((box?.y ?? 0) + (box?.height ?? 0)).toBeGreaterThan(760);
  expect(
    await demo.run(`SELECT ${Array.from({ length: 30 }, (_, i) => `${i} AS c${i}`).join(",\n")}, missing FROM iris`),
  ).toBe("error");
  const failure = await page
    .locator(".failure")
    .evaluate(({ scrollHeight, clientHeight }) => scrollHeight - clientHeight);
  expect(failure).toBeLessThanOrEqual(0);
});

test("chart and plan are a click away", async ({ demo, page }) => {
  await demo.open("iris");
  await page.getByRole("button", { name: "Chart", exact: true }).click();
  await expect(page.locator(".chart svg circle")).toHaveCount(150);
  await page.getByRole("button", { name: "Plan", exact: true }).click();
  await expect(page.locator(".plan pre")).toContainText("Predict");
  await expect(page.locator(".plan .legend")).toContainText("model");
  await page.getByRole("button", { name: "Table", exact: true }).click();
  expect(await demo.column("label")).toHaveLength(150);
});

test("a query is shared by a link that no server sees, found again in the history, and saved", async ({
  demo,
  page,
  context,
}) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await demo.open();
  const query = "SELECT 'ä → 💐' AS word";
  await demo.run(query);
  await page.getByRole("button", { name: "Query…" }).click();
  await page.getByRole("button", { name: "Copy a link to it" }).click();
  await expect(page.locator(".notice")).toContainText("The link is copied");
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expect(new URL(link).search).toBe("");
  expect(new URL(link).hash).toContain("q=");

  await demo.run("SELECT 2 AS two");
  await page.locator(".cm-content").click();
  await page.keyboard.press("Alt+ArrowUp");
  expect(await demo.query()).toBe(query);
  await page.keyboard.press("Alt+ArrowDown");
  expect(await demo.query()).toBe("SELECT 2 AS two");

  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Query…" }).click();
  await page.getByRole("button", { name: "Save as query.sql" }).click();
  expect(readFileSync(await (await download).path(), "utf8")).toBe("SELECT 2 AS two");

  await page.goto(link);
  await page.reload();
  await page.locator(".cm-content").waitFor();
  expect(await demo.query()).toBe(query);
  await expect(page.locator("#result")).toHaveAttribute("data-state", "empty");
  expect(await demo.run()).toBe("rows");
});

test("the first paint takes less than 100 kB of script, and can be typed into before the editor comes", async ({
  page,
  baseURL,
}) => {
  await page.route(/editor-.*\.js/, async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await route.continue();
  });
  await page.goto(baseURL ?? "");
  await page.locator("#editor textarea").fill("SELECT 40 + 2 AS answer");
  const scripts = await page.evaluate(() =>
    performance
      .getEntriesByType("resource")
      .filter(({ name }) => name.endsWith(".js"))
      .map((entry) => (entry as PerformanceResourceTiming).decodedBodySize),
  );
  const total = scripts.reduce((sum, size) => sum + size, 0);
  expect(total).toBeGreaterThan(10_000);
  expect(total).toBeLessThan(100_000);
  await page.locator(".cm-content").waitFor();
  await expect(page.locator(".cm-line")).toHaveText(["SELECT 40 + 2 AS answer"]);
  await page.keyboard.press("ControlOrMeta+Enter");
  await expect(page.locator("td")).toHaveText("42");
});

test("what has run is a query away, with its times, its rows and its models", async ({ demo, page }) => {
  await demo.open("iris");
  await demo.run("SELECT * FROM nowhere");
  await page.locator("#more").click();
  await page.getByRole("button", { name: "Compare what has run" }).click();
  expect(await demo.ended()).toBe("rows");
  const { columns, rows } = await demo.grid();
  const column = (name: string) => rows.map((row) => row[columns.indexOf(name)] ?? "");
  expect(column("error")[0]).toBe("unknown-table");
  const predicted = column("rows_in").indexOf("150");
  expect(column("models")[predicted]).toContain("bqml_tutorial.imported_onnx_model@1");
  expect(column("rows_out")[predicted]).toBe("150");
  await page.screenshot({ path: test.info().outputPath("runs.png") });
});

test("runs are compared: metrics as lines, what they were run with side by side, marked where it differs", async ({
  demo,
  page,
}) => {
  await demo.open("iris");
  const scored = (run: string, season: string, rows: number, accuracy: number) => `
    SET @@query_label = 'run:${run},season:${season},team:garden';
    CREATE OR REPLACE TABLE scored AS
      SELECT * FROM ML.PREDICT(MODEL bqml_tutorial.imported_onnx_model, (SELECT * FROM iris LIMIT ${rows}));
    INSERT INTO runs SELECT @@last_job_id, 'accuracy', ${accuracy};`;
  await demo.run(
    `CREATE TABLE runs (job_id STRING, metric STRING, value FLOAT64);
    ${scored("first", "spring", 100, 0.5)} ${scored("second", "autumn", 150, 0.75)} ${scored("third", "autumn", 150, 1)}`,
  );
  await page.locator("#more").click();
  await page.getByRole("button", { name: "Compare what has run" }).click();
  expect(await demo.ended()).toBe("rows");
  const choices = page.getByRole("group", { name: "Runs to compare" });
  await expect(choices.getByRole("checkbox")).toHaveCount(3);
  const points = page.locator("figure", { hasText: "accuracy" }).locator("circle title");
  await expect(points).toHaveText(["first: 0.5", "second: 0.75", "third: 1"]);
  const parameter = (name: string) =>
    page
      .getByRole("table", { name: "What the runs were run with" })
      .getByRole("row", { name: new RegExp(`^${name}`) })
      .getByRole("cell");
  await expect(parameter("rows in")).toHaveText(["100", "150", "150"]);
  await expect(parameter("rows in").locator("mark")).toHaveCount(3);
  await expect(parameter("team")).toHaveText(["garden", "garden", "garden"]);
  await expect(parameter("team").locator("mark")).toHaveCount(0);
  await expect(parameter("model")).toHaveText(Array(3).fill("bqml_tutorial.imported_onnx_model@1"));
  // Those of autumn have their season in common.
  await choices.getByLabel("first").uncheck();
  await expect(points).toHaveText(["second: 0.75", "third: 1"]);
  await expect(parameter("season").locator("mark")).toHaveCount(0);
  await page.screenshot({ path: test.info().outputPath("compared.png") });
});
