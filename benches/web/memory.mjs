// The memory of engines, each with each model in a browser of its own, so that the peak of a page's process is of nothing else.

import { readFile } from "node:fs/promises";
import { startBrowser } from "./host.mjs";

const models = ["forest", "resnet_50", "minilm", "large"];
const runs = 100;

/** What a part of the bench measures, of pages at `origin`. */
export async function memory(origin) {
  const measured = {};
  for (const model of models) {
    for (const who of ["ours", "theirs"]) {
      for (const [what, bytes] of Object.entries(await measure(origin, who, model))) {
        const name = `${model}: ${what}`;
        measured[name] ??= { unit: "MiB", ours: [], theirs: [] };
        measured[name][who].push(bytes);
      }
    }
  }
  return { measured, disagreements: [] };
}

async function measure(origin, who, model) {
  const browser = await startBrowser();
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${origin}/memory.html`);
  await page.waitForFunction(() => "runs" in globalThis);
  const loaded = await page.evaluate(([who, model]) => globalThis.load(who, model), [who, model]);
  const peak = await processOf(browser, "VmHWM");
  const after = await page.evaluate((count) => globalThis.runs(count), runs);
  const held = await processOf(browser, "VmRSS");
  await browser.close();
  return {
    "the engine, loaded": loaded,
    [`the engine, after ${runs} runs`]: after,
    ...(peak && { "the page's process, its peak while loading": peak }),
    ...(held && { [`the page's process, after ${runs} runs`]: held }),
  };
}

/** What Linux tells of the process of the only page: the browser's own count of a page leaves its workers out, or waits for garbage. */
async function processOf(browser, what) {
  if (process.platform !== "linux") return;
  const { processInfo } = await (await browser.newBrowserCDPSession()).send("SystemInfo.getProcessInfo");
  const [busiest] = processInfo.filter(({ type }) => type === "renderer").sort((a, b) => b.cpuTime - a.cpuTime);
  const status = await readFile(`/proc/${busiest.id}/status`, "utf8");
  return Number(new RegExp(`${what}:\\s*(\\d+) kB`).exec(status)[1]) * 1024;
}
