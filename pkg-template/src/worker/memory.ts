// Which memory an engine has.

/** Whether threads share the memory of a module's instances: then it is the host that makes it. */
export function hasSharedMemory(module: WebAssembly.Module): boolean {
  return WebAssembly.Module.imports(module).some(({ kind }) => kind === "memory");
}
