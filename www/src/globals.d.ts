// Written into the page when it is built.

/** Bytes of the files under `demo/`, by path. */
declare const __DEMO_BYTES__: Record<string, number>;
/** Bytes of the engine's WebAssembly. */
declare const __ENGINE_BYTES__: number;
