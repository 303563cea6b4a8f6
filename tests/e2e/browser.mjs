// How Chromium is started, which the tests of the package share, and how a result is read from the page.

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
export async function ended(page, timeout = 150_000) {
  await page.locator("#result[aria-busy=false]").waitFor({ timeout });
  return (await page.locator("#result").getAttribute("data-state")) ?? "";
}

/**
 * The grid as it is on the page, from its first row to its last: names of the columns and the full value of every cell.
 * @param {import("@playwright/test").Page} page
 * @returns {Promise<{ columns: string[], rows: string[][] }>}
 */
export function readGrid(page) {
  return page.locator(".grid").evaluate(async (grid) => {
    const count = Number(grid.querySelector("table")?.getAttribute("aria-rowcount")) - 1;
    /** @type {string[][]} */
    const rows = [];
    grid.scrollTop = 0;
    for (let tries = 0; tries < 1000; tries++) {
      for (const row of grid.querySelectorAll("tbody tr[aria-rowindex]")) {
        const place = Number(row.getAttribute("aria-rowindex")) - 2;
        rows[place] = Array.from(
          row.querySelectorAll("td:not(.spacer)"),
          (cell) => /** @type {HTMLElement} */ (cell).title,
        );
      }
      if (Object.keys(rows).length >= count) break;
      grid.scrollTop += grid.clientHeight;
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    }
    return { columns: Array.from(grid.querySelectorAll("th .name"), (name) => name.textContent ?? ""), rows };
  });
}
