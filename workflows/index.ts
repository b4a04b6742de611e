// What a worker registers, by type name.
export { training } from './training.ts';
export { search } from './search.ts';
export { halving } from './halving.ts';
export { candidate } from './candidate.ts';
export { family } from './family.ts';
export { rollout } from './rollout.ts';
export { lifecycle } from './lifecycle.ts';
export { watch } from './watch.ts';
export { notice } from './notice.ts';
export { scheduledTrigger } from './scheduledTrigger.ts';
