// What a thread runs whose shelf has one more learner.
import './hungry.ts';

export * from '../../compute/thread.ts';
