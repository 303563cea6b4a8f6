// Gathers the documents of the repository into `pages/`, where the site is made from: each once, with links that lead to where it is there.

import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const here = import.meta.dirname;
const root = dirname(here);
const out = join(here, "pages");

/** Where each document of the repository is on the site. */
const places = new Map([
  ["README.md", "quick-start.md"],
  ["pkg-template/README.md", "package.md"],
  ["CHANGELOG.md", "changelog.md"],
  ["CONTRIBUTING.md", "contributing.md"],
  ["SECURITY.md", "security.md"],
  ...below("docs"),
  ...below("docs/reference"),
]);

function below(folder) {
  const names = readdirSync(join(root, folder)).filter((name) => name.endsWith(".md"));
  return names.map((name) => [`${folder}/${name}`, relative("docs", `${folder}/${name}`)]);
}

/** The text with its links as they are on the site; what has no page there is named and not linked. */
function relinked(text, from, to) {
  return text.replace(/(?<!!)\[([^\]]*)\]\(([^)\s]+)\)/g, (link, words, target) => {
    if (/^(https?:|#|mailto:)/.test(target)) return link;
    const [path, section] = target.split("#");
    const place = places.get(join(dirname(from), path));
    if (place === undefined) return words;
    const short = relative(dirname(to), place) || place;
    return `[${words}](${short.startsWith(".") ? short : `./${short}`}${section ? `#${section}` : ""})`;
  });
}

const home = `---
layout: home
hero:
  name: PredictQL
  text: SQL predictions inside a web page
  tagline: Ask ONNX models in SQL. The model, the rows and the pictures never leave the device.
  actions:
    - { theme: brand, text: Quick start, link: /quick-start }
    - { theme: alt, text: The dialect, link: /SQL }
features:
  - { title: Known SQL, details: "The predict part of GoogleSQL, and T-SQL's PREDICT beside it.", link: /SQL }
  - { title: A package, details: "One import, no paths to wire, in every bundler and in Node, Deno and Bun.", link: /package }
  - { title: Honest, details: "What it has beside other engines, what it lacks, and when to use them.", link: /COMPARISON }
---
`;

rmSync(out, { recursive: true, force: true });
for (const [from, to] of places) {
  mkdirSync(dirname(join(out, to)), { recursive: true });
  writeFileSync(join(out, to), relinked(readFileSync(join(root, from), "utf8"), from, to));
}
writeFileSync(join(out, "index.md"), home);
mkdirSync(join(out, "docs"));
cpSync(join(root, "docs", "page.png"), join(out, "docs", "page.png"));
