import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../setup/sourceFiles.ts';
import { KERNELS, moduleOf } from './compile.ts';

/** `npm run build-kernels`: compiles what stands in *.as.ts. */
for (const kernel of KERNELS) writeFileSync(join(root, kernel.module), await moduleOf(kernel));
