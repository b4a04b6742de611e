// What a worker thread starts with: Node 20 cannot read TypeScript, and a thread does not inherit tsx's hooks
// ("Unknown file extension .ts", also with --import tsx). Its code comes compiled with its data: see threadCode.ts.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { compileFunction } from 'node:vm';
import { workerData } from 'node:worker_threads';

const module = { exports: {} };
const filename = fileURLToPath(new URL('./thread.cjs', import.meta.url));
const run = compileFunction(workerData.code, ['module', 'exports', 'require'], { filename });
run(module, module.exports, createRequire(import.meta.url));

export const { fitUnits, scoreFold, scoreFamilyFold, predictFold, findColumnEdges, assignRowBins } =
  module.exports;
