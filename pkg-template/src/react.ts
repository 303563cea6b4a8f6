// Hooks for React. A database is made once, outside of components, and given to all by the provider.

import {
  createContext,
  createElement,
  type FunctionComponent,
  type ReactNode,
  useContext,
  useRef,
  useSyncExternalStore,
} from "react";
import type { PredictQL } from "./database.js";
import type { PredictError } from "./errors.js";
import type { ModelInfo, Progress } from "./glue/predictql.js";
import type { ModelOptions, ModelSource, Params, QueryOptions, Row } from "./interface.js";
import type { Result } from "./result.js";
import { modelStore, queryStore, type State, type Store } from "./store.js";

const Database = createContext<PredictQL | undefined>(undefined);

/**
 * Gives a database to everything in it.
 *
 * @example
 * const db = new PredictQL();
 * root.render(<PredictProvider db={db}><App /></PredictProvider>);
 */
export const PredictProvider: FunctionComponent<{ db: PredictQL; children?: ReactNode }> = ({ db, children }) =>
  createElement(Database.Provider, { value: db }, children);

/** The database of the provider. */
export function usePredictQL(): PredictQL {
  const db = useContext(Database);
  if (!db) throw new Error("there is no <PredictProvider db={…}> around this component");
  return db;
}

/**
 * Runs a statement, anew whenever it or its parameters change; `null` runs nothing. What nobody shows any more is given up. Parameters
 * that are lists or objects may be written where they are used: they have changed when what they hold has.
 *
 * @example
 * const { data, error, progress, isPending, cancel } = useQuery("SELECT * FROM flowers WHERE petal_width > ?", [least]);
 */
export function useQuery<T = Row>(
  sql: string | null,
  params: Params = [],
  options: QueryOptions = {},
): State<Result<T>> {
  const db = usePredictQL();
  const { dialect, batchSize, onError, rowMode, int64 } = options;
  const key = [db, sql, params, dialect, batchSize, onError, rowMode, int64];
  return useStore(key, () => queryStore<T>(db, sql, params, options));
}

/**
 * Makes a model known.
 *
 * @example
 * const { model, error, progress } = useModel("iris", "/models/iris.onnx");
 * const { data } = useQuery(model ? "SELECT * FROM ML.PREDICT(MODEL iris, TABLE flowers)" : null);
 */
export function useModel(
  name: string,
  source: ModelSource,
  options: ModelOptions = {},
): { model?: ModelInfo; error?: PredictError; progress?: Progress } {
  const db = usePredictQL();
  const { data, error, progress } = useStore([db, name, source], () => modelStore(db, name, source, options));
  return { ...(data && { model: data }), ...(error && { error }), ...(progress && { progress }) };
}

/** The state of a store that is made anew when the key changes. */
function useStore<T>(key: readonly unknown[], make: () => Store<T>): State<T> {
  const kept = useRef<{ key: readonly unknown[]; store: Store<T> }>(undefined);
  if (!kept.current || !isSame(kept.current.key, key)) kept.current = { key, store: make() };
  const { subscribe, getSnapshot } = kept.current.store;
  return useSyncExternalStore(subscribe, getSnapshot, getSnapshot);
}

/** A component makes its lists, objects, dates and addresses anew whenever it is drawn: these are compared by what they hold. */
function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (!isObject(one) || !isObject(other) || one.constructor !== other.constructor) return false;
  if (one instanceof Date) return +one === +(other as unknown as Date);
  if (one instanceof URL) return one.href === other.href;
  if (!Array.isArray(one) && one.constructor !== Object) return false;
  const names = Object.keys(one);
  const isEqual = (name: string) => Object.hasOwn(other, name) && isSame(one[name], other[name]);
  return names.length === Object.keys(other).length && names.every(isEqual);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
