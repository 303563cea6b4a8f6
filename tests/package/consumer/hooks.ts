// Every member of the hooks and the store, used as its documentation shows it. Compiled, never run.

import { type Params, type PredictError, PredictQL } from "predictql";
import { PredictProvider, useModel, usePredictQL, useQuery } from "predictql/react";
import { modelStore, queryStore, type State, type Store } from "predictql/store";
import { createElement, type ReactNode } from "react";

interface Flower {
  species: string;
}

export function Flowers({ least }: { least: number }): ReactNode {
  const { model, error: fault } = useModel("iris", "/iris.onnx", { labels: ["setosa"] });
  const params: Params = [least];
  const { data, error, progress, isPending, cancel } = useQuery<Flower>(model ? "SELECT ?" : null, params, {
    batchSize: 8,
  });
  const failure: PredictError | undefined = error ?? fault;
  if (failure) return failure.frame ?? failure.message;
  if (isPending) return createElement("button", { type: "button", onClick: cancel }, String(progress?.ratio ?? 0));
  return createElement(
    "ul",
    null,
    data?.rows.map(({ species }) => createElement("li", { key: species }, species)),
  );
}

export function App(): ReactNode {
  return createElement(PredictProvider, { db: new PredictQL() }, createElement(Flowers, { least: 1 }));
}

export function Size(): ReactNode {
  return String(usePredictQL().closed);
}

export function listen(db: PredictQL): () => void {
  const store: Store<{ numRows: number }> = queryStore<Flower>(db, "SELECT 1", [], { int64: "bigint" });
  const stop = store.subscribe((state: State<{ numRows: number }>) =>
    console.log(state.data?.numRows, state.isPending),
  );
  console.log(modelStore(db, "iris", "/iris.onnx").getSnapshot().data?.name);
  return stop;
}
