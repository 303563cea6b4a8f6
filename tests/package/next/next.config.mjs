import { join } from "node:path";

/** The project stands in a folder of a larger one, whose packages it uses. */
export default {
  output: "export",
  turbopack: { root: join(import.meta.dirname, "..") },
};
