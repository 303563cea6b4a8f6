/** Bytes of the files under `demo/`, by path: written into the page when it is built. */
declare const __DEMO_BYTES__: Record<string, number>;
/** Whether the documents lie beside the page. */
declare const __HAS_DOCS__: boolean;
