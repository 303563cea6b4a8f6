// Files can be dropped anywhere on the page; the overlay says beforehand what will become of them.

import { find } from "./dom.js";
import { promise } from "./files.js";

export function acceptDrops(onFiles: (files: File[]) => void): void {
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
      onFiles(Array.from(event.dataTransfer?.files ?? []));
    },
    // Before the editor, which would paste a file's text.
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
