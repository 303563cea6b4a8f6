// Both tutorials, from a click to the numbers of scikit-learn and onnxruntime.

import { expect, test } from "./demo.js";
import { expected, iris } from "./expected.js";

interface Pictures {
  pictures: Record<string, { label: string; probabilities: number[] }>;
}

test("iris: labels are scikit-learn's, probabilities onnxruntime's, on all 150 rows", async ({ demo, page }) => {
  await demo.open();
  await page.getByRole("link", { name: /Iris flowers/ }).click();
  expect(await demo.ended()).toBe("rows");
  const { columns, rows } = await demo.grid();
  expect(columns).toEqual([
    "label",
    "probabilities",
    "sepal_length",
    "sepal_width",
    "petal_length",
    "petal_width",
    "species",
  ]);
  const { labels, probabilities } = iris();
  expect(labels).toHaveLength(150);
  expect(rows.map(([label]) => Number(label))).toEqual(labels);
  const worst = Math.max(
    ...rows.flatMap(([, text = "[]"], row) =>
      (JSON.parse(text) as number[]).map((share, i) => Math.abs(share - (probabilities[row]?.[i] ?? Number.NaN))),
    ),
  );
  expect(worst).toBeLessThan(1e-5);
});

test("pictures: an espresso and a cat, as sure as onnxruntime is", async ({ demo, page }) => {
  await demo.open();
  await page.getByRole("link", { name: /What is in this picture/ }).click();
  expect(await demo.ended()).toBe("rows");
  const { columns, rows } = await demo.grid();
  expect(columns).toEqual(["uri", "label", "probability"]);
  expect(rows.map(([uri]) => uri)).toEqual(["demo/coffee.png", "demo/chelsea.png"]);
  expect(rows[0]?.[1]).toBe("espresso");
  expect(rows[1]?.[1]).toMatch(/\bcat\b|tabby/);
  const { pictures } = expected<Pictures>("pictures");
  for (const [uri = "", label, probability] of rows) {
    const known = pictures[uri.replace("demo/", "")];
    expect(label).toBe(known?.label);
    expect(Math.abs(Number(probability) - Math.max(...(known?.probabilities ?? [])))).toBeLessThan(0.01);
  }

  await page.getByRole("button", { name: "Every class it considered" }).click();
  expect(await demo.ended()).toBe("rows");
  for (const [uri = "", , text = "[]"] of (await demo.grid()).rows) {
    const shares = JSON.parse(text) as number[];
    const known = pictures[uri.replace("demo/", "")]?.probabilities ?? [];
    expect(shares).toHaveLength(1000);
    expect(Math.max(...shares.map((share, i) => Math.abs(share - (known[i] ?? Number.NaN))))).toBeLessThan(0.01);
  }
});

test("pictures are seen beside their rows, probabilities as bars", async ({ demo, page }) => {
  await demo.open("pictures");
  const widths = await page
    .locator(".thumbnail img")
    .evaluateAll((images) => images.map((image) => (image as HTMLImageElement).naturalWidth));
  // scikit-image's coffee.png and chelsea.png.
  expect(widths).toEqual([600, 451]);
  const probability = Number((await demo.column("probability"))[0]);
  const bar = page.locator("td.probability .share").first();
  await expect(bar).toHaveText(probability.toFixed(4));
  const share = await bar.evaluate((element) => getComputedStyle(element).getPropertyValue("--share"));
  expect(Number.parseFloat(share)).toBeCloseTo(probability * 100, 1);
});

for (const tutorial of ["iris", "pictures"]) {
  test(`${tutorial}: whatever it says to try next works, or fails as it says`, async ({ demo, page }) => {
    await demo.open(tutorial);
    const steps = page.locator(".next .chip");
    for (const label of await steps.allTextContents()) {
      if (label.startsWith("Add your own")) continue;
      await steps
        .getByText(label, { exact: true })
        .or(steps.filter({ hasText: label }))
        .first()
        .click();
      const state = await demo.ended();
      expect(state, label).toBe(label.startsWith("Break it") ? "error" : "rows");
    }
  });
}

test("iris: the model doubts some flowers, and only those are shown", async ({ demo, page }) => {
  await demo.open("iris");
  await page.getByRole("button", { name: "Only the flowers it doubts" }).click();
  expect(await demo.ended()).toBe("rows");
  const second = (await demo.column("probabilities")).map((text) => (JSON.parse(text) as number[])[1] ?? Number.NaN);
  const doubted = iris().probabilities.filter(([, share = 0]) => share > 0.1 && share < 0.9);
  expect(second).toHaveLength(doubted.length);
  expect(second).toEqual([...second].sort((a, b) => b - a));
});

test("nothing is downloaded before the first run, and its size is told", async ({ demo, page }) => {
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await demo.open();
  await expect(page.locator("#size-note")).toHaveText(/engine: \d+(\.\d)? MB/);
  await expect(page.locator("[data-size=pictures]")).toHaveText(/MB engine \+ .* MB files/);
  expect(asked.filter((path) => /wasm|demo\//.test(path))).toEqual([]);
  await demo.run();
  const engines = asked.filter((path) => path.endsWith(".wasm"));
  expect(engines).toHaveLength(1);
  expect(engines[0]).toContain("tables");
  // What the pictures need besides is told too.
  await expect(page.locator("[data-size=pictures]")).toHaveText(/MB engine \+ .* MB files/);
});

test("pictures begin with the full engine and a decoder, and none is loaded twice", async ({ demo, page }) => {
  const files: string[] = [];
  page.on("request", (request) => request.url().endsWith(".wasm") && files.push(request.url()));
  await demo.open("pictures");
  await demo.open("iris");
  expect(files).toHaveLength(2);
  expect(files[0]).not.toContain("tables");
  expect(files[1]).toContain("pictures");
});
