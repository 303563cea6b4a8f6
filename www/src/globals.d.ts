/** Bytes of the files under `demo/`, by path: written into the page when it is built. */
declare const __DEMO_BYTES__: Record<string, number>;
