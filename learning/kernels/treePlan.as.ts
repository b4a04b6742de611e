/**
 * Where the arrays of a forest's growth lie, in bytes, and its limits: 32 bits each, in the order in which
 * learning/learners/trees/compiledGrower.ts writes them.
 */
@unmanaged
export class Plan {
  /** [rows, stride] records of the rows to learn from: the class of a row in 4 bytes, then its bins. */
  source: usize;
  rows: i32;
  /** Bytes of a record: at least 16, a multiple of 4. */
  stride: usize;
  columns: i32;
  classes: i32;
  /** A bin has 2^binShift bytes of counts: 4 for each class, at least 16. */
  binShift: usize;
  /** What of them the classes take, a multiple of 16; the rest stays 0. */
  bytes: usize;
  /** Bytes between the counts of two slots. */
  slotBytes: usize;
  /** float32 [columns, 256] */
  edges: usize;
  /** int32 [columns] */
  binsOf: usize;
  /** int32 [columns], the features as they were drawn. */
  order: usize;
  /** [4 slots, slotBytes], all 0 between nodes. */
  counts: usize;
  /** 256 bits for each of the 4 slots, all 0 between nodes. */
  touched: usize;
  /** uint8 [256], bins that hold rows. */
  occupied: usize;
  /** int32 [rows], how often each was drawn; all 0 between trees. */
  drawn: usize;
  /** Two arrays of records, as many as the rows; a node of even depth lies in the first. */
  records: usize;
  others: usize;
  /** Nodes that wait; see growTree.as.ts. */
  waiting: usize;
  /** Four words. */
  random: usize;
  /** The best cut; see treeScan.as.ts. */
  best: usize;
  /** [2^binShift bytes], what lies left of a cut, by class. */
  left: usize;
  /** int32, float32 and int32 [nodes], as in ensemble.ts. */
  feature: usize;
  threshold: usize;
  next: usize;
  /** int32 [leaves, classes], weights. */
  leaves: usize;
  maxDepth: i32;
  minLeaf: i32;
  featuresPerNode: i32;
  /** Rows drawn with replacement; -1: every row once. */
  draws: i32;
  /** 1: one random cut of each feature, 0: the best one. */
  randomCuts: i32;
}

/** Weight and class of a record share its first word, as in sample.ts. */
export const CLASS_BITS: u32 = 16;
export const CLASS_MASK: u32 = 0xffff;
/** Where a record's bins begin. */
export const BINS: usize = 4;
