import { PerennialError } from '../config/errors.ts';
import { describeFeatures, kindsOf } from '../learning/encoders/describe.ts';
import type { FittedEncoders } from '../learning/encoders/fitted.ts';
import type { BinnedMatrix, Problem, Task } from '../learning/types.ts';
import type { ArtifactStore } from '../store/types.ts';
import { decodeTensors, encodeTensors } from './tensors.ts';

/**
 * What featurising leaves for the search: the sample's matrix, its bins, its target, and how they were made.
 * One artifact; candidates read it onto shared memory.
 */
export interface Features {
  facts: FeatureFacts;
  x: Float32Array;
  y: Float64Array;
  binned: BinnedMatrix;
  /** [rows] of folds by time: epoch milliseconds, NaN where unknown. */
  times?: Float64Array;
  /** [rows] of folds by group: its number, from 0 in the order of first appearance. */
  groups?: Int32Array;
  /** [rows] of what the definition's `weight` names. */
  weights?: Float64Array;
}

export interface FeatureFacts {
  task: Task;
  /** Class names by index; absent for regression. */
  classes?: (string | number | boolean)[];
  /** Index of the positive class; binary only. */
  positive?: number;
  rows: number;
  columns: number;
  encoders: FittedEncoders;
}

export function encodeFeatures({ facts, x, y, binned, times, groups, weights }: Features): Uint8Array {
  const edges = binned.edges;
  const offsets = new Int32Array(edges.length + 1);
  edges.forEach((e, i) => (offsets[i + 1] = (offsets[i] ?? 0) + e.length));
  const flat = new Float32Array(offsets[edges.length] ?? 0);
  edges.forEach((e, i) => flat.set(e, offsets[i]));
  return encodeTensors({
    metadata: { facts: JSON.stringify(facts) },
    tensors: {
      ...{ x, y, bins: binned.bins, edges: flat, edgeOffsets: offsets },
      // Where there are none of these, the bytes are those that earlier versions wrote.
      ...(times ? { times } : {}),
      ...(groups ? { groups } : {}),
      ...(weights ? { weights } : {}),
    },
  });
}

export function decodeFeatures(bytes: Uint8Array): Features {
  const { metadata, tensors } = decodeTensors(bytes);
  const facts = JSON.parse(metadata.facts ?? 'null') as FeatureFacts | null;
  const { x, y, bins, edges, edgeOffsets, times, groups, weights } = tensors;
  if (
    !facts ||
    !(x instanceof Float32Array) ||
    !(y instanceof Float64Array) ||
    !(bins instanceof Uint8Array) ||
    !(edges instanceof Float32Array) ||
    !(edgeOffsets instanceof Int32Array) ||
    !(times === undefined || times instanceof Float64Array) ||
    !(groups === undefined || groups instanceof Int32Array) ||
    !(weights === undefined || weights instanceof Float64Array)
  ) {
    throw new PerennialError('ARTIFACT_CORRUPT', 'The features artifact does not hold what it should.');
  }
  const { rows, columns } = facts;
  const cut = (i: number): Float32Array => edges.subarray(edgeOffsets[i], edgeOffsets[i + 1]);
  return {
    facts,
    x,
    y,
    binned: {
      ...{ rows, columns, bins, edges: Array.from({ length: columns }, (_, i) => cut(i)) },
      ...kindsOf(facts.encoders),
    },
    times,
    groups,
    weights,
  };
}

/** Features by digest; the last ones stay in memory, as every candidate of a search reads the same. */
export function featureReader(artifacts: ArtifactStore): (digest: string) => Promise<Features> {
  let last: { digest: string; features: Promise<Features> } | undefined;
  return (digest) => {
    if (last?.digest !== digest) {
      const features = artifacts.get(digest).then(decodeFeatures);
      const entry = { digest, features };
      last = entry;
      features.catch(() => {
        if (last === entry) last = undefined;
      });
    }
    return last.features;
  };
}

/** The learning problem over all rows of the matrix, or over those listed. */
export function problemOf({ facts, x, y, binned, weights }: Features, train?: Int32Array): Problem {
  return {
    task: facts.task,
    classes: facts.classes?.length ?? 1,
    rows: facts.rows,
    columns: facts.columns,
    x,
    y,
    binned,
    train: train ?? Int32Array.from({ length: facts.rows }, (_, i) => i),
    ...(weights ? { weights } : {}),
    classNames: facts.classes,
    positive: facts.positive,
    features: describeFeatures(facts.encoders),
  };
}
