// Versions of models in a registry of MLflow's, by its REST interface: `https://host/#models:/name@alias`. A file of its own,
// loaded with the first of them. Source: mlflow 3.17, `service.proto`, `model_registry.proto`, `mlflow_artifacts.proto`.

import { problem, wordsOf } from "./errors.js";
import type { ModelFile } from "./models.js";

/** Brings what is at an address, where the page allows it. */
type Read = (address: string, reason: "model" | "data") => Promise<Blob>;

interface ModelVersion {
  name: string;
  version: string;
}

/** The files of a version, as MLflow has logged them. */
export async function registryFiles(address: string, read: Read): Promise<ModelFile[]> {
  const [, server = "", name = "", sign, word = ""] =
    /^(.*?)\/?#models:\/+([^/@]+)(?:([@/])([^/@]+))?$/.exec(address) ?? [];
  if (!/^https?:/.test(server) || sign === undefined) {
    throw problem("unsupported-source", `\`${address}\` names no version of a registry`, {
      hint: "write `https://host/#models:/name@alias`, `…#models:/name/3` or `…#models:/name/latest`",
    });
  }
  const base = `${server}/api/2.0`;
  const ask = async <T>(path: string, values: Record<string, string>): Promise<T> => {
    const blob = await read(`${base}/${path}?${new URLSearchParams(values)}`, "data");
    try {
      return JSON.parse(await blob.text());
    } catch (error) {
      const detail = wordsOf(error);
      throw problem("invalid-json", `\`${base}/${path}\` did not answer as MLflow does`, { detail, cause: error });
    }
  };
  const plain = decodeURIComponent(name);
  const { version } = await versionOf(plain, sign, decodeURIComponent(word), ask);
  const { artifact_uri } = await ask<{ artifact_uri: string }>("mlflow/model-versions/get-download-uri", {
    name: plain,
    version,
  });
  const folder = /^mlflow-artifacts:(?:\/\/[^/]*)?\/+(.*)$/.exec(artifact_uri)?.[1];
  if (folder === undefined) {
    throw problem("unsupported-address", `the files of the version are at \`${artifact_uri}\`, not with the server`, {
      hint: "start it with `mlflow server --serve-artifacts`, or give the folder itself to `registerModel`",
    });
  }
  return filesIn(folder, "", ask, (path) => read(`${base}/mlflow-artifacts/artifacts/${encoded(path)}`, "model"));
}

/** The model's own file of a version. */
export async function registryModel(address: string, read: Read): Promise<Blob> {
  const files = await registryFiles(address, read);
  const { loggedModel } = await import("./mlflow.js");
  const logged = await loggedModel(files);
  if (logged) return logged.model;
  throw problem("no-such-file", `the version at \`${address}\` has no \`MLmodel\``);
}

type Ask = <T>(path: string, values: Record<string, string>) => Promise<T>;

async function versionOf(name: string, sign: string, word: string, ask: Ask): Promise<ModelVersion> {
  if (sign === "@") {
    const values = { name, alias: word };
    return (await ask<{ model_version: ModelVersion }>("mlflow/registered-models/alias", values)).model_version;
  }
  if (word.toLowerCase() !== "latest") return { name, version: word };
  const filter = `name='${name.replaceAll("'", "''")}'`;
  const values = { filter, order_by: "version_number DESC", max_results: "1" };
  const { model_versions: [latest] = [] } = await ask<{ model_versions?: ModelVersion[] }>(
    "mlflow/model-versions/search",
    values,
  );
  if (latest) return latest;
  throw problem("no-such-file", `the registry has no version of \`${name}\``);
}

/** All files below a folder, by their paths in it. */
async function filesIn(
  root: string,
  path: string,
  ask: Ask,
  read: (path: string) => Promise<Blob>,
): Promise<ModelFile[]> {
  interface Listed {
    path: string;
    is_dir?: boolean;
  }
  const { files = [] } = await ask<{ files?: Listed[] }>("mlflow-artifacts/artifacts", { path: root + path });
  const found = files.map(async (file): Promise<ModelFile[]> => {
    const name = `${path}/${file.path}`;
    if (file.is_dir) return filesIn(root, name, ask, read);
    return [[name.slice(1), await read(root + name)]];
  });
  return (await Promise.all(found)).flat();
}

function encoded(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
