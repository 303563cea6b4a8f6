// Opens the demo page as a user would, runs the tutorials and prints their rows: `node check.mjs <address of the page>`.

import { chromium } from "@playwright/test";
import { ended, launchOptions, readGrid } from "./browser.mjs";

const [address] = process.argv.slice(2);
if (!address) {
  console.error("usage: node check.mjs <address of the page>");
  process.exit(1);
}

const mostRows = 10;
const widest = 44;

/** @param {string} text */
const cut = (text) => (text.length > widest ? `${text.slice(0, widest - 1)}…` : text);

/** @param {{ columns: string[], rows: string[][] }} grid */
function aligned({ columns, rows }) {
  const lines = [columns, ...rows.slice(0, mostRows)].map((line) => line.map(cut));
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  const text = lines.map((line) => line.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  "));
  if (rows.length > mostRows) text.push(`… and ${rows.length - mostRows} more`);
  return text.map((line) => line.trimEnd()).join("\n");
}

const browser = await chromium.launch(launchOptions);
try {
  for (const tutorial of [
    "iris",
    "pictures",
    "people",
    "letters",
    "meaning",
    "similar",
    "penguins",
    "versions",
    "tsql",
    "own",
    "kinds",
    "broken",
  ]) {
    const page = await browser.newPage();
    await page.goto(address);
    await page.locator(`.card[href="#${tutorial}"]`).click();
    let state = await ended(page, 240_000);
    if (tutorial === "broken" && state === "error") {
      console.log(`\nbroken: ${await page.locator(".failure .message").textContent()}`);
      await page.locator(".failure .primary").click();
      state = await ended(page);
    }
    const status = await page.locator("#result .status").textContent();
    if (state !== "rows") throw new Error(`${tutorial}: ${await page.locator("#result").textContent()}`);
    console.log(`\n${tutorial}: ${status}\n${aligned(await readGrid(page))}`);
    await page.close();
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await browser.close();
}
