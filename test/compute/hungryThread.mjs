// A thread of the pool whose shelf has one more learner.
export * from '../../compute/thread.mjs';
await import('./hungry.ts');
