import { defineSearchAttributeKey } from '@temporalio/common';

/** The search attributes by which people find workflows in the Temporal Web UI; registered when a stack starts. */
export const searchAttributes = {
  lifecycle: defineSearchAttributeKey('PerennialLifecycle', 'KEYWORD'),
  stage: defineSearchAttributeKey('PerennialStage', 'KEYWORD'),
  outcome: defineSearchAttributeKey('PerennialOutcome', 'KEYWORD'),
  learner: defineSearchAttributeKey('PerennialLearner', 'KEYWORD'),
  score: defineSearchAttributeKey('PerennialScore', 'DOUBLE'),
  version: defineSearchAttributeKey('PerennialVersion', 'INT'),
  run: defineSearchAttributeKey('PerennialRun', 'INT'),
};
