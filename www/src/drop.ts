// Files can be dropped anywhere on the page; the overlay says beforehand what will become of them.

import { find } from "./dom.js";
import { type Incoming, promise } from "./files.js";
import { dropped, plain } from "./unpack.js";

export function acceptDrops(onFiles: (files: Promise<Incoming[]>) => void): void {
  const overlay = find("#drop");
  const words = find("#drop p");
  // `dragleave` fires for every element on the way: only leaving the last one counts.
  let depth = 0;

  addEventListener("dragenter", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth += 1;
    words.textContent = promise(types(event));
    overlay.hidden = false;
  });
  addEventListener("dragover", (event) => {
    if (hasFiles(event)) event.preventDefault();
  });
  addEventListener("dragleave", (event) => {
    if (!hasFiles(event)) return;
    depth = Math.max(0, depth - 1);
    overlay.hidden = depth === 0;
  });
  addEventListener(
    "drop",
    (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      event.stopPropagation();
      depth = 0;
      overlay.hidden = true;
      if (event.dataTransfer) onFiles(dropped(event.dataTransfer));
    },
    // Before the editor, which would paste a file's text.
    { capture: true },
  );
  addEventListener(
    "paste",
    (event) => {
      const files = Array.from(event.clipboardData?.files ?? []);
      if (files.length === 0) return;
      event.preventDefault();
      event.stopPropagation();
      onFiles(Promise.resolve(plain(files)));
    },
    { capture: true },
  );
}

function hasFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes("Files") ?? false;
}

function types(event: DragEvent): string[] {
  return Array.from(event.dataTransfer?.items ?? [])
    .filter((item) => item.kind === "file")
    .map((item) => item.type);
}
