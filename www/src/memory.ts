// What outlives a reload. A browser may forbid to remember: then nothing does. Tabs have a query each; a new one begins with the query
// that was written last.

type Key = "query" | "tutorial" | "history" | "catalog";

export function remember(key: Key, value: string): void {
  try {
    sessionStorage.setItem(`predictql:${key}`, value);
    localStorage.setItem(`predictql:${key}`, value);
  } catch {
    // Forbidden or full: the page works without.
  }
}

export function recall(key: Key): string | null {
  try {
    const own = key === "query" || key === "tutorial" ? sessionStorage.getItem(`predictql:${key}`) : null;
    return own ?? localStorage.getItem(`predictql:${key}`);
  } catch {
    return null;
  }
}
