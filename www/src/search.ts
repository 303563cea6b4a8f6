// The field above the result: what one types there is looked for at once, by meaning.

import { find } from "./dom.js";
import { nearestQuery, type Searched, wordsIn } from "./meaning.js";

/** How long somebody who types pauses between words. */
const pause = 150;

export interface SearchField {
  /** Looks through these texts from now on; hidden where there are none. */
  over(searched: Searched | undefined): void;
  /** Shows the words that a query asks about, unless somebody is writing others. */
  follow(sql: string): void;
  /** The tables that are there: before the vectors are, nothing can be asked. */
  ready(tables: readonly string[]): void;
}

export function createSearch(place: HTMLElement, ask: (sql: string) => void): SearchField {
  const input = find<HTMLInputElement>("#search input");
  let searched: Searched | undefined;
  let known: readonly string[] = [];
  let waiting: ReturnType<typeof setTimeout> | undefined;
  let asked = "";
  const show = () => {
    place.hidden = searched === undefined;
    input.disabled = !known.includes(searched?.vectors ?? "");
  };
  const look = () => {
    clearTimeout(waiting);
    const words = input.value.trim();
    if (!searched || words === "" || words === asked) return;
    asked = words;
    ask(nearestQuery(searched, words));
  };
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(look, pause);
  });
  place.addEventListener("submit", (event) => {
    event.preventDefault();
    look();
  });
  return {
    over(over) {
      clearTimeout(waiting);
      searched = over;
      show();
    },
    follow(sql) {
      const words = wordsIn(sql);
      if (words === undefined || document.activeElement === input) return;
      asked = words;
      input.value = words;
    },
    ready(tables) {
      known = tables;
      show();
    },
  };
}
