// What makes the page good to use: keys, memory, privacy, paging, contrast, and how it looks.

import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, test } from "./demo.js";
import { demoFile, fixture } from "./expected.js";

test("the keyboard alone is enough", async ({ demo, page }) => {
  await demo.open();
  await page.keyboard.press("Tab");
  await expect(page.getByText("Skip to the query")).toBeFocused();
  const editor = page.locator(".cm-content");
  for (let i = 0; i < 20 && !(await editor.evaluate((element) => element === document.activeElement)); i++) {
    await page.keyboard.press("Tab");
  }
  await expect(editor).toBeFocused();
  await page.keyboard.press("ControlOrMeta+Shift+Enter");
  expect(await demo.ended()).toBe("rows");
  await page.keyboard.press("Tab");
  await expect(page.getByRole("button", { name: "Run" })).toBeFocused();
  await expect(page.getByRole("status").filter({ hasText: "150 rows in" })).toBeVisible();
});

test("escape cancels", async ({ demo, page }) => {
  await demo.open();
  // A slow line: the engine is still on its way.
  await page.route(/\.wasm$/, async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    await route.continue();
  });
  await page.locator(".cm-content").click();
  await page.keyboard.press("ControlOrMeta+Enter");
  await expect(page.getByRole("button", { name: "Cancel" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.locator("#result .status")).toHaveText(/^Cancelled after/);
  expect(await demo.run()).toBe("rows");
});

test("the query survives a reload, and nothing runs by itself then", async ({ demo, page }) => {
  await demo.open("iris");
  await demo.write("SELECT 1 AS mine");
  await page.reload();
  await expect.poll(() => demo.query()).toBe("SELECT 1 AS mine");
  await expect(page.locator("#tutorial h1")).toHaveText("Iris flowers");
  await expect(page.locator("#result")).toHaveAttribute("data-state", "empty");
});

test("what the page does by itself is done before Run takes a click", async ({ demo, page }) => {
  await demo.open("iris");
  await page.addInitScript(() => {
    const seen: boolean[] = [];
    Object.assign(globalThis, { seen });
    const look = () => {
      const run = document.querySelector<HTMLButtonElement>("#run");
      if (run && seen.at(-1) !== run.disabled) seen.push(run.disabled);
    };
    new MutationObserver(look).observe(document, { subtree: true, childList: true, attributeFilter: ["disabled"] });
  });
  // The tables are read from the browser's storage, then the tutorial runs again: two jobs, and no gap to click into.
  await page.reload();
  await expect(page.locator("#result[data-state=rows][aria-busy=false]")).toBeVisible();
  expect(await page.evaluate(() => (globalThis as unknown as { seen: boolean[] }).seen)).toEqual([true, false]);
});

test("tables and models survive a reload, without a request for their data, and can be removed", async ({
  demo,
  page,
}) => {
  await demo.open("iris");
  await demo.run("CREATE TABLE mine AS SELECT 40 + 2 AS n");
  const data: string[] = [];
  page.on("request", (request) => /\/demo\//.test(request.url()) && data.push(request.url()));
  await page.reload();
  await expect(page.locator("#tables .name")).toHaveText(["iris", "mine"]);
  await expect(page.locator("#models .name")).toHaveText(["bqml_tutorial.imported_onnx_model"]);
  expect(await demo.run("SELECT n FROM mine")).toBe("rows");
  expect(await demo.column("n")).toEqual(["42"]);
  expect(await demo.run("SELECT label FROM ML.PREDICT(MODEL bqml_tutorial.imported_onnx_model, TABLE iris)")).toBe(
    "rows",
  );
  expect(await demo.column("label")).toHaveLength(150);
  expect(data).toEqual([]);
  await page.getByRole("button", { name: "Remove mine" }).click();
  await expect(page.locator("#tables .name")).toHaveText(["iris"]);
  await page.reload();
  await expect(page.locator("#tables .name")).toHaveText(["iris"]);
});

test("names and queries are a click away", async ({ demo, page }) => {
  await demo.open("iris");
  await page.locator("#models .use").click();
  expect(await demo.query()).toBe(
    "SELECT *\nFROM ML.PREDICT(MODEL bqml_tutorial.imported_onnx_model,\n  (SELECT *\n   FROM iris))",
  );
  expect(await demo.run()).toBe("rows");
  expect(await demo.column("label")).toHaveLength(150);
  await demo.write("SELECT * FROM ");
  await page.locator("#tables .name").click();
  expect(await demo.query()).toBe("SELECT * FROM iris");
  expect(await demo.run()).toBe("rows");
});

test("a model that sees is used on the pictures", async ({ demo, page }) => {
  await demo.open("pictures");
  await page.locator("#models .use").click();
  expect(await demo.query()).toContain(
    "ML.RESIZE_IMAGE(ML.DECODE_IMAGE(data, STRUCT(TRUE AS apply_orientation)), 224, 224, FALSE) AS input",
  );
  expect(await demo.run()).toBe("rows");
  expect(await demo.column("label")).toContain("espresso");
});

test("one's own data makes no request at all", async ({ demo, page }) => {
  await demo.open();
  // All of the engine is there: also what a first session does not call.
  await demo.run("SELECT SHA512('one') AS one");
  const asked: string[] = [];
  page.on("request", (request) => {
    if (request.url().startsWith("http")) asked.push(request.url());
  });
  await demo.drop({ name: "flowers.onnx", bytes: fixture("models/iris_rf.onnx") });
  await demo.drop({ name: "garden.csv", type: "text/csv", bytes: fixture("tables/iris.csv") });
  await demo.drop({ name: "cup.png", type: "image/png", bytes: demoFile("coffee.png") });
  await demo.ended();
  expect(await demo.run("SELECT * FROM ML.PREDICT(MODEL flowers, TABLE garden)")).toBe("rows");
  expect(asked).toEqual([]);
  await expect(page.locator("#request-count")).toHaveText("0");
  await page.locator("#badge").click();
  await expect(page.locator("#requests")).toContainText("Since cup.png came in: 0 requests");
});

test("the tutorials' own downloads are counted and listed", async ({ demo, page }) => {
  await demo.open("iris");
  await expect(page.locator("#request-count")).toHaveText("2");
  await page.locator("#badge").click();
  const list = page.locator("#requests");
  await expect(list.locator("ul").first()).toContainText("demo/iris.csv");
  await expect(list.locator("ul").first()).toContainText("demo/iris.onnx");
  await expect(list).toContainText("None carried your data");
  // Running again asks for the model only: CREATE OR REPLACE says so. A query alone asks for nothing.
  await page.keyboard.press("Escape");
  await demo.run("SELECT * FROM iris");
  await expect(page.locator("#request-count")).toHaveText("2");
});

test("pictures are fetched once, and one's own need no request", async ({ demo, page }) => {
  await demo.open("pictures");
  const count = page.locator("#request-count");
  // The model, two pictures and what decodes them.
  await expect(count).toHaveText("4");
  expect(await demo.run()).toBe("rows");
  await expect(count).toHaveText("4");
  await demo.drop({ name: "cup.png", type: "image/png", bytes: demoFile("coffee.png") });
  expect(await demo.ended()).toBe("rows");
  expect(await demo.column("uri")).toHaveLength(3);
  await expect(count).toHaveText("0");
});

async function violations(page: Page): Promise<string[]> {
  const found = await new AxeBuilder({ page }).analyze();
  return found.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
}

const looks = [
  { name: "wide", size: { width: 1280, height: 800 } },
  { name: "phone", size: { width: 390, height: 844 } },
  { name: "narrowest", size: { width: 320, height: 640 } },
];

for (const { name, size } of looks) {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`${name}, ${colorScheme}: readable by everyone, and kept as pictures`, async ({ demo, page }, info) => {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize(size);
      const look = async (what: string) => {
        await page.screenshot({ path: info.outputPath(`${what}.png`) });
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(overflow, `${what} is no wider than the screen`).toBeLessThanOrEqual(0);
      };
      const audit = async (what: string) => {
        await look(what);
        expect(await violations(page), what).toEqual([]);
      };
      const phone = size.width < 900;
      const toQuery = async () => {
        if (phone) await page.getByRole("button", { name: "SQL", exact: true }).click();
      };
      await demo.open();
      await audit("landing");
      let arrive = () => {};
      const held = new Promise<void>((resolve) => {
        arrive = resolve;
      });
      await page.route("**/*.wasm", async (route) => {
        await held;
        await route.continue();
      });
      await page.locator("#run").click();
      await page.locator("#progress").waitFor();
      await look("loading");
      arrive();
      expect(await demo.ended()).toBe("rows");
      await toQuery();
      await page.goto("/#meaning");
      await page.locator(".waits").waitFor();
      await audit("waiting");
      await demo.open("pictures");
      await page.locator(".thumbnail img").first().waitFor();
      await audit("pictures");
      await page
        .locator("a[href='#iris']")
        .first()
        .evaluate((link: HTMLElement) => link.click());
      expect(await demo.ended()).toBe("rows");
      await look("iris");
      await toQuery();
      await look("query");
      expect(await demo.run("SELECT species, COUNT(*) AS n FROM iris GROUP BY species; SELECT * FROM iris")).toBe(
        "rows",
      );
      await audit("several");
      await page.getByRole("button", { name: "Result 1: 3 rows" }).click();
      await page.getByRole("button", { name: "Chart", exact: true }).click();
      await page.locator(".chart svg").first().waitFor();
      await audit("chart");
      await page.getByRole("button", { name: "Plan", exact: true }).click();
      await page.locator(".plan pre").waitFor();
      await audit("plan");
      await page.getByRole("button", { name: "Export" }).click();
      await audit("export");
      await page.keyboard.press("Escape");
      await page.locator("#more").click();
      await look("menu");
      await page.getByRole("button", { name: "Compare what has run" }).click();
      expect(await demo.ended()).toBe("rows");
      await page.locator(".compared mark").first().waitFor();
      await audit("runs");
      const wide = Array.from({ length: 1001 }, (_, row) =>
        Array.from({ length: 100 }, (_, at) => (row === 0 ? `column_${at}` : row * at)).join(","),
      );
      await demo.drop({ name: "wide.csv", bytes: wide.join("\n") }, { name: "net.pt", bytes: "PK" });
      await page.locator(".notice").waitFor();
      await demo.ended();
      await audit("files");
      await page.getByRole("button", { name: "Dismiss" }).click();
      await toQuery();
      expect(await demo.run("SELECT * FROM wide")).toBe("rows");
      await page.locator(".grid").evaluate((grid) => grid.scrollTo(2000, 9000));
      await audit("long");
      await toQuery();
      expect(await demo.run("SELECT * FROM wide WHERE FALSE")).toBe("rows");
      await audit("none");
      await demo.open("people");
      await audit("people");
      await toQuery();
      expect(await demo.run("SELECT * FROM irsi")).toBe("error");
      await audit("error");
      if (phone) {
        await page.getByRole("button", { name: "Data", exact: true }).click();
        await audit("data");
        const run = await page.getByRole("button", { name: "Run" }).boundingBox();
        expect((run?.y ?? 0) + (run?.height ?? 0)).toBeGreaterThan(size.height - 80);
        expect((run?.x ?? 0) + (run?.width ?? 0)).toBeLessThanOrEqual(size.width);
      }
    });
  }
}

test("reduced motion means none", async ({ demo, page }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await demo.open("iris");
  const moving = await page.evaluate(() => document.getAnimations().length);
  expect(moving).toBe(0);
});

test("forced colours leave what is chosen, selected and wrong to see", async ({ demo, page }) => {
  await page.emulateMedia({ forcedColors: "active" });
  await demo.open("iris");
  await page.locator("td").first().click();
  const outline = await page.locator("td.selected").evaluate((cell) => getComputedStyle(cell).outlineStyle);
  expect(outline).not.toBe("none");
  const share = await page
    .locator(".share")
    .first()
    .evaluate((bar) => getComputedStyle(bar).backgroundImage);
  expect(share).toContain("gradient");
});
