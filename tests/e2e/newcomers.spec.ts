// People who see the page for the first time, each with what they have at hand and none of them with SQL.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { expect, test } from "./demo.js";
import { demoFile, expected, fixture } from "./expected.js";

/** Chooses files as somebody does who looks for a button. */
async function add(page: Page, files: string[] | { name: string; mimeType: string; buffer: Buffer }[]): Promise<void> {
  const chooser = page.waitForEvent("filechooser");
  await page
    .getByRole("button", { name: /^(Add files|Add your own)/ })
    .first()
    .click();
  await (await chooser).setFiles(files);
}

const irises = expected<{ labels: string[] }>("iris_packed");
const table = { name: "flowers.csv", mimeType: "text/csv", buffer: fixture("tables/iris.csv") };
const model = { name: "irises.onnx", mimeType: "", buffer: fixture("models/iris_packed.onnx") };

test("an analyst with a CSV file and a model of scikit-learn has the answer within a minute, as a chart and a file too", async ({
  demo,
  page,
}, info) => {
  let fetched = 0;
  page.on("response", (response) => {
    fetched += Number(response.headers()["content-length"] ?? 0);
  });
  const start = performance.now();
  await page.goto("/");
  await add(page, [table, model]);
  await expect(page.locator("#result .status")).toContainText("150 rows in", { timeout: 60_000 });
  const took = Math.round(performance.now() - start);
  info.annotations.push({ type: "first result", description: `${took} ms, ${fetched} bytes, nothing in the cache` });
  expect(await demo.column("output_label")).toEqual(irises.labels.slice(0, 150));

  await page.getByRole("button", { name: "Chart", exact: true }).click();
  await expect(page.getByRole("img", { name: /against .*, by output_label/ })).toBeVisible();
  await page.getByRole("button", { name: "Export" }).click();
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "CSV", exact: true }).click();
  const [header = "", first = ""] = (await readFile(await (await download).path(), "utf8")).split("\n");
  expect(header).toMatch(/^output_label,/);
  expect(first).toMatch(/^setosa,/);
});

test("somebody with 200 photos: all of them are looked at while the page tells how far it is, and a broken one is named", async ({
  demo,
  page,
}, info) => {
  const folder = info.outputPath("photos");
  await mkdir(folder);
  const kinds = ["coffee.png", "chelsea.png", "china.jpg", "flower.jpg"];
  const names = Array.from({ length: 200 }, (_, at) => {
    const ending = kinds[at % 4]?.replace(/.*\./, "");
    return `IMG_${String(at).padStart(4, "0")}.${ending}`;
  });
  for (const [at, name] of names.entries()) {
    const bytes = demoFile(kinds[at % 4] ?? "");
    await writeFile(join(folder, name), at === 77 ? bytes.subarray(0, bytes.length / 2) : bytes);
  }

  await page.goto("/");
  await page.getByRole("link", { name: /What is in this picture/ }).click();
  expect(await demo.ended()).toBe("rows");
  await add(
    page,
    names.map((name) => join(folder, name)),
  );
  await expect(page.locator(".notice")).toContainText("200 pictures joined the table photos");
  await expect(page.locator("#progress span")).toHaveText(/^Predicting · \d+ of 20[12] rows$/, { timeout: 60_000 });
  await expect(page.getByRole("button", { name: "Cancel" })).toBeVisible();
  expect(await demo.ended(240_000)).toBe("rows");
  await expect(page.locator(".warnings")).toContainText("IMG_0077.png");

  const { pictures } = expected<{ pictures: Record<string, { label: string }> }>("pictures");
  const { rows } = await demo.grid();
  const labels = new Map(rows.map(([uri = "", label]) => [uri, label]));
  expect(labels.size).toBe(202);
  for (const [at, name] of names.entries()) {
    if (at !== 77) expect(labels.get(name), name).toBe(pictures[kinds[at % 4] ?? ""]?.label);
  }
  // Each row has its picture beside it, the last one too.
  await page.locator(".grid").evaluate((grid) => grid.scrollTo(0, grid.scrollHeight));
  await expect(page.locator("tbody tr[aria-rowindex='203'] img")).toBeVisible();
});

test("somebody with the wrong files is told what to bring instead, until it works", async ({ demo, page }) => {
  const said = page.locator(".notice").last();
  const dismiss = () => page.getByRole("button", { name: "Dismiss" }).click();
  await page.goto("/");
  await add(page, [{ name: "forest.pkl", mimeType: "", buffer: Buffer.from("\x80\x04") }]);
  await expect(said).toContainText("forest.pkl is a Python pickle: convert the model with skl2onnx");
  await dismiss();
  await add(page, [{ name: "flowers.xlsx", mimeType: "", buffer: Buffer.from("PK") }]);
  await expect(said).toContainText("flowers.xlsx is a spreadsheet: save it as CSV");
  await dismiss();
  // A web page that was saved under the model's name.
  await add(page, [{ ...model, buffer: Buffer.from("<!doctype html><title>404</title>") }]);
  await expect(said).toContainText("irises.onnx");
  await expect(said).toHaveAttribute("role", "alert");
  await dismiss();
  await expect(page.locator("#models")).toContainText("None yet");

  await add(page, [model]);
  await expect(said).toContainText("irises takes 4 columns of numbers");
  // A table whose columns are too few is no table for it, and that is said.
  const [header, ...lines] = fixture("tables/iris.csv").toString().trim().split("\n");
  const cut = [header, ...lines].map((line) => (line ?? "").split(",").slice(0, 2).join(","));
  await add(page, [{ ...table, name: "half.csv", buffer: Buffer.from(cut.join("\n")) }]);
  expect(await demo.ended()).toBe("rows");
  expect((await demo.grid()).columns).toEqual(["sepal_length", "sepal_width"]);
  await page.locator("#models .use").click();
  await expect(page.locator(".notice", { hasText: "bring a table that has them" }).first()).toBeVisible();

  await add(page, [table]);
  expect(await demo.ended()).toBe("rows");
  await page.locator("#models .use").click();
  await page.locator("#run").click();
  expect(await demo.ended()).toBe("rows");
  expect(await demo.column("output_label")).toEqual(irises.labels.slice(0, 150));
});
