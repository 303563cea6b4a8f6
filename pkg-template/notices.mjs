// Licences of the crates in the wasm files, which are part of what is published: from the graph of dependencies as the lock file has it.

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Licences that ask for a notice and nothing else. A crate needs one of them for every part of its own. */
const permissive =
  /^(MIT|MIT-0|Apache-2\.0|0BSD|BSD-[23]-Clause|BSL-1\.0|BlueOak-1\.0\.0|ISC|Unicode-3\.0|Unlicense|Zlib|CC0-1\.0)$/;

/** The packages of the workspace that become wasm files. */
const roots = ["predictql", "predictql-formats", "predictql-pictures", "predictql-tokens"];

/** One section for each text, with the crates that it belongs to. */
export function crateNotices(workspace) {
  const sections = new Map();
  const silent = [];
  for (const crate of linked(workspace)) {
    refuseOthers(crate);
    const texts = textsOf(crate);
    if (texts.length === 0) silent.push(`${named(crate)}: ${crate.license}, ${crate.repository}`);
    for (const text of texts) sections.set(text, [...(sections.get(text) ?? []), named(crate)]);
  }
  const parts = Array.from(sections, ([text, names]) => `${names.join(", ")}:\n\n\`\`\`text\n${text}\n\`\`\`\n`);
  const rest =
    silent.length > 0
      ? `These have no text of their own beside their names:\n\n${silent.map((it) => `- ${it}\n`).join("")}\n`
      : "";
  return `The files in \`wasm/\` contain the standard library of Rust (MIT or Apache-2.0, https://www.rust-lang.org) and these crates.\n\n${rest}${parts.join("\n")}`;
}

function named({ name, version }) {
  return `${name} ${version}`;
}

/** All crates of others that are linked, macros and build scripts left out. */
function linked(workspace) {
  const options = ["--format-version", "1", "--locked", "--filter-platform", "wasm32-unknown-unknown"];
  const graph = JSON.parse(
    execFileSync("cargo", ["metadata", ...options], { cwd: workspace, encoding: "utf8", maxBuffer: 1 << 28 }),
  );
  const crates = new Map(graph.packages.map((crate) => [crate.id, crate]));
  const dependencies = new Map(graph.resolve.nodes.map(({ id, deps }) => [id, deps]));
  const ids = new Set(graph.packages.filter(({ name, source }) => !source && roots.includes(name)).map(({ id }) => id));
  if (ids.size !== roots.length) throw new Error(`the workspace lacks one of ${roots.join(", ")}`);
  for (const id of ids) {
    for (const { pkg, dep_kinds: kinds } of dependencies.get(id)) {
      const isMacro = crates.get(pkg).targets.some(({ kind }) => kind.includes("proc-macro"));
      if (!isMacro && kinds.some(({ kind }) => kind === null)) ids.add(pkg);
    }
  }
  const found = Array.from(ids, (id) => crates.get(id)).filter(({ source }) => source);
  return found.sort((one, other) => (named(one) < named(other) ? -1 : 1));
}

function refuseOthers({ name, license }) {
  const parts = (license ?? "").replace(/[()]/g, "").split(/ AND /);
  const isFine = parts.every((part) => part.split(/ OR |\//).some((id) => permissive.test(id.trim())));
  if (!isFine) throw new Error(`the crate ${name} has the licence ${license}, which is not known to allow this`);
}

/** The texts of a crate: where MIT is a choice that one, and notices in any case. */
function textsOf({ license, manifest_path: manifest }) {
  const folder = dirname(manifest);
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|unlicense|notice)/i.test(file));
  const mit = / OR |\//.test(license) && files.filter((file) => /mit/i.test(file));
  const chosen = mit && mit.length > 0 ? [...mit, ...files.filter((file) => /^notice|unicode/i.test(file))] : files;
  return chosen.map((file) => readFileSync(join(folder, file), "utf8").replace(/\r/g, "").trim());
}
