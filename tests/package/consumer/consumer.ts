// Every member of the public surface, used as its documentation shows it. Compiled, never run.

import {
  type ColumnInfo,
  type Diagnostic,
  type EngineInfo,
  type EngineStats,
  type ModelInfo,
  type ModelOptions,
  type Plan,
  PredictError,
  type PredictOptions,
  PredictQL,
  type Progress,
  type Query,
  type QueryOptions,
  type Result,
  type Statement,
  type TableInfo,
  type Timings,
} from "predictql";

interface Prediction {
  label: string;
  probabilities: number[];
}

const options: PredictOptions = {
  worker: () => new Worker("/worker.js"),
  workerUrl: new URL("https://example.com/worker.js"),
  wasmUrl: "/simd.wasm",
  wasmModule: new Uint8Array(8),
  network: (url: URL) => url.origin === location.origin,
  fetch,
  onProgress: ({ stage, label, loaded, total, unit, ratio, cached }: Progress) =>
    console.log(stage, label, loaded, total, unit, ratio, cached),
};

export async function useEverything(file: File, list: FileList, signal: AbortSignal): Promise<void> {
  await using db: PredictQL = await PredictQL.create(options);
  const lazy = new PredictQL({ network: "deny", worker: "inline" });
  const info: EngineInfo = await lazy.ready;
  console.log(info.version, info.build, info.why, lazy.closed, lazy.dialect === "bigquery");

  const onProgress = ({ ratio }: Progress) => console.log(ratio ?? 0);
  const model: ModelInfo = await db.registerModel("iris", "/iris.onnx", { signal, onProgress });
  const {
    version,
    aliases,
    sha256,
    source: from,
  } = await db.registerModel("iris", "/iris-2.onnx", { version: 2, alias: "new" });
  await db.setModelAlias("iris", aliases[0] ?? "champion", version);
  await db.dropModel(`iris@${version}`);
  console.log(sha256, from?.length);
  for (const source of [file, new Uint8Array(), new ArrayBuffer(0), new Response(), new ReadableStream<Uint8Array>()]) {
    await db.registerModel("iris", source);
  }
  const said: ModelOptions = {
    labels: ["setosa", "versicolor", "virginica"],
    inputs: { x: { columns: ["a", "b"] }, image: { mean: [0.5], std: 0.5, layout: "NCHW" } },
    integrity: "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    externalData: { "weights.bin": file },
    task: "classification",
    softmax: true,
    nullHandling: "nan",
    defaultOnNull: { a: 0 },
  };
  await db.registerModel("iris", file, said);
  const inputs: ColumnInfo[] = model.inputs;
  console.log(model.format, model.operators.Gemm, model.loadTime, model.lastError);
  console.log(inputs[0]?.type, model.opset["ai.onnx"], model.metadata.producer_name, model.bytes);

  const table: TableInfo = await db.registerTable("flowers", "/iris.csv", {
    format: "csv",
    header: true,
    delimiter: ";",
  });
  await db.registerTable("flowers", file, { nullValues: ["NA"], schema: { sepal_length: "FLOAT64" } });
  await db.registerTable("cars", new URL("https://example.com/cars.parquet"), { format: "parquet" });
  await db.registerTable("photos", list);
  await db.registerTable("photos", ["/a.png", new URL("https://example.com/b.png"), file], { format: "images" });
  await db.registerTable("points", [{ x: 1, y: new Date() }, { x: null }]);
  await db.registerTable("points", { x: new Float64Array(2), y: ["a", "b"] });
  await db.registerFile("gs://bucket/iris.onnx", file, { signal });
  console.log(table.kind, table.rows, table.bytes);

  const query: QueryOptions = {
    signal,
    onProgress,
    batchSize: 16,
    rowMode: "object",
    int64: "bigint",
    dialect: "bigquery",
  };
  const result: Result<Prediction> = await db.query<Prediction>(
    "SELECT ?",
    [1, "a", null, new Date(), file, [1]],
    query,
  );
  for (const { label, probabilities } of result) console.log(label.toUpperCase(), probabilities[0]?.toFixed(2));
  const untyped = await db.query("SELECT @x AS x", { x: 1n });
  console.log(
    untyped.rows[0]?.x,
    untyped.at(-1),
    untyped.toArray().length,
    untyped.toColumns().x,
    untyped.toIPC().byteLength,
  );
  console.log(
    untyped.numRows,
    untyped.numCols,
    untyped.columns,
    untyped.schema.fields[0]?.databaseType,
    untyped.message,
  );
  console.log(untyped.getChild("x")?.toArray(), untyped.getChild("x")?.at(0), untyped.warnings.length);
  const timings: Timings = untyped.timings;
  console.log(timings.total, timings.queue);

  await using statement: Statement<Prediction> = await db.prepare<Prediction>("SELECT ? AS label", {
    dialect: "bigquery",
    signal,
  });
  console.log(statement.columns[0]?.type, statement.params[0]?.databaseType);
  console.log((await statement.query(["a"], query)).rows[0]?.label);
  for await (const batch of statement.stream({ x: 1 }, { signal })) console.log(batch.rows[0]?.probabilities);
  await statement.close();
  const lazyQuery: Query<Prediction> = db.sql<Prediction>`SELECT label FROM ML.PREDICT(MODEL iris, TABLE ${file}) LIMIT ${5}`;
  const { rows } = await lazyQuery;
  console.log(rows[0]?.label, (await lazyQuery.run({ signal })).numRows);
  for await (const batch of lazyQuery) console.log(batch.numRows);
  for await (const batch of db.stream<Prediction>("SELECT 1", [], query)) console.log(batch.rows[0]?.label);
  const scored = await db.predict<Prediction>("iris", [{ a: 1 }], { signal });
  const plan: Plan = await db.explain("SELECT ?", [scored.rows[0]?.label], { analyze: true, signal });
  console.log(plan.text, plan.tree.children[0]?.rows, plan.timings?.infer, (await lazyQuery.explain()).tree.op);
  const results: Result[] = await db.exec("SELECT 1; SELECT 2", query);
  await db.sql`SELECT * FROM ${results[0] ?? [{ a: 1 }]} JOIN ${{ x: [1, 2] }} USING (x)`;

  const { diagnostics, params }: { diagnostics: Diagnostic[]; params: ColumnInfo[] } = await db.check("SELECT @x");
  console.log(params[0]?.name);
  console.log(diagnostics[0]?.fix?.insert, (await db.tables()).length, (await db.models()).length);
  const made: PredictQL = await PredictQL.of(
    { points: [{ x: 1 }] },
    { log: ({ level }) => console.log(level), profile: true },
  );
  const [text, values] = made.queryTag`SELECT ${1} AS x`;
  const { schema, readRows } = await made.queryStream(text, values, { signal });
  for await (const rows of readRows()) console.log(rows[0]?.x, schema[0]?.name);
  const row: Prediction | null = await made.queryRow<Prediction>("SELECT 1");
  const described: ColumnInfo[] = await made.describeColumns({ table: (await made.describeTables())[0]?.name ?? "" });
  console.log(row?.label, described.length, made.escape("a b"), (await made.warmup("iris", { batchSize: 2 })).total);
  const stats: EngineStats = await db.stats();
  console.log(stats.requests[0]?.reason, stats.wasmBytes + stats.modelBytes + stats.tableBytes);
  await db.dropTable("flowers");
  await db.dropModel("iris");
  await lazy.close();
}

export function describe(error: unknown): string {
  if (!(error instanceof PredictError)) throw error;
  const { code, message, frame, hint, position, sql, detail } = error;
  return [code, message, frame, hint, position, sql, detail].join("\n");
}
