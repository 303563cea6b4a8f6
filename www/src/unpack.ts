// Folders and archives, as the files that are in them.

import type { Incoming } from "./files.js";
import { wordsOf } from "./notices.js";

/** Unpacked bytes and files that a tab is trusted with. */
const mostBytes = 2_000_000_000;
const mostFiles = 20_000;

/** What systems lay into archives and folders for themselves. */
const clutter = /(^|\/)(__MACOSX\/|\.DS_Store$|Thumbs\.db$|\.git\/|\._)/;

export function plain(files: Iterable<File>): Incoming[] {
  return Array.from(files, (file) => ({ file, path: file.webkitRelativePath || file.name }));
}

/** All files of a drop, those in folders included. */
export async function dropped(data: DataTransfer): Promise<Incoming[]> {
  // The list is emptied as soon as the event is over.
  const items = Array.from(data.items, (item) => ({
    entry: item.webkitGetAsEntry?.() ?? null,
    file: item.getAsFile(),
  }));
  const found: Incoming[] = [];
  for (const { entry, file } of items) {
    if (entry?.isDirectory) await walk(entry as FileSystemDirectoryEntry, "", found);
    else if (file) found.push({ file, path: file.name });
  }
  return found;
}

async function walk(folder: FileSystemDirectoryEntry, above: string, found: Incoming[]): Promise<void> {
  const path = `${above}${folder.name}/`;
  const reader = folder.createReader();
  const read = () => new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
  // A reader gives a hundred at a time, and none at the end.
  for (let entries = await read(); entries.length > 0; entries = await read()) {
    for (const entry of entries) {
      if (entry.isDirectory) await walk(entry as FileSystemDirectoryEntry, path, found);
      else {
        const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
        found.push({ file, path: `${path}${file.name}` });
      }
      if (found.length > mostFiles) throw new Error(`${folder.name} holds more than ${mostFiles} files.`);
    }
  }
}

/** The files, with those of archives in their place; `onBad` hears of archives that cannot be unpacked. */
export async function unpacked(
  files: readonly Incoming[],
  onBad: (name: string, reason: string) => void,
): Promise<Incoming[]> {
  const all = await Promise.all(
    files.map(async (incoming) => {
      if (!/\.zip$/i.test(incoming.file.name)) return [incoming];
      try {
        return await unzipped(incoming);
      } catch (error) {
        onBad(incoming.file.name, `cannot be unpacked: ${wordsOf(error)}`);
        return [];
      }
    }),
  );
  return all.flat().filter(({ path }) => !clutter.test(path));
}

async function unzipped({ file, path }: Incoming): Promise<Incoming[]> {
  const { unzip } = await import("fflate");
  const bytes = new Uint8Array(await file.arrayBuffer());
  let total = 0;
  let number = 0;
  const inside = await new Promise<Record<string, Uint8Array<ArrayBuffer>>>((resolve, reject) => {
    const filter = ({ name, originalSize }: { name: string; originalSize: number }) => {
      if (name.endsWith("/") || clutter.test(name)) return false;
      total += originalSize;
      number += 1;
      if (total > mostBytes || number > mostFiles) throw new Error("it holds more than a page can keep");
      return true;
    };
    unzip(bytes, { filter }, (error, files) =>
      error ? reject(error) : resolve(files as Record<string, Uint8Array<ArrayBuffer>>),
    );
  });
  const folder = path.replace(/\.zip$/i, "");
  return Object.entries(inside).map(([name, content]) => {
    const last = name.split("/").at(-1) ?? name;
    return { file: new File([content], last, { type: typeOf(last) }), path: `${folder}/${name}` };
  });
}

function typeOf(name: string): string {
  const ending = /\.(\w+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
  if (/^(png|bmp|webp|gif)$/.test(ending)) return `image/${ending}`;
  return /^(jpe?g|jfif)$/.test(ending) ? "image/jpeg" : "";
}
