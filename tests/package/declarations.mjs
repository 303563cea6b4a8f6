// The public surface of the package as one page: what each of its entries exports, in the words of its declarations.

import { join } from "node:path";
// A compiler that can be asked from JavaScript.
import ts from "typescript-5.4";
import { pkg } from "./project.mjs";

const entries = {
  predictql: "index.d.ts",
  "predictql/react": "react.d.ts",
  "predictql/store": "store.d.ts",
  "predictql/element": "element.d.ts",
  "predictql/codemirror": "codemirror.d.ts",
};

/** The page, in Markdown. */
export function declarations() {
  const files = Object.values(entries).map((name) => join(pkg, name));
  const program = ts.createProgram(files, {
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    module: ts.ModuleKind.ESNext,
  });
  const checker = program.getTypeChecker();
  const seen = new Set();
  const parts = Object.entries(entries).map(([entry, name]) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(join(pkg, name)));
    const symbols = checker.getExportsOfModule(module).map((symbol) => resolved(checker, symbol));
    const own = symbols.filter((symbol) => !seen.has(symbol)).sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const symbol of own) seen.add(symbol);
    const texts = own.map(
      (symbol) => `### ${symbol.name}\n\n\`\`\`ts\n${symbol.declarations.map(textOf).join("\n")}\n\`\`\`\n`,
    );
    return `## \`${entry}\`\n\n${texts.join("\n")}`;
  });
  return `# JavaScript\n\n<!-- Made of the package's declarations by \`npm run reference\` in tests/package. -->\n\n${parts.join("\n")}`;
}

function resolved(checker, symbol) {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/** A declaration with its comments, which begin in front of it. */
function textOf(declaration) {
  const statement = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  return statement.getFullText().trim();
}
