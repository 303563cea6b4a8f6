// The package's entry. Importing it does nothing: it may be imported where there is no browser.

export { PredictQL } from "./database.js";
export type { PackageErrorCode } from "./error-codes.js";
export { PredictError } from "./errors.js";
export type * from "./interface.js";
export type { Plan, PlanNode } from "./plan.js";
export type { Statement } from "./prepared.js";
export type { Result, ResultColumn } from "./result.js";
export type { Query } from "./sql-tag.js";
export type { CsvTextOptions } from "./texts.js";
