// `<predict-ql>`: a statement that its reader may change and run, with the rows below it. What runs it is loaded with the first run.

import type { PredictQL } from "./database.js";
import type { PredictError } from "./errors.js";
import type { Progress } from "./glue/predictql.js";
import type { Result } from "./result.js";

/** Rows beyond these are counted and not drawn. */
const mostRows = 200;

const style = `
  :host { display: block; font: 15px/1.5 system-ui, sans-serif; color-scheme: light dark; margin-block: 1em; }
  :host([hidden]) { display: none; }
  textarea { box-sizing: border-box; width: 100%; padding: 0.7em; border: 1px solid GrayText; border-radius: 6px; background: Field; color: FieldText;
    font: 14px/1.5 ui-monospace, monospace; resize: vertical; tab-size: 2; field-sizing: content; }
  button { font: inherit; padding: 0.25em 1em; margin-block: 0.5em; }
  [role=status] { margin-inline-start: 0.7em; }
  pre { overflow: auto; white-space: pre-wrap; margin: 0.3em 0; font: 14px/1.5 ui-monospace, monospace; }
  .rows { overflow: auto; max-height: 24em; }
  table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
  th, td { padding: 0.25em 0.8em; border-bottom: 1px solid color-mix(in srgb, GrayText 40%, transparent); text-align: start; vertical-align: top; }
  th { position: sticky; top: 0; background: Canvas; }
  .number { text-align: end; }
  .null { opacity: 0.65; font-style: italic; }
`;

let shared: PredictQL | undefined;

/** The package comes with the first run of any of the page's elements, which have one database. */
async function sharedDatabase(): Promise<PredictQL> {
  const { PredictQL } = await import("./index.js");
  shared ??= new PredictQL();
  return shared;
}

/** Scripts that made tables and models, by database: each runs once, whoever asks. */
const prepared = new WeakMap<PredictQL, Map<string, Promise<unknown>>>();

function prepare(db: PredictQL, script: string): Promise<unknown> {
  const scripts = prepared.get(db) ?? new Map<string, Promise<unknown>>();
  prepared.set(db, scripts);
  const running = scripts.get(script) ?? db.exec(script);
  scripts.set(script, running);
  // One that failed is tried again.
  running.catch(() => scripts.delete(script));
  return running;
}

/** Others may wait for the same script: giving up ends the waiting alone. */
function unlessAborted(work: Promise<unknown>, signal: AbortSignal): Promise<unknown> {
  const given = new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  return Promise.race([work, given]);
}

/** On a server there are no elements: there the module can be imported, and does nothing. */
const Base: typeof HTMLElement = globalThis.HTMLElement ?? (class {} as unknown as typeof HTMLElement);

/**
 * A statement to change and run. Its text is the SQL; the attribute `setup` is a script that runs before the first one, `autorun` runs it
 * when it is connected. Tells of `result` (the detail is a `Result`) and `failure` (a `PredictError`).
 *
 * @example
 * <predict-ql setup="CREATE MODEL iris OPTIONS (model_path = '/models/iris.onnx')">
 *   SELECT * FROM ML.PREDICT(MODEL iris, (SELECT 5.1 AS sepal_length, …))
 * </predict-ql>
 */
export class PredictQLElement extends Base {
  readonly #editor = create("textarea", { "aria-label": "SQL query", spellcheck: "false", autocapitalize: "off" });
  readonly #button = create("button", { type: "button", part: "button" });
  readonly #status = create("span", { role: "status" });
  readonly #output = create("div", { part: "output" });
  #db: PredictQL | undefined;
  #running: AbortController | undefined;

  connectedCallback(): void {
    if (this.shadowRoot) return;
    const root = this.attachShadow({ mode: "open" });
    // A policy may forbid style elements, and says nothing of sheets that a script makes.
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style);
    root.adoptedStyleSheets = [sheet];
    this.#button.textContent = "Run";
    this.#button.addEventListener("click", () => (this.#running ? this.#running.abort() : void this.run()));
    this.#editor.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void this.run();
      if (event.key === "Escape") this.#running?.abort();
    });
    root.append(this.#editor, this.#button, this.#status, this.#output);
    // The text of an element comes after its tag: a module is run when it is there.
    if (this.#editor.value === "") this.value = dedent(this.textContent ?? "");
    if (this.hasAttribute("autorun")) void this.run();
  }

  disconnectedCallback(): void {
    this.#running?.abort();
  }

  /** The statement. */
  get value(): string {
    return this.#editor.value;
  }

  set value(sql: string) {
    this.#editor.value = sql;
    this.#editor.rows = sql.split("\n").length;
  }

  /** The database that it asks; without one, that of all elements of the page. */
  get db(): PredictQL | undefined {
    return this.#db ?? shared;
  }

  set db(db: PredictQL | undefined) {
    this.#db = db;
  }

  /** Runs the statement and shows its rows, or why there are none; answers the rows. */
  async run(): Promise<Result | undefined> {
    this.#running?.abort();
    const controller = new AbortController();
    this.#running = controller;
    const isLatest = () => this.#running === controller;
    this.#button.textContent = "Cancel";
    this.#status.textContent = "Running…";
    const onProgress = (progress: Progress) => {
      if (isLatest()) this.#status.textContent = wordsOf(progress);
    };
    try {
      const db = this.#db ?? (await sharedDatabase());
      const setup = this.getAttribute("setup");
      if (setup) await unlessAborted(prepare(db, setup), controller.signal);
      const results = await db.exec(this.value, { signal: controller.signal, onProgress });
      const result = results.findLast(({ numCols }) => numCols > 0) ?? results.at(-1);
      if (isLatest() && result) this.#show(result);
      return result;
    } catch (error) {
      if (controller.signal.aborted) this.#status.textContent = "Cancelled";
      else this.#fail(error as PredictError);
      return undefined;
    } finally {
      if (isLatest()) this.#running = undefined;
      if (!this.#running) this.#button.textContent = "Run";
    }
  }

  #show(result: Result): void {
    const { numRows, numCols, message } = result;
    const more = numRows > mostRows ? `, of which ${mostRows} are shown` : "";
    this.#status.textContent =
      numCols > 0 ? `${numRows} ${numRows === 1 ? "row" : "rows"}${more}` : (message ?? "Done");
    const box = create("div", { class: "rows", tabindex: "0", role: "region", "aria-label": "Rows" });
    box.append(tableOf(result));
    this.#output.replaceChildren(...(numCols > 0 ? [box] : []));
    this.dispatchEvent(new CustomEvent("result", { detail: result }));
  }

  #fail(error: PredictError): void {
    this.#status.textContent = "The query did not run";
    const report = create("pre", { role: "alert" });
    report.textContent = [error.message, error.frame, error.hint].filter(Boolean).join("\n\n");
    this.#output.replaceChildren(report);
    this.dispatchEvent(new CustomEvent("failure", { detail: error }));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "predict-ql": PredictQLElement;
  }
}

if (globalThis.customElements && !customElements.get("predict-ql")) {
  customElements.define("predict-ql", PredictQLElement);
}

function create<Name extends "button" | "div" | "pre" | "span" | "table" | "td" | "textarea" | "th" | "tr">(
  name: Name,
  attributes: Record<string, string> = {},
): HTMLElementTagNameMap[Name] {
  // Fields are made before it is known whether there is a document.
  const element = globalThis.document?.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element?.setAttribute(key, value);
  return element as HTMLElementTagNameMap[Name];
}

function tableOf(result: Result): HTMLElement {
  const table = create("table");
  const columns = result.schema.fields;
  const isNumber = ({ type }: { type: string }) => /^(number|integer|bigint)$/.test(type);
  const head = table.createTHead().insertRow();
  for (const column of columns) {
    const cell = create("th", { scope: "col", class: isNumber(column) ? "number" : "", title: column.databaseType });
    cell.textContent = column.name;
    head.append(cell);
  }
  const body = table.createTBody();
  for (let index = 0; index < Math.min(result.numRows, mostRows); index++) {
    const row = result.at(index) ?? {};
    const line = body.insertRow();
    for (const column of columns) {
      const value: unknown = row[column.name];
      const cell = line.insertCell();
      cell.className = value === null ? "null" : isNumber(column) ? "number" : "";
      cell.textContent = textOf(value, column.databaseType);
    }
  }
  return table;
}

function textOf(value: unknown, databaseType: string): string {
  if (value === null || value === undefined) return "NULL";
  if (value instanceof Date) return databaseType === "DATE" ? value.toISOString().slice(0, 10) : value.toISOString();
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (typeof value !== "object") return String(value);
  const text = JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === "bigint") return String(part);
    return ArrayBuffer.isView(part) ? Array.from(part as unknown as ArrayLike<unknown>) : part;
  });
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

function wordsOf({ label, ratio }: Progress): string {
  return ratio === null ? label : `${label}: ${Math.round(100 * ratio)} %`;
}

/** Without the indentation that all lines share in a page's text. */
function dedent(text: string): string {
  const lines = text
    .replace(/^\s*\n/, "")
    .trimEnd()
    .split("\n");
  const indents = lines.filter((line) => line.trim() !== "").map((line) => /^\s*/.exec(line)?.[0].length ?? 0);
  const shared = Math.min(...indents);
  return lines.map((line) => line.slice(shared)).join("\n");
}
