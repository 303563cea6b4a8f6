// The gallery: which tutorials there are, what each will download, and their words on the page.

import type { EngineInfo } from "predictql";
import manifest from "predictql/wasm/manifest.json";
import { hasCamera } from "./camera.js";
import { find, h } from "./dom.js";
import { bytes } from "./format.js";
import { decodesPictures, readsTensorFlow, readsTexts } from "./sql.js";
import { broken } from "./tutorials/broken.js";
import { iris } from "./tutorials/iris.js";
import { kinds } from "./tutorials/kinds.js";
import { letters } from "./tutorials/letters.js";
import { meaning } from "./tutorials/meaning.js";
import { own } from "./tutorials/own.js";
import { penguins } from "./tutorials/penguins.js";
import { people } from "./tutorials/people.js";
import { pictures, similar } from "./tutorials/pictures.js";
import { tsql } from "./tutorials/tsql.js";
import type { Mend, Tutorial } from "./tutorials/tutorial.js";
import { versions } from "./tutorials/versions.js";

export const tutorials: readonly [Tutorial, ...Tutorial[]] = [
  iris,
  pictures,
  people,
  letters,
  meaning,
  similar,
  penguins,
  versions,
  tsql,
  own,
  kinds,
  broken,
];

export function tutorialAt(hash: string): Tutorial | undefined {
  return tutorials.find(({ id }) => hash === `#${id}`);
}

/** The tutorials' tables that a query names, not as files, with theirs. `dbo.` tells them from words that anybody may write. */
export function tutorialTables(sql: string): [name: string, path: string][] {
  const all: Record<string, string> = Object.assign({}, ...tutorials.map(({ tables }) => tables));
  return Object.entries(all)
    .filter(([name]) => new RegExp(`(?<!/)\\b${name.replace(".", "\\.")}\\b`, "i").test(sql))
    .map(([name, path]) => [name.replace(/^dbo\./, ""), path]);
}

/** The way out of a query that fails on purpose. */
export function mendOf(sql: string): Mend | undefined {
  const steps = tutorials.flatMap(({ next }) => next);
  return steps.flatMap((step) => ("sql" in step && step.sql === sql && step.mend) || [])[0];
}

/** The package's wasm files. The page is served before the full engine, and what that one calls, is compiled. */
const wasm: Record<string, { bytes: number } | undefined> = manifest.files;

/** A browser loads one of the variants of an engine; the size of the largest is a promise that holds for each. */
function engineBytes(sql: string): number {
  const { tables, pictures, tokens, formats, ...full } = wasm;
  if (!needsFull(sql)) return tables?.bytes ?? 0;
  const engine = Math.max(...Object.values(full).map((file) => file?.bytes ?? 0), 0);
  const parts = [decodesPictures(sql) && pictures, readsTexts(sql) && tokens, readsTensorFlow(sql) && formats];
  return parts.reduce((sum, part) => sum + (part ? part.bytes : 0), engine);
}

/** Whether a text needs the full engine, as far as a look tells. */
export function needsFull(sql: string): boolean {
  const isNetwork = tutorials.some((tutorial) => tutorial.isNetwork && tutorial.sql === sql);
  return isNetwork || decodesPictures(sql) || readsTexts(sql);
}

/** The engine that is here. */
let here: EngineInfo["engine"] | undefined;

/** Say what a click will download, before the click. */
export function showSizes(loaded?: EngineInfo["engine"]): void {
  here = loaded;
  for (const tutorial of tutorials) find(`[data-size=${tutorial.id}]`).textContent = sizeOf(tutorial);
  find("#size-note").textContent = loaded
    ? ""
    : `The first run loads the engine: ${bytes(engineBytes(tutorials[0].sql))}.`;
}

function sizeOf({ downloads, sql }: Tutorial): string {
  const files = bytes(downloads.reduce((sum, path) => sum + (__DEMO_BYTES__[path] ?? 0), 0));
  const isHere = here === "full" || (here === "tables" && !needsFull(sql));
  return isHere ? `${files} of files` : `${bytes(engineBytes(sql))} engine + ${files} files`;
}

export interface TutorialActions {
  write(sql: string): void;
  /** Let the user choose files of these types. */
  choose(accept: string): void;
  /** Ask about what the camera sees. */
  watch(sql: string): void;
  /** Whether the tutorial is only run when its reader wants its files. */
  waits: boolean;
}

export function showTutorial(tutorial: Tutorial | undefined, actions: TutorialActions): void {
  find("#landing").hidden = true;
  const article = find("#tutorial");
  article.hidden = tutorial === undefined;
  // It speaks of the query of the first screen.
  find("#size-note").hidden = tutorial !== undefined;
  article.replaceChildren(...(tutorial ? words(tutorial, actions) : []));
  document.body.dataset.tutorial = tutorial?.id ?? "";
  for (const link of document.querySelectorAll<HTMLAnchorElement>(".tutorial-list a")) {
    if (link.hash === `#${tutorial?.id}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

/** The way to the tutorial that comes after this one, and from the last one to the first. */
function onwards(tutorial: Tutorial): HTMLElement {
  const { id, title } = tutorials[tutorials.indexOf(tutorial) + 1] ?? tutorials[0];
  return h("a", { class: "onwards", href: `#${id}` }, `${title} →`);
}

function words(tutorial: Tutorial, actions: TutorialActions): HTMLElement[] {
  const { title, about, next } = tutorial;
  const paragraph = h("p", {});
  paragraph.innerHTML = about;
  const steps = next.map((step) =>
    h(
      "button",
      {
        type: "button",
        class: "chip",
        hidden: "camera" in step,
        onclick: () => {
          if ("sql" in step) actions.write(step.sql);
          else if ("camera" in step) actions.watch(step.camera);
          else actions.choose(step.files);
        },
      },
      step.label,
    ),
  );
  void hasCamera().then((has) => {
    if (has) for (const step of steps) step.hidden = false;
  });
  const size = h("p", { class: "waits" }, `Run fetches ${sizeOf(tutorial)} from this page, once.`);
  return [
    h("h1", {}, title),
    paragraph,
    ...(actions.waits ? [size] : []),
    h("div", { class: "next" }, h("span", {}, "Try next"), ...steps, onwards(tutorial)),
  ];
}
