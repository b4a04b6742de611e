import { deriveLogistic, deriveSoftmax } from './classLoss.ts';
import { fillHistogram } from './histogram.ts';
import type { Kernels } from './kernels.ts';
import { addTo, sumSlopes } from './newton.ts';
import { packAll, sumSizes } from './packedGradients.ts';
import { partition } from './partition.ts';
import { scanBoth } from './scan.ts';

/** In TypeScript: what the compiled ones are held to, and the way of a fit that their memory cannot hold. */
export const plainKernels: Kernels = {
  uint8: (length) => new Uint8Array(length),
  int32: (length) => new Int32Array(length),
  float64: (length) => new Float64Array(length),
  fillHistogram,
  partition,
  scanBoth,
  sumSizes,
  packAll,
  sumSlopes,
  addTo,
  deriveLogistic,
  deriveSoftmax,
};
