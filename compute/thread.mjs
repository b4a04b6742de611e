// What a worker thread starts with: Node 20 cannot read TypeScript, and a thread does not inherit tsx's hooks
// ("Unknown file extension .ts", also with --import tsx), so they are registered here, under tsx and vitest alike.
import { register } from 'tsx/esm/api';

register();

export const { fitUnits, scoreFold, scoreFamilyFold, predictFold, findColumnEdges, assignRowBins } =
  await import('./thread.ts');
