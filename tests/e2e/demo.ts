// The page through a user's hands: everything here is a click, a key, a drop, or a look.

import { test as base, expect, type JSHandle, type Page } from "@playwright/test";
import { ended, readGrid } from "./browser.mjs";

export interface Dropped {
  name: string;
  type?: string;
  bytes: Buffer | string;
}

export interface Grid {
  columns: string[];
  rows: string[][];
}

export class Demo {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  async open(tutorial = ""): Promise<void> {
    await this.page.goto(tutorial === "" ? "/" : `/#${tutorial}`);
    await this.page.locator(".cm-content").waitFor({ state: "attached" });
    if (tutorial !== "") expect(await this.ended()).toBe("rows");
  }

  /** Replace the query, as pasting does. */
  async write(sql: string): Promise<void> {
    await this.page.locator(".cm-content").click();
    await this.page.keyboard.press("ControlOrMeta+A");
    await this.page.keyboard.insertText(sql);
  }

  async query(): Promise<string> {
    return (await this.page.locator(".cm-line").allTextContents()).join("\n");
  }

  async run(sql?: string): Promise<string> {
    if (sql !== undefined) await this.write(sql);
    await this.page.locator("#run").click();
    return this.ended();
  }

  /** Follow one of the tutorial's suggestions. */
  async next(label: string): Promise<void> {
    await this.page.locator(".next").getByRole("button", { name: label, exact: true }).click();
    expect(await this.ended(), label).toBe("rows");
  }

  ended(timeout?: number): Promise<string> {
    return ended(this.page, timeout);
  }

  /** Every row of the result, scrolled through. */
  async grid(): Promise<Grid> {
    return readGrid(this.page);
  }

  async column(name: string): Promise<string[]> {
    const { columns, rows } = await this.grid();
    const index = columns.indexOf(name);
    expect(index, `a column ${name} among ${columns.join(", ")}`).toBeGreaterThanOrEqual(0);
    return rows.map((row) => row[index] ?? "");
  }

  /** Drag files over the page; `drop` lets them fall. */
  async drag(files: readonly Dropped[]): Promise<{ data: JSHandle<DataTransfer>; drop(): Promise<void> }> {
    const data = await this.page.evaluateHandle(
      (list) => {
        const transfer = new DataTransfer();
        for (const { name, type, base64 } of list) {
          const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
          transfer.items.add(new File([bytes], name, { type }));
        }
        return transfer;
      },
      files.map(({ name, type = "", bytes }) => ({ name, type, base64: Buffer.from(bytes).toString("base64") })),
    );
    const target = this.page.locator(".cm-content");
    await target.dispatchEvent("dragenter", { dataTransfer: data });
    await target.dispatchEvent("dragover", { dataTransfer: data });
    return { data, drop: () => target.dispatchEvent("drop", { dataTransfer: data }) };
  }

  async drop(...files: Dropped[]): Promise<void> {
    await (await this.drag(files)).drop();
  }

  /** Names in the sidebar. */
  names(list: "models" | "tables"): Promise<string[]> {
    return this.page.locator(`#${list} .name`).allInnerTexts();
  }
}

/** Every test fails on a request to another origin, and on any complaint of the browser. */
export const test = base.extend<{ demo: Demo }>({
  demo: async ({ page, baseURL }, use) => {
    const strangers: string[] = [];
    const complaints: string[] = [];
    page.context().on("request", (request) => {
      const url = new URL(request.url());
      if (url.protocol.startsWith("http") && url.origin !== new URL(baseURL ?? "").origin) strangers.push(url.href);
    });
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    await use(new Demo(page));
    expect(strangers, "requests to other origins").toEqual([]);
    expect(complaints, "errors in the console").toEqual([]);
  },
});

export { expect };
