// Finds out which WebAssembly this engine runs, by offering it modules of one function.

/** `i8x16.relaxed_swizzle` of two splats. */
// biome-ignore format: one instruction a line says more
const relaxed = [
  0, 97, 115, 109, 1, 0, 0, 0, // magic and version
  1, 5, 1, 96, 0, 1, 123, // type 0: () -> v128
  3, 2, 1, 0, // function 0 has type 0
  10, 15, 1, 13, 0, // its code
  65, 1, 253, 15, // i8x16.splat (i32.const 1)
  65, 2, 253, 15, // i8x16.splat (i32.const 2)
  253, 128, 2, // i8x16.relaxed_swizzle
  11, // end
];

/** `i8x16.popcnt` of a splat. */
// biome-ignore format: one instruction a line says more
const simd = [
  0, 97, 115, 109, 1, 0, 0, 0, // magic and version
  1, 5, 1, 96, 0, 1, 123, // type 0: () -> v128
  3, 2, 1, 0, // function 0 has type 0
  10, 10, 1, 8, 0, // its code
  65, 0, 253, 15, // i8x16.splat (i32.const 0)
  253, 98, // i8x16.popcnt
  11, // end
];

const probes = { relaxed, simd };

/** Whether threads can share a memory that may become as large as WebAssembly has it: some devices have no room for the addresses. */
export function supportsSharedMemory(): boolean {
  try {
    return Boolean(new WebAssembly.Memory({ initial: 0, maximum: 65_536, shared: true }));
  } catch {
    return false;
  }
}

/** Whether this engine has relaxed SIMD or at least the fixed-width one. */
export function supports(variant: keyof typeof probes): boolean {
  return WebAssembly.validate(new Uint8Array(probes[variant]));
}
