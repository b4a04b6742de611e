import { bucket } from './bucket.ts';
import { category } from './category.ts';
import { cyclic } from './cyclic.ts';
import type { Encoder } from './encoder.ts';
import type { EncoderKind } from './fitted.ts';
import { frequency } from './frequency.ts';
import { log } from './log.ts';
import { minMax } from './minMax.ts';
import { oneHot } from './oneHot.ts';
import { ordinal } from './ordinal.ts';
import { passthrough } from './passthrough.ts';
import { standardize } from './standardize.ts';

/** Every encoder that a definition can name, besides `impute`, which the others read. */
export const encoders: { readonly [K in EncoderKind]: Encoder<K> } = {
  passthrough,
  standardize,
  minMax,
  log,
  bucket,
  cyclic,
  oneHot,
  ordinal,
  frequency,
  category,
};
