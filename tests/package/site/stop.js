// Takes its functions out of the table of a helper while that helps: it stops at the first one that it calls there.

const { instantiate } = WebAssembly;

WebAssembly.instantiate = async (module, imports) => {
  const instance = await instantiate(module, imports);
  if (name !== "predictql helper") return instance;
  const { crew_help, t0 } = instance.exports;
  const stop = () => {
    const functions = Array.from({ length: t0.length }, (_, place) => t0.get(place));
    for (const place of functions.keys()) t0.set(place, null);
    try {
      crew_help();
    } finally {
      for (const [place, it] of functions.entries()) t0.set(place, it);
    }
  };
  return { instance: { exports: { ...instance.exports, crew_help: stop } }, module };
};
