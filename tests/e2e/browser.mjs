// How Chromium is started, and how a result is read from the page: shared by the tests and by check.mjs.

/** The system's browser: Playwright's own is not downloaded. */
export const launchOptions = {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
  ],
};

/**
 * Waits until the page has done everything that it was asked for, and answers how the last query ended.
 * @param {import("@playwright/test").Page} page
 * @param {number} timeout
 */
export async function ended(page, timeout = 60_000) {
  await page.locator("#result[aria-busy=false]").waitFor({ timeout });
  return (await page.locator("#result").getAttribute("data-state")) ?? "";
}

/**
 * The grid as it is on the page: names of the columns and the full value of every cell.
 * @param {import("@playwright/test").Page} page
 * @returns {Promise<{ columns: string[], rows: string[][] }>}
 */
export function readGrid(page) {
  return page.locator(".grid table").evaluate((table) => ({
    columns: Array.from(table.querySelectorAll("th .name"), (name) => name.textContent ?? ""),
    rows: Array.from(table.querySelectorAll("tbody tr"), (row) =>
      Array.from(row.querySelectorAll("td"), (cell) => cell.title),
    ),
  }));
}
