globalThis.Worker = class {
  constructor() {
    queueMicrotask(() => this.onerror(new Event("error", { cancelable: true })));
  }

  postMessage() {}
};
