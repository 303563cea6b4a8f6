// The documents of the repository as pages with a search, served beside the demo page below `docs/`.

import { defineConfig } from "vitepress";

const guide = [
  { text: "Quick start", link: "/quick-start" },
  { text: "The package", link: "/package" },
  { text: "Beside other engines", link: "/COMPARISON" },
];
const sql = [
  { text: "The dialect", link: "/SQL" },
  { text: "Versions of models", link: "/VERSIONS" },
  { text: "Judging models", link: "/JUDGING" },
  { text: "Functions", link: "/reference/functions" },
  { text: "Options of models", link: "/reference/models" },
  { text: "Errors", link: "/reference/errors" },
];
const facts = [
  { text: "JavaScript", link: "/reference/javascript" },
  { text: "Operators", link: "/CONFORMANCE" },
  { text: "Estimators", link: "/ESTIMATORS" },
  { text: "Performance", link: "/PERFORMANCE" },
  { text: "Reliability", link: "/RELIABILITY" },
];
const inside = [
  { text: "Architecture", link: "/ARCHITECTURE" },
  { text: "Extending", link: "/extending" },
  { text: "Contributing", link: "/contributing" },
  { text: "Security", link: "/security" },
  { text: "Changes", link: "/changelog" },
];

export default defineConfig({
  title: "PredictQL",
  description: "SQL predictions inside a web page",
  // Beside the page, wherever that is published: `www` copies it there.
  base: process.env.PREDICTQL_SITE_BASE ?? "/docs/",
  srcDir: "pages",
  outDir: "dist",
  cleanUrls: false,
  // Types are written with angle brackets, and templates with braces: neither is code of the site.
  markdown: { html: false },
  themeConfig: {
    nav: [{ text: "The page", link: "../", target: "_self" }],
    sidebar: [
      { text: "Guide", items: guide },
      { text: "SQL", items: sql },
      { text: "Facts", items: facts },
      { text: "Inside", items: inside },
    ],
    search: { provider: "local" },
    outline: [2, 3],
  },
});
