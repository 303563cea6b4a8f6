// The page is served as it will be: built, with the headers of its own preview server.

import { defineConfig } from "@playwright/test";
import { launchOptions } from "./browser.mjs";

// Every process of a run must know the same port, and two runs on one machine must not share one.
process.env.PAGE_PORT ??= String(41_000 + (process.pid % 4_000));
const port = process.env.PAGE_PORT;
const address = `http://localhost:${port}`;

export default defineConfig({
  testDir: ".",
  fullyParallel: true,
  workers: 2,
  timeout: 300_000,
  expect: { timeout: 20_000 },
  forbidOnly: true,
  reporter: "list",
  use: {
    baseURL: address,
    viewport: { width: 1280, height: 800 },
    launchOptions,
    // Tests that stand between the page and its server do so alone; `kept.spec.ts` has the page's own.
    serviceWorkers: "block",
    trace: "retain-on-failure",
  },
  webServer: {
    command: `npm run preview -- --port ${port} --strictPort`,
    cwd: "../../www",
    url: address,
  },
});
