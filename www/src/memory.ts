// What outlives a reload. A browser may forbid to remember: then nothing does.

type Key = "query" | "tutorial" | "history" | "catalog";

export function remember(key: Key, value: string): void {
  try {
    localStorage.setItem(`predictql:${key}`, value);
  } catch {
    // Forbidden or full: the page works without.
  }
}

export function recall(key: Key): string | null {
  try {
    return localStorage.getItem(`predictql:${key}`);
  } catch {
    return null;
  }
}
