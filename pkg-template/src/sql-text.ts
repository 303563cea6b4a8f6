// The little of SQL's surface that the page side must see before the engine does: what is quoted, for `sql` templates.

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
