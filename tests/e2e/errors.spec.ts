// A query that cannot run: the message, the place, the way out, and everything else as it was.

import { expect, test } from "./demo.js";
import { demoFile } from "./expected.js";

const model = "`bqml_tutorial.imported_onnx_model`";

/** A fix may put the name into backticks: the query means the same. */
const withoutQuotes = (sql: string) => sql.replaceAll("`", "");

test("a missing column is named, and the frame points at the place", async ({ demo, page }) => {
  await demo.open("iris");
  const sql = `SELECT label\nFROM ML.PREDICT(MODEL ${model},\n  (SELECT sepal_length, sepal_width, petal_length FROM iris))`;
  expect(await demo.run(sql)).toBe("error");
  const failure = page.getByRole("alert");
  await expect(failure.locator(".message")).toContainText("petal_width");
  await expect(failure.locator("pre")).toContainText("^");
  await expect(failure.locator("pre")).toContainText(/ML\.PREDICT|SELECT sepal_length/);
  await expect(failure.locator(".fix-hint")).not.toBeEmpty();
  expect(await demo.names("models")).toEqual(["bqml_tutorial.imported_onnx_model"]);
  expect(await demo.run("SELECT species FROM iris LIMIT 3")).toBe("rows");
  expect(await demo.column("species")).toEqual(["setosa", "setosa", "setosa"]);
});

test("a misspelt name: one click on the fix, and the query runs", async ({ demo, page }) => {
  await demo.open("iris");
  expect(await demo.run("SELECT species FROM irsi LIMIT 2")).toBe("error");
  await expect(page.locator(".failure .message")).toContainText("irsi");
  await expect(page.locator(".failure")).toContainText("iris");
  await page.getByRole("button", { name: "Apply fix" }).click();
  expect(await demo.ended()).toBe("rows");
  expect(withoutQuotes(await demo.query())).toBe("SELECT species FROM iris LIMIT 2");
  expect(await demo.column("species")).toEqual(["setosa", "setosa"]);
});

test("mistakes are underlined while one types, and mended from there", async ({ demo, page }) => {
  await demo.open("iris");
  await demo.write("SELECT speceis FROM iris");
  const wave = page.locator(".cm-lintRange-error");
  await expect(wave).toHaveText("speceis");
  await wave.hover();
  await page.locator(".cm-diagnosticAction", { hasText: "Apply fix" }).click();
  expect(withoutQuotes(await demo.query())).toBe("SELECT species FROM iris");
  await expect(wave).toHaveCount(0);
});

test("a cancelled query ends soon, and nothing is lost", async ({ demo, page }) => {
  await demo.open("pictures");
  const coffee = demoFile("coffee.png");
  await page.evaluate((base64) => {
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    const transfer = new DataTransfer();
    for (let i = 0; i < 300; i++) transfer.items.add(new File([bytes], `cup-${i}.png`, { type: "image/png" }));
    document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }, coffee.toString("base64"));
  await expect(page.locator("#result")).toHaveAttribute("data-state", "running");
  const cancel = page.getByRole("button", { name: "Cancel" });
  await expect(page.locator("#progress progress")).toHaveAttribute("value", /0\.\d+/);
  const before = Date.now();
  await cancel.click();
  await expect(page.locator("#result .status")).toHaveText(/^Cancelled after/);
  expect(Date.now() - before).toBeLessThan(3_000);
  expect(await demo.ended()).toBe("cancelled");
  await expect(cancel).toBeHidden();
  expect(await demo.names("models")).toEqual(["classifier"]);
  await expect(page.locator("#tables")).toContainText("302 pictures");
  expect(await demo.run("SELECT uri FROM photos LIMIT 1")).toBe("rows");
});

test("a script's error keeps what its earlier statements did", async ({ demo }) => {
  await demo.open();
  const state = await demo.run(
    "CREATE MODEL flowers OPTIONS (MODEL_TYPE = 'ONNX', MODEL_PATH = 'demo/iris.onnx');\nSELECT nothing FROM nowhere",
  );
  expect(state).toBe("error");
  expect(await demo.names("models")).toEqual(["flowers"]);
});

test("a model that the server does not have", async ({ demo, page }) => {
  await demo.open();
  expect(await demo.run("CREATE MODEL m OPTIONS (MODEL_TYPE = 'ONNX', MODEL_PATH = 'demo/missing.onnx')")).toBe(
    "error",
  );
  await expect(page.locator(".failure")).toContainText("demo/missing.onnx");
  expect(await demo.names("models")).toEqual([]);
});

test("a name under the pointer tells what it is", async ({ demo, page }) => {
  await demo.open("iris");
  await page.locator(".cm-line").getByText("ML.PREDICT", { exact: true }).first().hover();
  await expect(page.locator(".cm-predictql-card")).toContainText("ML.PREDICT(MODEL name,");
  await expect(page.locator(".cm-predictql-card")).toBeInViewport();
  await page.screenshot({ path: test.info().outputPath("hover.png") });
});
