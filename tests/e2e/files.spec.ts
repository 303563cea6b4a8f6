// Files that people bring: what works at once, and what is said about those that do not.

import { type Demo, expect, test } from "./demo.js";
import { demoFile, fixture, iris } from "./expected.js";

const notice = (demo: Demo, text: string | RegExp) => demo.page.locator(".notice", { hasText: text });

test("a user's own model and CSV, dropped: the page writes the query and the numbers are right", async ({ demo }) => {
  await demo.open();
  const [header = "", ...lines] = fixture("tables/iris.csv").toString().trim().split("\n");
  const mine = [lines[0], lines[60], lines[120]];
  await demo.drop({ name: "My garden 2024.csv", type: "text/csv", bytes: [header, ...mine].join("\n") });
  expect(await demo.ended()).toBe("rows");
  expect(await demo.query()).toBe("SELECT *\nFROM my_garden_2024\nLIMIT 100");
  await expect(notice(demo, "my_garden_2024: 3 rows, 5 columns")).toBeVisible();

  await demo.drop({ name: "flower-model.onnx", bytes: fixture("models/iris_rf.onnx") });
  expect(await demo.ended()).toBe("rows");
  expect(await demo.query()).toContain("ML.PREDICT(MODEL flower_model");
  expect(await demo.names("models")).toEqual(["flower_model"]);
  const { labels } = iris();
  expect((await demo.column("label")).map(Number)).toEqual([labels[0], labels[60], labels[120]]);
});

test("a model without a table is asked about constants, and its signature is at the side", async ({ demo, page }) => {
  await demo.open();
  await demo.drop({ name: "flowers.onnx", bytes: fixture("models/iris_rf.onnx") });
  expect(await demo.ended()).toBe("rows");
  expect(await demo.column("label")).toHaveLength(1);
  await page.locator("#models summary").click();
  for (const name of ["sepal_length", "petal_width", "label", "probabilities"]) {
    await expect(page.locator("#models dt", { hasText: name })).toBeVisible();
  }
});

test("dropped pictures join `photos` and are classified with the others", async ({ demo, page }) => {
  await demo.open("pictures");
  await demo.drop({ name: "my breakfast.png", type: "image/png", bytes: demoFile("coffee.png") });
  expect(await demo.ended()).toBe("rows");
  const { rows } = await demo.grid();
  expect(new Map(rows.map(([uri, label]) => [uri, label])).get("my breakfast.png")).toBe("espresso");
  expect(rows.map(([uri]) => uri).sort()).toEqual(["demo/chelsea.png", "demo/coffee.png", "my breakfast.png"]);
  const own = page.locator("tr", { hasText: "my breakfast.png" }).locator("img");
  await expect(own).toHaveAttribute("src", /^blob:/);
  expect(await own.evaluate((image) => (image as HTMLImageElement).naturalWidth)).toBe(600);
});

test("files come in by the button too", async ({ demo, page }) => {
  await demo.open();
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Add files…" }).click();
  await (await chooser).setFiles({
    name: "seen.csv",
    mimeType: "text/csv",
    buffer: Buffer.from("city,degrees\nOslo,4.5\nCairo,NA\n"),
  });
  expect(await demo.ended()).toBe("rows");
  expect(await demo.column("degrees")).toEqual(["4.5", "NULL"]);
  await expect(page.locator("td .null")).toHaveText("NULL");
});

test("before the drop the page says what will happen", async ({ demo, page }) => {
  await demo.open();
  const overlay = page.locator("#drop");
  await expect(overlay).toBeHidden();
  const files = await demo.drag([
    { name: "a.png", type: "image/png", bytes: "" },
    { name: "b.jpg", type: "image/jpeg", bytes: "" },
    { name: "t.csv", type: "text/csv", bytes: "a\n1\n" },
  ]);
  await expect(overlay).toHaveText("2 pictures join the table photos; the rows become a table.");
  await page.locator(".cm-content").dispatchEvent("dragleave", { dataTransfer: files.data });
  await expect(overlay).toBeHidden();
  await demo.drag([{ name: "talk.mp4", type: "video/mp4", bytes: "" }]);
  await expect(overlay).toContainText("cannot be used here");
});

test("a file of a foreign kind is refused with a reason, and the rest of the drop comes in", async ({ demo }) => {
  await demo.open();
  await demo.drop(
    { name: "net.pt", bytes: "PK" },
    { name: "notes.txt", type: "text/plain", bytes: "hello" },
    { name: "one.csv", type: "text/csv", bytes: "a\n1\n" },
  );
  expect(await demo.ended()).toBe("rows");
  await expect(notice(demo, "net.pt is PyTorch's own format")).toContainText("torch.onnx.export");
  await expect(notice(demo, "notes.txt cannot be used here")).toContainText(".onnx");
  expect(await demo.names("tables")).toEqual(["one"]);
});

test("a wrong file under a model's name: the message names it, everything else stays", async ({ demo }) => {
  await demo.open("iris");
  await demo.drop({ name: "holiday.onnx", bytes: demoFile("coffee.png") });
  await demo.ended();
  const message = notice(demo, "holiday.onnx");
  await expect(message).toHaveAttribute("role", "alert");
  await expect(message).toContainText(/ONNX/);
  expect(await demo.names("models")).toEqual(["bqml_tutorial.imported_onnx_model"]);
  expect(await demo.names("tables")).toEqual(["iris"]);
  await message.getByRole("button", { name: "Dismiss" }).click();
  await expect(message).toBeHidden();
  expect(await demo.run()).toBe("rows");
  expect(await demo.column("label")).toHaveLength(150);
});

test("a truncated picture: the query says which one, and the others still work", async ({ demo, page }) => {
  await demo.open("pictures");
  const coffee = demoFile("coffee.png");
  await demo.drop({ name: "torn.png", type: "image/png", bytes: coffee.subarray(0, coffee.length / 2) });
  expect(await demo.ended()).toBe("error");
  await expect(page.locator(".failure")).toContainText("torn.png");
  expect(await demo.names("models")).toEqual(["classifier"]);
  expect(await demo.names("tables")).toEqual(["photos"]);
  const state = await demo.run(
    "SELECT label FROM ML.PREDICT(MODEL classifier, (SELECT ML.RESIZE_IMAGE(ML.DECODE_IMAGE(data), 224, 224, FALSE) AS input FROM photos WHERE uri = 'demo/coffee.png'))",
  );
  expect(state).toBe("rows");
  expect(await demo.column("label")).toEqual(["espresso"]);
});

test("a CSV with a broken row says where, and nothing is registered", async ({ demo }) => {
  await demo.open();
  await demo.drop({ name: "broken.csv", type: "text/csv", bytes: "a,b\n1,2\n3\n" });
  await demo.ended();
  await expect(notice(demo, "broken.csv")).toContainText(/3/);
  expect(await demo.names("tables")).toEqual([]);
});
