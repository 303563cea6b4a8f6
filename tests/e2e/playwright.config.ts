// The page is served as it will be: built, with the headers of its own preview server.

import { defineConfig } from "@playwright/test";
import { launchOptions } from "./browser.mjs";

const address = "http://localhost:41730";

export default defineConfig({
  testDir: ".",
  fullyParallel: true,
  workers: 2,
  timeout: 90_000,
  expect: { timeout: 20_000 },
  forbidOnly: true,
  reporter: "list",
  use: {
    baseURL: address,
    viewport: { width: 1280, height: 800 },
    launchOptions,
    trace: "retain-on-failure",
  },
  webServer: {
    command: `npm run preview -- --port ${new URL(address).port} --strictPort`,
    cwd: "../../www",
    url: address,
  },
});
