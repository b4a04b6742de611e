// What the process of a candidate with a bound on its memory starts with: see parity.mjs on tsx.
import { register } from 'tsx/esm/api';

register();

await import('./apartChild.ts');
