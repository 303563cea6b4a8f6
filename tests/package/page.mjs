// A page of its own for each test of the file that imports this, and a way to run code there.

import { after, before, beforeEach } from "node:test";
import { launch, serve } from "./site.mjs";

export let site;
export let page;
let browser;

before(async () => {
  site = await serve();
  browser = await launch();
});
beforeEach(async () => {
  await page?.context().close();
  page = await (await browser.newContext()).newPage();
  await page.goto(site.origin);
});
after(async () => {
  await browser?.close();
  site?.close();
});

/** How long a page may take, in milliseconds: one that never answers is a failed test, not a run without end. */
const patience = 180_000;

/** Runs in the page, with what the harness exports. */
export async function inPage(work, argument) {
  let timer;
  const silence = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the page gave no answer for ${patience / 1000} s`)), patience);
  });
  return Promise.race([evaluate(work, argument), silence]).finally(() => clearTimeout(timer));
}

const evaluate = (work, argument) =>
  page.evaluate(
    async ([source, argument]) => {
      const harness = await import("/site/harness.js");
      const { default: work } = await import(
        URL.createObjectURL(new Blob([`export default ${source}`], { type: "text/javascript" }))
      );
      return work(harness, argument);
    },
    [work.toString(), argument],
  );
