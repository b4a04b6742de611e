import { utf8ToBytes } from '@noble/hashes/utils.js';
import { shelf } from '../learning/learners/shelf.ts';
import type { Budget } from './budget.ts';
import type { CandidateSpec } from './search.ts';
import { MAX_PAYLOAD_BYTES } from './units.ts';

/** More would not fit into what a workflow is told of them. */
const MAX_MEMBERS = 32;
const MAX_IN_FAMILIES = 2_000;
/** Of what a family answers, each member with its hyperparameters: three quarters of what a payload may hold. */
const MAX_ANSWER_BYTES = (MAX_PAYLOAD_BYTES * 3) / 4;
/** Of a member's answer beside its hyperparameters: its score, or why it has none. */
const OTHER_BYTES = 400;

/**
 * Candidates that differ only in what their learner's `family` names, such as how many trees they have, by the index of
 * the first of them: one seed, so that the larger forest begins with the smaller one.
 */
export function firstOfFamily(candidates: readonly CandidateSpec[], index: number): number {
  const family = familyKey(candidates[index]);
  if (family === undefined) return index;
  return candidates.findIndex((candidate) => familyKey(candidate) === family);
}

/**
 * Families of two and more, ascending: one fit a fold scores all of their members. None where a budget bounds a candidate
 * or the search, whose clock must not run for another's sake.
 *
 * @returns indices, at most 32 a family and 2,000 in all; who stands in none is trained alone
 */
export function familiesOf(candidates: readonly CandidateSpec[], budget?: Budget): number[][] {
  if (budget) return [];
  const families = new Map<string, CandidateSpec[]>();
  for (const candidate of candidates) {
    const key = familyKey(candidate);
    if (key === undefined) continue;
    const members = families.get(key);
    if (members) members.push(candidate);
    else families.set(key, [candidate]);
  }
  let left = MAX_IN_FAMILIES;
  return [...families.values()]
    .flatMap(cut)
    .filter((members) => members.length > 1 && (left -= members.length) >= 0)
    .sort(([a], [b]) => a - b);
}

/** Into parts whose answers fit into a payload, by index. */
function cut(members: readonly CandidateSpec[]): number[][] {
  const parts: number[][] = [];
  let bytes = Infinity;
  for (const { index, params } of members) {
    const own = utf8ToBytes(JSON.stringify(params)).length + OTHER_BYTES;
    bytes += own;
    const last = parts.at(-1);
    if (last && last.length < MAX_MEMBERS && bytes <= MAX_ANSWER_BYTES) last.push(index);
    else {
      parts.push([index]);
      bytes = own;
    }
  }
  return parts;
}

function familyKey({ learner, params }: CandidateSpec): string | undefined {
  const by = shelf.get(learner)?.family?.by as readonly string[] | undefined;
  if (!by) return undefined;
  const others = Object.keys(params)
    .filter((name) => !by.includes(name))
    .sort();
  return JSON.stringify([learner, ...others.map((name) => [name, params[name]])]);
}
