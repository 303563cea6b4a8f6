// The package's worker, which holds a lock for as long as it lives: a page counts them by their locks. One that has begun to help never
// comes back to its event loop, so that it has its lock before it hears anything.

const early = [];
globalThis.onmessage = (event) => early.push(event);
await new Promise((resolve) => {
  const hold = () => {
    resolve();
    return new Promise(() => {});
  };
  navigator.locks.request(`counted ${Math.random()}`, hold);
});
await import("/pkg/worker.js");
for (const event of early) globalThis.onmessage(event);
