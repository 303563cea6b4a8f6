// The page as a whole: who tells whom. Whatever shows or decides something lives in a module of its own.

import type { ModelInfo, PredictError, PredictQL, TableInfo } from "predictql";
import { whileWatching } from "./camera.js";
import { showCatalog } from "./catalog.js";
import { classesIn } from "./classes.js";
import { find, h } from "./dom.js";
import { acceptDrops } from "./drop.js";
import type { Span } from "./editor.js";
import { keepsCatalog, loadedEngine } from "./engine.js";
import { bestFit, needs } from "./feed.js";
import { type Incoming, sortFiles } from "./files.js";
import { note, pastQueries, step } from "./history.js";
import { Jobs } from "./jobs.js";
import { embeds, hasTexts } from "./meaning.js";
import { recall, remember } from "./memory.js";
import { fetchNamed } from "./named.js";
import { type Next, nextOf, queryOf, searchScript } from "./next.js";
import { type Fate, notice, noticeFailure, report } from "./notices.js";
import { keepFetched, keepOffline } from "./offline.js";
import { isPicture, rememberPicture } from "./pictures.js";
import { startEditor } from "./plain-editor.js";
import { countFromNow, noteEngineRequests, watchRequests } from "./requests.js";
import { createResults, type Shown } from "./results.js";
import { createSearch } from "./search.js";
import { linkTo, queryIn } from "./share.js";
import { quoted, runsQuery } from "./sql.js";
import type { Mend, Tutorial } from "./tutorials/tutorial.js";
import { mendOf, needsFull, showSizes, showTutorial, tutorialAt, tutorials } from "./tutorials.js";
import { plain, unpacked } from "./unpack.js";

const runButton = find<HTMLButtonElement>("#run");
const fileInput = find<HTMLInputElement>("#files");
const results = createResults(find("#result"));

let models: ModelInfo[] = [];
let tables: TableInfo[] = [];
/** What the page itself wrote into the editor last: it may be written over. */
let written = tutorials[0].sql;
/** Whether pictures came in before the engine. */
let picturesCame = false;
/** The tutorial that is open. */
let current: Tutorial | undefined;
/** The tutorial whose card told its size and was clicked. */
let agreed = "";
/** How many tutorials were opened: of clicks in a hurry only the last one runs. */
let opened = 0;

const jobs = new Jobs({
  engine: () => (picturesCame || needsFull(editor.text) ? "full" : "auto"),
  async onEngine(db) {
    noteEngineRequests((await db.stats()).requests);
    countFromNow("the page and its engine have loaded");
    // Another tab may have changed it.
    db.on("catalogchange", () => void readCatalog(db));
  },
  async onEnd() {
    const db = loadedEngine();
    if (!db) return;
    showSizes((await db.ready).engine);
    await readCatalog(db);
    noteEngineRequests((await db.stats()).requests);
    void keepFetched();
  },
});

async function readCatalog(db: PredictQL): Promise<void> {
  const [allModels, allTables] = await Promise.all([db.models(), db.tables()]);
  models = allModels.filter((model) => model.default);
  tables = allTables;
  showCatalog(models, tables, catalogActions);
  search.ready(tables.map(({ name }) => name));
  remember("catalog", models.length + tables.length > 0 ? "kept" : "");
  editor.recheck();
}

const editor = startEditor(find("#editor"), {
  text: recall("query") ?? written,
  onChange: (text) => remember("query", text),
  onRun: () => {
    void run(editor.statement());
    return true;
  },
  onRunAll: () => {
    void run();
    return true;
  },
  onHistory(direction) {
    const query = step(direction, editor.text);
    if (query !== undefined) editor.write(query);
    return true;
  },
  onCancel: () => jobs.cancel(),
  engine: loadedEngine,
});

/** How many questions were typed: of those that come while one is answered only the last is asked. */
let typed = 0;

const search = createSearch(find("#search"), (sql) => {
  const turn = ++typed;
  void jobs.settled.then(() => {
    if (turn !== typed) return;
    written = sql;
    editor.write(sql);
    void run(undefined, false);
  });
});

const catalogActions = { insert: editor.insert, ask: (model: ModelInfo) => void ask(model), write, remove, rename };

/** Runs a part of the text, or all of it; what somebody is still typing is not worth a place among the queries that ran. */
async function run(part?: Span, isNoted = true): Promise<void> {
  if (jobs.running) return;
  const text = editor.text;
  const span = part ?? { from: 0, to: text.length };
  const sql = text.slice(span.from, span.to);
  const start = performance.now();
  const elapsed = () => performance.now() - start;
  const controller = new AbortController();
  if (isNoted) note(text);
  // The first result needs the room of the first screen.
  if (!find("#landing").hidden) explain(tutorials.find((tutorial) => tutorial.sql === text));
  find("#tutorial").querySelector(".waits")?.remove();
  search.follow(text);
  results.running();
  show("result");
  try {
    await jobs.do(async (db, control) => {
      await fetchNamed(db, sql, control);
      // In a folder of pictures one that is none costs its own row, and is named above the rows.
      const onError = /\bML\.DECODE_IMAGE\b/i.test(sql) ? "null" : "fail";
      const answers = await db.exec(sql, { ...control, int64: "bigint", onError });
      const labels = classesIn(sql, await db.models());
      const shown = withPlans(db, answers, span).map((one) => ({ ...one, labels }));
      await results.rows(shown, elapsed());
    }, controller);
  } catch (error) {
    if (controller.signal.aborted) {
      results.cancelled(elapsed());
    } else {
      results.failed(
        error,
        ({ from, to, insert }) => {
          if (editor.text !== text) return notice("The query has changed since: the fix no longer fits.", "bad");
          editor.edit(span.from + from, span.from + to, insert);
          void run();
        },
        feeding(error, sql) ?? wayTo(mendOf(text)),
      );
    }
  }
}

/** Each result with the plan of its statement, where it is clear which one that is. */
function withPlans(db: PredictQL, answers: readonly Shown["result"][], { from, to }: Span): Shown[] {
  const text = editor.text;
  const inside = editor.statements().filter((span) => span.from < to && span.to > from);
  return answers.map((result, index) => {
    const span = inside[index];
    if (!span || inside.length !== answers.length) return { result };
    const statement = text.slice(Math.max(span.from, from), Math.min(span.to, to)).replace(/;\s*$/, "");
    return { result, explain: () => db.explain(statement, [], { analyze: true }) };
  });
}

/** What can be done with the text of the query; the list of those that were run is made when it is opened. */
function fillQueryMenu(): void {
  const menu = find("#query-menu");
  const item = (label: string, act: () => void | Promise<void>) =>
    h(
      "button",
      {
        type: "button",
        onclick: () => {
          menu.hidePopover();
          void Promise.resolve(act()).catch((error: unknown) => notice(String(error), "bad"));
        },
      },
      label,
    );
  const past = pastQueries().slice(0, 12);
  menu.replaceChildren(
    item("Copy a link to it", async () => {
      await navigator.clipboard.writeText(await linkTo(editor.text));
      notice("The link is copied. It holds the text of the query and no data, and no server sees it.");
    }),
    item("Save as query.sql", async () => {
      const { save } = await import("./export.js");
      save("query.sql", new Blob([editor.text], { type: "application/sql" }));
    }),
    item("Open a .sql file…", () => choose(".sql")),
    item("Compare what has run", () => {
      writeAndRun(runsQuery(tables));
    }),
    h("h2", {}, past.length > 0 ? "Run before" : "Queries that you run are listed here, on this device only."),
    ...past.map((query) => item(query.replace(/\s+/g, " ").slice(0, 90), () => editor.write(query))),
  );
}

function write(sql: string): void {
  written = sql;
  editor.write(sql);
  show("sql");
}

function writeAndRun(sql: string): void {
  write(sql);
  void run();
}

/** Takes a table or model out of the catalog, here and in the browser's storage. */
function remove(kind: "model" | "table", name: string): void {
  void jobs.do((db) => (kind === "model" ? db.dropModel(name) : db.dropTable(name))).catch(noticeFailure);
}

function rename(kind: "model" | "table", name: string, to: string): void {
  const sql = `ALTER ${kind.toUpperCase()} ${quoted(name)} RENAME TO ${quoted(to)}`;
  void jobs.do((db) => db.query(sql)).catch(noticeFailure);
}

/** What a model lacks in a query, taken from the table's own columns. */
function feeding(error: unknown, sql: string) {
  if ((error as Partial<PredictError>).code !== "missing-input") return undefined;
  const isNamed = ({ name }: { name: string }) => sql.toLowerCase().includes(name.toLowerCase());
  const model = models.find(isNamed);
  const fit = model && bestFit(model, tables.filter(isNamed));
  if (!model || !fit) return undefined;
  const apply = async () => {
    const written = await queryOf(model, fit);
    if (written !== undefined) writeAndRun(written);
  };
  return { label: `Take them from the columns of ${fit.table.name}`, apply: () => void apply() };
}

function wayTo(mend: Mend | undefined) {
  return mend && { label: mend.label, apply: () => writeAndRun(mend.sql) };
}

async function addFiles(coming: Promise<readonly Incoming[]>): Promise<void> {
  try {
    await jobs.busyWith(async () => {
      const files = await coming;
      const asked = files.length > 0 ? current?.takes?.(files.map(({ path }) => path)) : undefined;
      const sql = asked === undefined ? await takeFiles(files) : await keepFiles(files, asked);
      const text = await sql?.();
      if (text === undefined) return;
      if (editor.text !== written && editor.text.trim() !== "") notice("Your own query is one undo away.");
      if (text !== editor.text) write(text);
      await run();
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") notice("Cancelled: not all files came in.");
    else noticeFailure(error);
  }
}

/** Files as they are, for a tutorial whose query asks about them. */
function keepFiles(files: readonly Incoming[], sql: string): Promise<Next["sql"]> {
  return jobs.do(async (db, control) => {
    countFromNow(`${files[0]?.path} came in`);
    for (const { file, path } of files) {
      await db.registerFile(path, file, control);
      if (isPicture(path)) rememberPicture(file, path);
    }
    return () => sql;
  });
}

/** Brings files to the engine, tells what became of each, and answers the query that comes next. */
async function takeFiles(files: readonly Incoming[]): Promise<Next["sql"]> {
  const { lostOf, takeIn } = await import("./intake.js");
  const fates: Fate[] = [];
  const inside = await unpacked(files, (name, reason) => fates.push({ words: `${name} ${reason}`, kind: "bad" }));
  const sorted = await sortFiles(inside);
  const [first] = [
    ...sorted.models,
    ...sorted.folders.flatMap(({ files }) => files),
    ...sorted.tables,
    ...sorted.pictures,
    ...sorted.scripts,
  ];
  picturesCame ||= sorted.pictures.length > 0;
  if (!first) {
    const lost = lostOf(sorted);
    if (fates.length + lost.length > 0) report([...fates, ...lost]);
    return undefined;
  }
  return jobs.do(async (db, control) => {
    countFromNow(`${first.file.name} came in`);
    const taken = await takeIn(db, sorted, control);
    const next = await nextOf(taken, db, { text: editor.text, written }, search);
    report([...fates, ...taken.fates], next.words);
    return next.sql;
  });
}

/** "use" at a model: its query, or what it takes where no table has that. */
async function ask(model: ModelInfo): Promise<void> {
  const texts = embeds(model) && [...tables].reverse().find(hasTexts);
  if (texts) return jobs.do(async (db) => write(await searchScript(db, model, texts, search)));
  const fit = bestFit(model, tables);
  if (!fit) notice(`${model.name} takes ${needs(model)}: bring a table that has them.`);
  const sql = fit ? await queryOf(model, fit) : `DESCRIBE MODEL ${quoted(model.name)}`;
  if (sql !== undefined) write(sql);
}

function open(tutorial: Tutorial, text = tutorial.sql): void {
  remember("tutorial", tutorial.id);
  const isHere = models.some(({ name }) => name === tutorial.waits);
  const waits = tutorial.waits !== undefined && !isHere && agreed !== tutorial.id && text === tutorial.sql;
  explain(tutorial, waits);
  written = tutorial.sql;
  if (editor.text !== text) editor.write(text);
  search.follow(text);
  if (text !== tutorial.sql) return;
  jobs.cancel();
  const turn = ++opened;
  if (waits) return;
  void jobs.settled.then(() => {
    if (turn === opened) void run();
  });
}

/** A tutorial's words, or none, in place of the first screen. */
function explain(tutorial: Tutorial | undefined, waits = false): void {
  current = tutorial;
  showTutorial(tutorial, {
    write: writeAndRun,
    choose,
    watch: (sql) => void watch(sql),
    waits,
  });
  search.over(tutorial?.search);
}

/** Runs a query over what the camera sees. */
async function watch(sql: string): Promise<void> {
  try {
    const db = await jobs.do(async (db) => db);
    await whileWatching(db, async () => {
      write(sql);
      await run();
    });
  } catch (error) {
    const isDenied = error instanceof DOMException && error.name === "NotAllowedError";
    if (isDenied) notice("The camera stays off.");
    else noticeFailure(error);
  }
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
find("#query-menu").addEventListener("beforetoggle", (event) => {
  if ((event as ToggleEvent).newState === "open") fillQueryMenu();
});
find("#cancel").addEventListener("click", () => jobs.cancel());
find("#add").addEventListener("click", () =>
  choose(
    ".onnx,.tflite,.pb,.data,.onnx_data,.txt,.ubj,.csv,.tsv,.json,.ndjson,.jsonl,.parquet,.arrow,.feather,.sql,.zip,image/png,image/jpeg,image/bmp,image/webp,image/gif",
  ),
);
fileInput.addEventListener("change", () => {
  const files = Array.from(fileInput.files ?? []);
  fileInput.value = "";
  void addFiles(Promise.resolve(plain(files)));
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
// A click on a tutorial opens it at once, not when the address has changed, and from the start where it is open already.
document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  agreed = link?.matches(".card") ? link.hash.slice(1) : "";
  const isElsewhere = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
  const tutorial = link && link.pathname === location.pathname && !isElsewhere ? tutorialAt(link.hash) : undefined;
  if (!link || !tutorial) return;
  event.preventDefault();
  if (link.hash !== location.hash) history.pushState(null, "", link.hash);
  open(tutorial);
});
// The way back, and an address that is typed.
addEventListener("hashchange", () => {
  const tutorial = tutorialAt(location.hash);
  if (tutorial) open(tutorial);
});

// Where the browser keeps nothing, leaving loses what came in.
addEventListener("beforeunload", (event) => {
  if (!keepsCatalog() && models.length + tables.length > 0) event.preventDefault();
});

document.documentElement.toggleAttribute("data-embed", new URLSearchParams(location.search).has("embed"));
find(".documents").hidden = !__HAS_DOCS__;
keepOffline();
watchRequests();
showCatalog([], [], catalogActions);
showSizes();
if (/Mac|iP(hone|ad)/.test(navigator.platform)) find("[data-mod]").textContent = "⌘";
// After the first paint, and before the first file: one's own data makes no request.
void import("./intake.js");
void import("./picker.js");

await jobs.busyWith(async () => {
  const asked = tutorialAt(location.hash);
  const shared = await queryIn(location.hash);
  if (shared !== undefined) {
    // A link is read before it is run.
    written = shared;
    editor.write(shared);
    notice("The query came with the link: look at it, then run it.");
  } else if (asked) {
    // After a reload the query is the one that was left, and nothing runs by itself.
    const left = recall("tutorial") === asked.id && recall("query");
    open(asked, left || asked.sql);
  }
  // What was there before the reload is shown again.
  if (recall("catalog") && !jobs.running) {
    void jobs.do(async () => {}).catch(noticeFailure);
  }
});
