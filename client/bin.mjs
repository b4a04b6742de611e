#!/usr/bin/env node
// The bin `perennial`. TypeScript is compiled as it is loaded, also in definitions whose package is CommonJS.
import { register as registerRequire } from 'tsx/cjs/api';
import { register as registerImport } from 'tsx/esm/api';

registerRequire();
registerImport();
await import('./cli.ts');
