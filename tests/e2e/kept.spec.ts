// What the page keeps: without a network, in several tabs, under other names, in a frame.

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { Demo, expect, test } from "./demo.js";

test.use({ serviceWorkers: "allow" });

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".wasm": "application/wasm",
};

/** The built page on a host that sends no headers. */
async function plainHost() {
  const dist = join(import.meta.dirname, "..", "..", "www", "dist");
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const file = pathname.endsWith("/") ? `${pathname}index.html` : pathname;
    const body = await readFile(join(dist, file)).catch(() => undefined);
    response.writeHead(body ? 200 : 404, { "content-type": types[extname(file)] ?? "application/octet-stream" });
    response.end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

test("after one visit the page works without its server, isolated on a host that sends no headers", async ({
  browser,
}) => {
  const host = await plainHost();
  const context = await browser.newContext({ baseURL: host.origin });
  const page = await context.newPage();
  const demo = new Demo(page);
  await demo.open("iris");
  // The engine came before the service worker did, or after: it is kept either way.
  await page.waitForFunction(async () => {
    const names = (await (await caches.open("page-used")).keys()).map(({ url }) => url);
    return names.some((name) => /tables.*\.wasm$/.test(name)) && navigator.serviceWorker.controller !== null;
  });
  host.close();
  await page.reload();
  await page.locator(".cm-content").waitFor({ state: "attached" });
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  expect(await demo.run("SELECT species, COUNT(*) AS n FROM iris GROUP BY species ORDER BY species")).toBe("rows");
  expect((await demo.grid()).rows).toEqual([
    ["setosa", "50"],
    ["versicolor", "50"],
    ["virginica", "50"],
  ]);
  await context.close();
});

test("two tabs have a query each, and see each other's tables", async ({ demo, context, page }) => {
  await demo.open("iris");
  const other = new Demo(await context.newPage());
  await other.open();
  await demo.write("SELECT 'first'");
  await other.write("CREATE OR REPLACE TABLE made AS SELECT 1 AS x");
  await other.run();
  await expect(page.locator("#tables")).toContainText("made");
  await page.reload();
  await expect(page.locator(".cm-content")).toContainText("'first'");
});

test("a table and a model are renamed in the sidebar", async ({ demo, page }) => {
  await demo.open("iris");
  await page.locator("#tables summary").click();
  await page.getByLabel("New name of iris").fill("blossoms");
  await page.getByLabel("New name of iris").press("Enter");
  await expect(page.locator("#tables .name")).toHaveText("blossoms");
  await page.locator("#models summary").click();
  await page.locator("#models input").fill("forest");
  await page.locator("#models").getByRole("button", { name: "Rename", exact: true }).click();
  await expect(page.locator("#models .name")).toHaveText("forest");
  expect(await demo.run("SELECT label FROM ML.PREDICT(MODEL forest, TABLE blossoms) LIMIT 1")).toBe("rows");
});

test("where nothing is kept, leaving asks first", async ({ demo, page }) => {
  await page.addInitScript(() => Object.defineProperty(globalThis, "indexedDB", { value: undefined }));
  await demo.open();
  await demo.drop({ name: "points.csv", bytes: "x,y\n1,2\n" });
  await expect(page.locator("#tables .name")).toHaveText("points");
  const asked = page.waitForEvent("dialog");
  await page.close({ runBeforeUnload: true });
  const dialog = await asked;
  expect(dialog.type()).toBe("beforeunload");
  await dialog.accept();
});

test("in a frame the page is its query and the result", async ({ demo, page }) => {
  await page.goto("/?embed");
  await page.locator(".cm-content").waitFor();
  await expect(page.locator(".bar")).toBeHidden();
  await expect(page.locator(".catalog")).toBeHidden();
  expect(await demo.run("SELECT 1 AS x")).toBe("rows");
  await page.screenshot({ path: test.info().outputPath("embed.png") });
});

test("the documents are a click away, and found by their search", async ({ page }) => {
  await page.goto("/");
  await page.getByRole("link", { name: "Docs" }).click();
  await expect(page).toHaveTitle(/PredictQL/);
  await page.getByRole("link", { name: "Errors", exact: true }).click();
  await expect(page.getByRole("heading", { name: "unknown-table" })).toBeVisible();
  await page.getByRole("button", { name: "Search" }).click();
  await page.locator(".VPLocalSearchBox input").fill("RESIZE_IMAGE");
  await expect(page.locator(".VPLocalSearchBox .result").first()).toBeVisible();
  await page.screenshot({ path: test.info().outputPath("docs.png") });
});
