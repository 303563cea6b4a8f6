// What one engine takes for one model, in a page that has nothing else: WebAssembly's memory, which never shrinks, so that it is its own peak.

const picture = Float32Array.from({ length: 3 * 224 * 224 }, (_, at) => ((at * 7919) % 1009) / 505 - 1);
const ids = Array.from({ length: 128 }, (_, at) => (at * 7919) % 30_000);
const row = Float32Array.from({ length: 20 }, (_, at) => at - 10);
const wide = Float32Array.from({ length: 2048 }, (_, at) => at / 2048);

/** One question for each model: ours as SQL with its values, theirs as tensors. */
const asked = {
  resnet_50: {
    sql: "SELECT @x AS x",
    values: { x: { shape: [3, 224, 224], data: picture } },
    tensors: { x: ["float32", picture, [1, 3, 224, 224]] },
  },
  minilm: {
    sql: "SELECT @ids AS ids, @mask AS mask",
    values: { ids, mask: ids.map(() => 1) },
    tensors: {
      ids: ["int64", BigInt64Array.from(ids, BigInt), [1, ids.length]],
      mask: ["int64", new BigInt64Array(ids.length).fill(1n), [1, ids.length]],
    },
  },
  forest: {
    sql: "SELECT @features AS features",
    values: { features: row },
    tensors: { features: ["float32", row, [1, row.length]] },
  },
  large: {
    sql: "SELECT @x AS x",
    values: { x: wide },
    tensors: { x: ["float32", wide, [1, wide.length]] },
  },
};

const engines = {
  async ours(model, url) {
    const { PredictQL } = await import("./pkg/index.js");
    const db = await PredictQL.create({ threads: 1 });
    await db.registerModel(model, url);
    const { sql, values } = asked[model];
    return {
      run: () => db.query(`SELECT * FROM ML.PREDICT(MODEL ${model}, (${sql}))`, values),
      bytes: async () => (await db.stats()).wasmBytes,
    };
  },
  async theirs(model, url) {
    const memories = [];
    const { Memory } = WebAssembly;
    WebAssembly.Memory = class extends Memory {
      constructor(size) {
        super(size);
        memories.push(this);
      }
    };
    const ort = await import("./ort/ort.wasm.min.mjs");
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.wasmPaths = new URL("./ort/", location.href).href;
    const session = await ort.InferenceSession.create(url, { executionProviders: ["wasm"] });
    const tensors = Object.entries(asked[model].tensors).map(([name, given]) => [name, new ort.Tensor(...given)]);
    return {
      run: () => session.run(Object.fromEntries(tensors)),
      bytes: async () => memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0),
    };
  },
};

let opened;

/** Bytes of the engine once the model is loaded. */
globalThis.load = async (who, model) => {
  opened = await engines[who](model, new URL(`./models/${model}.onnx`, location.href).href);
  return opened.bytes();
};

/** Bytes of the engine after so many runs. */
globalThis.runs = async (count) => {
  for (let time = 0; time < count; time++) await opened.run();
  return opened.bytes();
};
