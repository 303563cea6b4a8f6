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
 * Runs a statement, anew whenever it or its parameters change; `null` runs nothing. What nobody shows any more is given up.
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
  const key = [db, sql, ...Object.entries(params).flat(), dialect, batchSize, onError, rowMode, int64];
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
  const isSame =
    kept.current?.key.length === key.length && key.every((part, at) => Object.is(part, kept.current?.key[at]));
  if (!kept.current || !isSame) kept.current = { key, store: make() };
  const { subscribe, getSnapshot } = kept.current.store;
  return useSyncExternalStore(subscribe, getSnapshot, getSnapshot);
}
