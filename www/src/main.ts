// The page as a whole: who tells whom. Whatever shows or decides something lives in a module of its own.

import type { PredictQL } from "predictql";
import { showCatalog } from "./catalog.js";
import { find } from "./dom.js";
import { acceptDrops } from "./drop.js";
import { createEditor } from "./editor.js";
import { loadedEngine } from "./engine.js";
import { sortFiles } from "./files.js";
import { fetchNamed, photos, type Taken, takeIn } from "./intake.js";
import { Jobs } from "./jobs.js";
import { recall, remember } from "./memory.js";
import { notice } from "./notices.js";
import { countFromNow, noteEngineRequests, watchRequests } from "./requests.js";
import { createResults } from "./results.js";
import { covers, decodesPictures, lookQuery, predictQuery, seesPictures } from "./sql.js";
import { showSizes, showTutorial, type Tutorial, tutorialAt, tutorials } from "./tutorials.js";

const runButton = find<HTMLButtonElement>("#run");
const fileInput = find<HTMLInputElement>("#files");
const results = createResults(find("#result"));

/** What the page itself wrote into the editor last: it may be written over. */
let written = tutorials[0].sql;
/** Whether pictures came in before the engine. */
let picturesCame = false;
/** How many tutorials were opened: of clicks in a hurry only the last one runs. */
let opened = 0;

const jobs = new Jobs({
  engine: () => (picturesCame || decodesPictures(editor.text) ? "full" : "auto"),
  async onEngine(db) {
    noteEngineRequests((await db.stats()).requests);
    countFromNow("the page and its engine have loaded");
  },
  async onEnd() {
    const db = loadedEngine();
    if (!db) return;
    showSizes((await db.ready).engine);
    const [models, tables, stats] = await Promise.all([db.models(), db.tables(), db.stats()]);
    showCatalog(models, tables, { insert: editor.insert, write });
    noteEngineRequests(stats.requests);
    editor.recheck();
  },
});

const editor = createEditor(find("#editor"), {
  text: recall("query") ?? written,
  onChange: (text) => remember("query", text),
  onRun: () => {
    void run();
    return true;
  },
  onCancel: () => jobs.cancel(),
  check: async (text) => (await loadedEngine()?.check(text))?.diagnostics ?? [],
  complete: async (text, offset) => (await loadedEngine()?.complete(text, offset)) ?? [],
});

async function run(): Promise<void> {
  if (jobs.running) return;
  const sql = editor.text;
  const start = performance.now();
  const elapsed = () => performance.now() - start;
  const controller = new AbortController();
  // The first result needs the room of the first screen.
  if (!find("#landing").hidden) explain(tutorials.find((tutorial) => tutorial.sql === sql));
  results.running();
  show("result");
  try {
    await jobs.do(async (db, control) => {
      await fetchNamed(db, sql, control);
      results.rows(await db.exec(sql, { ...control, int64: "bigint" }), elapsed());
    }, controller);
  } catch (error) {
    if (controller.signal.aborted) {
      results.cancelled(elapsed());
    } else {
      results.failed(error, ({ from, to, insert }) => {
        if (editor.text !== sql) return notice("The query has changed since: the fix no longer fits.", "bad");
        editor.edit(from, to, insert);
        void run();
      });
    }
  }
}

function write(sql: string): void {
  written = sql;
  editor.write(sql);
  show("sql");
}

async function addFiles(files: Iterable<File>): Promise<void> {
  const sorted = sortFiles(files);
  for (const { file, reason } of sorted.rejected) notice(`${file.name} ${reason}.`, "bad");
  const first = [...sorted.models, ...sorted.tables, ...sorted.pictures][0];
  if (!first) return;
  picturesCame ||= sorted.pictures.length > 0;
  try {
    await jobs.busyWith(async () => {
      const sql = await jobs.do(async (db, control) => {
        countFromNow(`${first.name} came in`);
        return queryFor(await takeIn(db, sorted, control), db);
      });
      if (sql === undefined) return;
      if (editor.text !== written && editor.text.trim() !== "") notice("Your own query is one undo away.");
      if (sql !== editor.text) write(sql);
      await run();
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") notice("Cancelled: not all files came in.");
    else notice(error instanceof Error ? error.message : String(error), "bad");
  }
}

/** The query that a newcomer would write next; none where the user has a query of their own at work. */
async function queryFor(taken: Taken, db: PredictQL): Promise<string | undefined> {
  const [models, tables] = await Promise.all([db.models(), db.tables()]);
  const model = taken.models.at(-1);
  if (model) return predictQuery(model, [...taken.tables, ...tables]);
  const text = editor.text;
  if (text !== written && text.trim() !== "") return undefined;
  if (taken.pictures && text.includes(photos)) return text;
  const table = taken.pictures ? tables.find(({ name }) => name === photos) : taken.tables.at(-1);
  if (!table) return undefined;
  const asks = models.find((known) => (table.kind === "images" ? seesPictures(known) : covers(table, known)));
  return asks ? predictQuery(asks, [table]) : lookQuery(table);
}

function open(tutorial: Tutorial, text = tutorial.sql): void {
  remember("tutorial", tutorial.id);
  explain(tutorial);
  written = tutorial.sql;
  if (editor.text !== text) editor.write(text);
  if (text !== tutorial.sql) return;
  jobs.cancel();
  const turn = ++opened;
  void jobs.settled.then(() => {
    if (turn === opened) void run();
  });
}

/** A tutorial's words, or none, in place of the first screen. */
function explain(tutorial: Tutorial | undefined): void {
  showTutorial(tutorial, {
    write(sql) {
      write(sql);
      void run();
    },
    choose,
  });
}

function choose(accept: string): void {
  fileInput.accept = accept;
  fileInput.click();
}

/** On a phone one part of the page is seen at a time. */
function show(view: string): void {
  document.body.dataset.view = view;
  for (const button of document.querySelectorAll<HTMLElement>("[data-show]")) {
    if (button.dataset.show === view) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
}

runButton.addEventListener("click", () => void run());
find("#cancel").addEventListener("click", () => jobs.cancel());
find("#add").addEventListener("click", () =>
  choose(".onnx,.csv,.json,.ndjson,.jsonl,.parquet,.arrow,image/png,image/jpeg,image/bmp,image/webp,image/gif"),
);
fileInput.addEventListener("change", () => {
  const files = Array.from(fileInput.files ?? []);
  fileInput.value = "";
  void addFiles(files);
});
acceptDrops((files) => void addFiles(files));
for (const button of document.querySelectorAll<HTMLElement>("[data-show]")) {
  button.addEventListener("click", () => show(button.dataset.show ?? "sql"));
}
addEventListener("keydown", (event) => {
  if (event.defaultPrevented) return;
  if (event.key === "Escape") jobs.cancel();
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void run();
});
// A link to the tutorial that is open already changes no address, but its click still means: from the start.
document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  const tutorial = link && link.hash === location.hash ? tutorialAt(link.hash) : undefined;
  if (tutorial) open(tutorial);
});
addEventListener("hashchange", () => {
  const tutorial = tutorialAt(location.hash);
  if (tutorial) open(tutorial);
});

watchRequests();
showCatalog([], [], { insert: editor.insert, write });
showSizes();
if (/Mac|iP(hone|ad)/.test(navigator.platform)) find("[data-mod]").textContent = "⌘";
runButton.disabled = false;

const asked = tutorialAt(location.hash);
if (asked) {
  // After a reload the query is the one that was left, and nothing runs by itself.
  const left = recall("tutorial") === asked.id && recall("query");
  open(asked, left || asked.sql);
}
