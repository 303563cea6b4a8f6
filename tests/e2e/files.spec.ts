// Files that people bring: what works at once, and what is said about those that do not.

import { strToU8, zipSync } from "fflate";
import { type Demo, expect, test } from "./demo.js";
import { demoFile, expected, fixture, iris } from "./expected.js";

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

test("a model without a table is asked nothing: the page says what it takes", async ({ demo, page }) => {
  await demo.open();
  await demo.drop({ name: "flowers.onnx", bytes: fixture("models/iris_rf.onnx") });
  await expect(notice(demo, "flowers takes")).toContainText("sepal_length, sepal_width, petal_length and petal_width");
  expect(await demo.ended()).toBe("empty");
  await page.locator("#models .use").click();
  expect(await demo.query()).toBe("DESCRIBE MODEL flowers");
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

/** skl2onnx's default export and its table: what scikit-learn and onnxruntime say. */
const packed = expected<{ labels: string[]; classes: string[]; probabilities: number[][] }>("iris_packed");
const model = { name: "irises.onnx", bytes: fixture("models/iris_packed.onnx") };
const table = { name: "flowers.csv", type: "text/csv", bytes: fixture("tables/iris.csv") };

test("the commonest export and its table: the answer without a word of SQL", async ({ demo, page }) => {
  await demo.open();
  await demo.drop(table, model);
  expect(await demo.ended()).toBe("rows");
  expect(await demo.query()).toBe(
    `SELECT * EXCEPT (float_input, probabilities)
FROM ML.PREDICT(MODEL irises,
  (SELECT *,
          [sepal_length, sepal_width, petal_length, petal_width] AS float_input
   FROM flowers))`,
  );
  expect(await demo.column("output_label")).toEqual(packed.labels.slice(0, 150));
  await expect(page.locator(".notice")).toHaveCount(1);

  // "use" writes the same, and so does the way out of the error of who forgot.
  const query = await demo.query();
  expect(await demo.run("SELECT * FROM ML.PREDICT(MODEL irises, TABLE flowers)")).toBe("error");
  await page.getByRole("button", { name: "Take them from the columns of flowers" }).click();
  expect(await demo.ended()).toBe("rows");
  expect(await demo.query()).toBe(query);
  await demo.write("SELECT 1");
  await page.locator("#models .use").click();
  expect(await demo.query()).toBe(query);
});

test("what is to be predicted and what counts the rows are no inputs; where that does not tell, the page asks", async ({
  demo,
  page,
}) => {
  await demo.open();
  const rows = fixture("tables/iris.csv")
    .toString()
    .trim()
    .split("\n")
    .slice(1, 4)
    .map((line) => line.split(",").slice(0, 4).join(","));
  const keyed = ["Id,a,b,c,d,target", ...rows.map((row, at) => `${at},${row},${at}`)].join("\n");
  await demo.drop(model, { name: "keyed.csv", type: "text/csv", bytes: keyed });
  expect(await demo.ended()).toBe("rows");
  expect(await demo.query()).toContain("[a, b, c, d] AS float_input");
  expect(await demo.column("output_label")).toEqual(packed.labels.slice(0, 3));

  const wide = ["m,a,b,c,d", ...rows.map((row) => `7,${row}`)].join("\n");
  await demo.drop({ name: "wide.csv", type: "text/csv", bytes: wide });
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("Which 4 columns of wide are float_input?");
  const use = dialog.getByRole("button", { name: "Use these columns" });
  await expect(use).toBeDisabled();
  await dialog.getByLabel("m", { exact: true }).uncheck();
  await use.click();
  expect(await demo.ended()).toBe("rows");
  expect(await demo.query()).toContain("[a, b, c, d] AS float_input\n   FROM wide");
  expect(await demo.column("output_label")).toEqual(packed.labels.slice(0, 3));
});

test("a model of texts takes the only text, one of pictures the pictures", async ({ demo }) => {
  await demo.open();
  await demo.drop(
    { name: "words.onnx", bytes: fixture("models/gaps_text.onnx") },
    { name: "texts.csv", type: "text/csv", bytes: "n,word\n1,a\n2,b\n" },
  );
  await demo.ended();
  expect(await demo.query()).toContain("word AS X\n   FROM texts");
  await demo.drop(
    { name: "look.onnx", bytes: fixture("models/picture_nchw.onnx") },
    { name: "cup.png", type: "image/png", bytes: demoFile("coffee.png") },
  );
  expect(await demo.ended()).toBe("rows");
  expect(await demo.query()).toMatch(
    /ML\.RESIZE_IMAGE\(ML\.DECODE_IMAGE\(data, STRUCT\(TRUE AS apply_orientation\)\), \d+, \d+, FALSE\) AS /,
  );
});

test("of several tables the one that fits is taken, and that is said", async ({ demo }) => {
  await demo.open();
  await demo.drop(
    table,
    { name: "cities.csv", type: "text/csv", bytes: "city,a,b,c,d\nOslo,1,2,3,4\n" },
    { name: "f.onnx", bytes: fixture("models/iris_rf.onnx") },
  );
  expect(await demo.ended()).toBe("rows");
  expect(await demo.query()).toContain("FROM flowers");
  await expect(notice(demo, "f is asked about flowers, which fits it best.")).toBeVisible();
});

test("weights, names of classes, archives and scripts come in together, each accounted for in one place", async ({
  demo,
  page,
}) => {
  await demo.open();
  await demo.drop(
    { name: "external_data.onnx", bytes: fixture("models/external_data.onnx") },
    { name: "external_data.bin", bytes: fixture("models/external_data.bin") },
    { name: "notes.pdf", type: "application/pdf", bytes: "%PDF" },
  );
  await demo.ended();
  await expect(page.locator(".notice li")).toHaveText([
    /^notes\.pdf cannot be used here/,
    "external_data.onnx is the model external_data with the weights in external_data.bin.",
  ]);
  expect(await demo.names("models")).toEqual(["external_data"]);
  await page.getByRole("button", { name: "Dismiss" }).click();

  const zip = zipSync({
    "mlflow/model.onnx": fixture("models/linear_multi.onnx"),
    "mlflow/MLmodel": strToU8("flavors:\n  onnx: {}\n"),
    "mlflow/labels.txt": strToU8("low\nmiddle\nhigh\n"),
    "mlflow/.DS_Store": strToU8("x"),
    "six.csv": strToU8("a,b,c,d,e,f\n0.5,1.5,-1,2,0,1\n"),
  });
  await demo.drop({ name: "all.zip", type: "application/zip", bytes: Buffer.from(zip) });
  expect(await demo.ended()).toBe("rows");
  await expect(page.locator(".notice li")).toHaveText([
    "all/six.csv is the table six: 1 row, 6 columns.",
    "all/mlflow/model.onnx is the model mlflow and the 3 labels of all/mlflow/labels.txt.",
    "Not needed: all/mlflow/MLmodel.",
  ]);
  expect(["low", "middle", "high"]).toContain((await demo.column("predicted_label"))[0]);

  await demo.drop({ name: "mine.sql", bytes: "SELECT a + b AS s FROM six" });
  expect(await demo.ended()).toBe("rows");
  expect(await demo.column("s")).toEqual(["2"]);
  await demo.drop({ name: "broken.zip", bytes: "PK\x03\x04 no" });
  await expect(notice(demo, "broken.zip cannot be unpacked")).toBeVisible();
});

test("models of TensorFlow come in as they are: a file of TensorFlow Lite, and the folder of a SavedModel in a zip", async ({
  demo,
  page,
}) => {
  await demo.open();
  await demo.drop(
    { name: "thing.tflite", bytes: fixture("lite/described.tflite") },
    { name: "cup.png", type: "image/png", bytes: demoFile("coffee.png") },
  );
  expect(await demo.ended()).toBe("rows");
  expect(await demo.query()).toContain("ML.PREDICT(MODEL thing");
  await page.getByRole("button", { name: "Dismiss" }).click();

  const inside = ["saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"];
  const folder = Object.fromEntries(inside.map((path) => [`sums/${path}`, fixture(`tensorflow/functions/${path}`)]));
  await demo.drop({ name: "mine.zip", type: "application/zip", bytes: Buffer.from(zipSync(folder)) });
  await demo.ended();
  await expect(notice(demo, "mine/sums is the model sums.")).toBeVisible();
  expect((await demo.names("models")).sort()).toEqual(["sums", "thing"]);
  await demo.drop({ name: "net.keras", bytes: "PK" });
  await expect(notice(demo, "net.keras is Keras' own format")).toContainText("model.export(folder)");
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
  await expect(notice(demo, "notes.txt is a text")).toContainText("labels.txt");
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

test("a truncated picture costs its own row, and is named", async ({ demo, page }) => {
  await demo.open("pictures");
  const coffee = demoFile("coffee.png");
  await demo.drop({ name: "torn.png", type: "image/png", bytes: coffee.subarray(0, coffee.length / 2) });
  expect(await demo.ended()).toBe("rows");
  await expect(page.locator(".warnings")).toContainText("torn.png");
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
