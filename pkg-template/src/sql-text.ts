// The little of SQL's surface that the page side must see: where text is quoted, and where statements end.

/** Comments and quoted text whole; otherwise words, and every other character by itself. */
const token =
  /--[^\n]*|#[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'''(?:\\.|[^\\])*?(?:'''|$)|"""(?:\\.|[^\\])*?(?:"""|$)|'(?:\\.|[^\\'\n])*'?|"(?:\\.|[^\\"\n])*"?|`(?:\\.|[^\\`\n])*`?|[\p{L}\p{N}_]+|[^\s]/gsu;

export interface Token {
  text: string;
  from: number;
  kind: "comment" | "quoted" | "word" | "sign";
}

export function* tokens(sql: string): Generator<Token> {
  for (const { 0: text, index } of sql.matchAll(token)) yield { text, from: index, kind: kindOf(text) };
}

function kindOf(text: string): Token["kind"] {
  if (/^(--|#|\/\*)/.test(text)) return "comment";
  if (/^['"`]/.test(text)) return "quoted";
  return /^[\p{L}\p{N}_]/u.test(text) ? "word" : "sign";
}

/** A name as SQL takes it, whatever it holds. */
export function quoted(name: string): string {
  return `\`${name.replace(/[\\`]/g, "\\$&")}\``;
}

/** The first words of a statement, in capitals: "CREATE OR REPLACE MODEL". */
export function opening(statement: string, length: number): string {
  const words: string[] = [];
  for (const { text, kind } of tokens(statement)) {
    if (kind === "comment") continue;
    if (kind !== "word" || words.push(text.toUpperCase()) === length) break;
  }
  return words.join(" ");
}

/** The statements of a script, without their semicolons. */
export function statements(sql: string): string[] {
  const found: string[] = [];
  let from = 0;
  let empty = true;
  const end = (to: number) => {
    if (!empty) found.push(sql.slice(from, to).trim());
    from = to + 1;
    empty = true;
  };
  for (const { text, from: at, kind } of tokens(sql)) {
    if (kind === "sign" && text === ";") end(at);
    else if (kind !== "comment") empty = false;
  }
  end(sql.length);
  return found;
}
