import { describe, expect, it } from 'vitest';
import * as define from '../../config/define.ts';
import { canonicalJson, definitionHash, parseDefinition, type Definition } from '../../config/definition.ts';
import { PerennialError } from '../../config/errors.ts';
import { paramText } from '../../config/paramText.ts';
import { expandSearch } from '../../config/search.ts';
import { shelf } from '../../learning/learners/shelf.ts';
import { declaredCandidates } from './declared.ts';

const { csv, defineLifecycle, forest, logistic, oneHot, standardize } = define;

const smallest: define.LifecycleInput = {
  name: 'churn',
  sources: { customers: csv('customers.csv') },
  target: 'left',
  search: [logistic()],
};

describe('a definition', () => {
  it('is plain JSON with every default explicit, and parses to itself', () => {
    const definition = defineLifecycle(smallest);
    expect(JSON.parse(JSON.stringify(definition))).toEqual(definition);
    expect(definition).toMatchObject({
      apiVersion: 1,
      dataset: 'SELECT * FROM "customers"',
      task: 'auto',
      features: 'auto',
      checks: [],
      split: { by: 'hash', test: 0.2 },
      select: { metric: 'auto', folds: 5, tolerance: 0 },
      sample: { search: 'all', refit: 'all', evaluate: 'all' },
      seed: 1,
    });
    expect(parseDefinition(definition)).toEqual(definition);
  });

  it('takes one name as a key', () => {
    expect(defineLifecycle({ ...smallest, key: 'id' }).key).toEqual(['id']);
  });

  it('has one hash, whatever the order of its keys, and another for another meaning', () => {
    const reordered = Object.fromEntries(Object.entries(smallest).reverse()) as define.LifecycleInput;
    const hash = definitionHash(defineLifecycle(smallest));
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(definitionHash(defineLifecycle(reordered))).toBe(hash);
    expect(definitionHash(defineLifecycle({ ...smallest, seed: 2 }))).not.toBe(hash);
    // A default that is written out means the same.
    expect(definitionHash(defineLifecycle({ ...smallest, seed: 1, checks: [] }))).toBe(hash);
  });

  it('keeps the hash that it had before there were kinds of folds, where it names none', () => {
    const hash = 'aef28c0c55358e438a6c76943f969a26ec27324bfaedc9531b90ee649e614b48';
    expect(definitionHash(defineLifecycle(smallest))).toBe(hash);
    expect(
      definitionHash(
        defineLifecycle({ ...smallest, select: { cv: undefined, rule: undefined, also: undefined } }),
      ),
    ).toBe(hash);
    expect(definitionHash(defineLifecycle({ ...smallest, select: { cv: { kind: 'plain' } } }))).not.toBe(
      hash,
    );
    const timed = defineLifecycle({ ...smallest, time: 'at', select: { cv: { kind: 'time' } } });
    expect(timed.select.cv).toEqual({ kind: 'time', gapMs: 0 });
  });

  it('keeps the hash that it had before rows had weights, where it names none', () => {
    expect(definitionHash(defineLifecycle({ ...smallest, weight: undefined }))).toBe(
      definitionHash(defineLifecycle(smallest)),
    );
    const names = (definition: Definition) => Object.keys(declaredCandidates(definition)[0].params);
    const boosted = defineLifecycle({ ...smallest, search: [define.boosting()] });
    expect(names(boosted)).not.toContain('classWeight');
    expect(names(boosted)).not.toContain('monotone');
  });

  it('keeps the hash that it had before there was calibration, where it asks for none', () => {
    const hash = definitionHash(defineLifecycle(smallest));
    expect(definitionHash(defineLifecycle({ ...smallest, calibrate: undefined }))).toBe(hash);
    const calibrated = defineLifecycle({ ...smallest, calibrate: 'sigmoid' });
    expect(calibrated.calibrate).toBe('sigmoid');
    expect(definitionHash(calibrated)).not.toBe(hash);
  });

  it('takes hyperparameters that name classes and features', () => {
    const definition = defineLifecycle({
      ...smallest,
      search: [
        define.boosting({ monotone: { price: 'decreasing' }, classWeight: [null, 'balanced', { yes: 3 }] }),
      ],
    });
    expect(declaredCandidates(definition).map(({ params }) => params.classWeight)).toEqual([
      null,
      'balanced',
      { yes: 3 },
    ]);
    expect(declaredCandidates(definition)[2].params.monotone).toEqual({ price: 'decreasing' });
    expect(paramText({ b: 1, a: 'decreasing' })).toBe('{a: decreasing, b: 1}');
  });

  it('hashes sections alone, so that one section does not change the lineage of another', () => {
    const a = defineLifecycle(smallest);
    const b = defineLifecycle({ ...smallest, search: [forest()] });
    const sections: (keyof Definition)[] = ['sources', 'dataset', 'target'];
    expect(definitionHash(a, sections)).toBe(definitionHash(b, sections));
    expect(definitionHash(a)).not.toBe(definitionHash(b));
  });

  it('is canonical as RFC 8785 says', () => {
    // The key order and number forms of the RFC's own example (section 3.2.2), without its literals.
    const value = {
      numbers: [333333333.33333329, 1e30, 4.5, 2e-3, 1e-27],
      b: '\u20ac$\u000f\nA\'B"\\"/',
      a: null,
    };
    expect(canonicalJson(value)).toBe(
      '{"a":null,"b":"€$\\u000f\\nA\'B\\"\\\\\\"/","numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27]}',
    );
  });
});

describe('a wrong definition is told by its path, its value and what would be right', () => {
  const cases: [string, unknown, { field: string; text: RegExp }][] = [
    ['no target', { ...smallest, target: undefined }, { field: 'target', text: /target is missing/ }],
    ['a name in capitals', { ...smallest, name: 'Churn' }, { field: 'name', text: /"Churn".*lower-case/ }],
    ['an unknown key', { ...smallest, tagret: 'x' }, { field: 'tagret', text: /tagret is not known/ }],
    [
      'no source',
      { ...smallest, dataset: 'select 1', sources: {} },
      { field: 'sources', text: /at least one source/ },
    ],
    [
      'an unknown metric',
      { ...smallest, select: { metric: 'auc' } },
      { field: 'select.metric', text: /"auc".*rocAuc/ },
    ],
    [
      'one fold',
      { ...smallest, select: { folds: 1 } },
      { field: 'select.folds', text: /select\.folds is 1/ },
    ],
    [
      'folds of no kind',
      { ...smallest, select: { cv: { kind: 'random' } } },
      { field: 'select.cv.kind', text: /"random".*stratified.*group/ },
    ],
    [
      'folds by time without a time',
      { ...smallest, select: { cv: { kind: 'time' } } },
      { field: 'select.cv.kind', text: /"time".*`time` to name a column/ },
    ],
    [
      'a gap where nothing is in order',
      { ...smallest, select: { cv: { kind: 'plain', gapMs: 5 } } },
      { field: 'select.cv.gapMs', text: /gapMs is not known/ },
    ],
    [
      'a negative gap',
      { ...smallest, time: 'at', select: { cv: { kind: 'time', gapMs: -5 } } },
      { field: 'select.cv.gapMs', text: /gapMs is -5/ },
    ],
    [
      'groups without a column',
      { ...smallest, select: { cv: { kind: 'group' } } },
      { field: 'select.cv.column', text: /column is missing/ },
    ],
    [
      'groups by the target',
      { ...smallest, select: { cv: { kind: 'group', column: 'left' } } },
      { field: 'select.cv.column', text: /"left".*other than the target/ },
    ],
    [
      'strata of numbers',
      { ...smallest, task: 'regression', select: { cv: { kind: 'stratified' } } },
      { field: 'select.cv.kind', text: /"stratified".*`plain`/ },
    ],
    [
      'groups that the prediction log does not have',
      {
        ...smallest,
        key: 'id',
        features: [standardize('age')],
        watch: {},
        retrain: { data: 'predictions' },
        select: { cv: { kind: 'group', column: 'household' } },
      },
      { field: 'select.cv.column', text: /"household".*column of the key or of a feature/ },
    ],
    [
      'a metric beside that is the metric',
      { ...smallest, select: { metric: 'rocAuc', also: ['logLoss', 'rocAuc'] } },
      { field: 'select.also[1]', text: /"rocAuc".*other than select\.metric/ },
    ],
    [
      'a metric beside twice',
      { ...smallest, select: { also: ['logLoss', 'logLoss'] } },
      { field: 'select.also[1]', text: /each metric once/ },
    ],
    [
      'a metric beside of another task',
      { ...smallest, task: 'regression', select: { also: ['mae', 'logLoss'] } },
      { field: 'select.also[1]', text: /a metric of regression/ },
    ],
    [
      'an unknown rule',
      { ...smallest, select: { rule: 'simplest' } },
      { field: 'select.rule', text: /"simplest".*best.*oneStandardError/ },
    ],
    [
      'an early end by its own rule beside halving',
      { ...smallest, select: { stopEarly: {} }, halving: { resource: 'rows' } },
      { field: 'select.stopEarly', text: /with `halving`, which stops candidates itself/ },
    ],
    [
      'an early end of candidates that a rule may take',
      { ...smallest, select: { stopEarly: { window: 4 }, rule: 'oneStandardError' } },
      { field: 'select.stopEarly', text: /may take a candidate that cannot be the best/ },
    ],
    [
      'an early end that waits for none',
      { ...smallest, select: { stopEarly: { window: 0 } } },
      { field: 'select.stopEarly.window', text: /stopEarly\.window is 0/ },
    ],
    ['an empty search', { ...smallest, search: [] }, { field: 'search', text: /at least one learner/ }],
    [
      'an unknown learner',
      { ...smallest, search: [{ learner: 'forrest', grid: {} }] },
      { field: 'search[0].learner', text: /"forrest".*forest/ },
    ],
    [
      'an unknown hyperparameter',
      { ...smallest, search: [{ learner: 'forest', grid: { tree: [10] } }] },
      { field: 'search[0].grid.tree', text: /tree is not known/ },
    ],
    [
      'a hyperparameter out of range',
      { ...smallest, search: [forest({ trees: [10, 0] })] },
      { field: 'search[0].grid.trees', text: /trees is 0/ },
    ],
    [
      'an empty grid',
      { ...smallest, search: [{ learner: 'forest', grid: { trees: [] } }] },
      { field: 'search[0].grid.trees', text: /at least one value/ },
    ],
    [
      'the target as a feature',
      { ...smallest, features: [standardize('age', 'left')] },
      { field: 'features[0].columns[1]', text: /other than the target/ },
    ],
    [
      'the target in the key',
      { ...smallest, key: ['left'] },
      { field: 'key', text: /other than the target/ },
    ],
    [
      'a split by time without a time',
      { ...smallest, split: { by: 'time', test: 0.2 } },
      { field: 'split.by', text: /`time`/ },
    ],
    [
      'a sliding window without a time',
      { ...smallest, retrain: { window: { kind: 'sliding', rows: 1_000 } } },
      { field: 'retrain.window', text: /`time`.*expanding/ },
    ],
    [
      'a retraining on the log without a key',
      { ...smallest, retrain: { data: 'predictions' }, watch: {} },
      { field: 'retrain.data', text: /`key`/ },
    ],
    [
      'a retraining on the log that nobody has the inputs in',
      { ...smallest, key: 'id', retrain: { data: 'predictions' } },
      { field: 'retrain.data', text: /`watch`/ },
    ],
    [
      'a champion that is stale with nobody to watch it',
      { ...smallest, retrain: { staleAfterMs: 86_400_000 } },
      { field: 'retrain.staleAfterMs', text: /`watch`/ },
    ],
    [
      'a champion that is stale where any drift is enough',
      { ...smallest, retrain: { staleAfterMs: 86_400_000, onDrift: 'any' }, watch: {} },
      { field: 'retrain.staleAfterMs', text: /86400000.*`onDrift` to be `fall`/ },
    ],
    [
      'a retraining that holds out all that is new',
      { ...smallest, time: 'at', split: { by: 'moment', from: '2026-01-01' }, retrain: {} },
      { field: 'split.by', text: /hash or time/ },
    ],
    [
      'a moment on a day that never was',
      { ...smallest, time: 'at', split: { by: 'moment', from: '2024-02-30' } },
      { field: 'split.from', text: /"2024-02-30".*ISO 8601/ },
    ],
    [
      'a moment as one country writes it',
      { ...smallest, time: 'at', split: { by: 'moment', from: '03/04/2021' } },
      { field: 'split.from', text: /ISO 8601/ },
    ],
    [
      'a share over one',
      { ...smallest, split: { by: 'hash', test: 20 } },
      { field: 'split.test', text: /split\.test is 20/ },
    ],
    [
      'a metric of another task',
      { ...smallest, task: 'regression', select: { metric: 'accuracy' } },
      { field: 'select.metric', text: /a metric of regression/ },
    ],
    [
      'a floor for an error',
      { ...smallest, select: { metric: 'rmse', atLeast: 1 } },
      { field: 'select.atLeast', text: /atMost/ },
    ],
    [
      'a password in an address',
      { ...smallest, sources: { customers: csv('https://me:hunter2@host/x.csv') } },
      { field: 'sources.customers.from', text: /must not hold a user, a password or a token/ },
    ],
    ...['https://hunter2@host/x.csv', 'https:\\\\hunter2@host/x.csv', 's3://:hunter2@bucket/x.csv'].map(
      (from): (typeof cases)[number] => [
        `a token in ${from}`,
        { ...smallest, sources: { customers: csv(from) } },
        { field: 'sources.customers.from', text: /headers with secret/ },
      ],
    ),
    [
      'a token in the address of a webhook',
      {
        ...smallest,
        notify: { webhooks: [define.webhook('https://hunter2@host', { key: define.secret('K') })] },
      },
      { field: 'notify.webhooks[0].url', text: /must not hold a user/ },
    ],
    ...['authorization', 'X-Api-Key', 'cookie', 'x-whatever'].map((name): (typeof cases)[number] => [
      `a literal ${name}`,
      {
        ...smallest,
        sources: {
          customers: csv('https://host/x.csv', {
            headers: { accept: 'text/csv', [name]: 'Bearer hunter2' },
          }),
        },
      },
      {
        field: `sources.customers.headers.${name}`,
        text: /is "\*\*\*": must be secret\('NAME'\).*only accept, /,
      },
    ]),
    [
      'a number of rows without a bound',
      { ...smallest, checks: [define.unique('id'), define.rows({})] },
      { field: 'checks[1]', text: /checks\[1\] is .*"rows".*expected `min`, `max` or both/ },
    ],
    [
      'a range without a bound',
      { ...smallest, checks: [define.range('age', { maxShare: 0.1 })] },
      { field: 'checks[0]', text: /expected `min`, `max` or both/ },
    ],
    [
      'a range that holds nothing',
      { ...smallest, checks: [define.range('age', { min: 90, max: 18 })] },
      { field: 'checks[0].min', text: /checks\[0\]\.min is 90; expected at most `max`, which is 18/ },
    ],
    [
      'a range of times that holds nothing',
      { ...smallest, checks: [define.range('at', { min: '2026-02-01', max: '2026-01-31T23:59Z' })] },
      { field: 'checks[0].min', text: /is "2026-02-01"; expected at most `max`/ },
    ],
    [
      'a number of rows that cannot be',
      { ...smallest, checks: [define.rows({ min: 10, max: 5 })] },
      { field: 'checks[0].min', text: /is 10; expected at most `max`, which is 5/ },
    ],
    [
      'an expression that cannot be',
      { ...smallest, checks: [define.expression('mean', 'avg(x)', { min: 1, max: 0 })] },
      { field: 'checks[0].min', text: /is 1; expected at most `max`, which is 0/ },
    ],
    [
      'a literal connection',
      {
        ...smallest,
        sources: { w: { kind: 'postgres', connection: 'postgres://a:b@c/d', query: 'select 1' } },
      },
      { field: 'sources.w.connection', text: /sources\.w\.connection/ },
    ],
    [
      'a constant without its value',
      { ...smallest, features: [{ kind: 'impute', columns: ['age'], strategy: 'constant' }] },
      { field: 'features[0].value', text: /constant/ },
    ],
    [
      'descending edges',
      { ...smallest, features: [{ kind: 'bucket', columns: ['age'], edges: [3, 2] }] },
      { field: 'features[0].edges', text: /ascending/ },
    ],
    [
      'a feature of no kind',
      { ...smallest, features: [{ kind: 'standardise', columns: ['age'] }] },
      { field: 'features[0].kind', text: /standardize/ },
    ],
  ];

  it.each(cases)('%s', (_, input, { field, text }) => {
    const error = thrown(() => defineLifecycle(input as define.LifecycleInput));
    expect(error.code).toBe('INVALID_DEFINITION');
    expect(error.message).toMatch(text);
    expect(error.field).toBe(field);
    expect(error.kind.exitCode).toBe(2);
  });

  it.each([
    ['a password', { c: csv('https://me:hunter2@host/x.csv') }],
    ['a token', { c: csv('https://hunter2@host/x.csv') }],
    ['a token without slashes', { c: csv('https:hunter2@host/x.csv') }],
    ['a header', { c: csv('https://host/x.csv', { headers: { authorization: 'Bearer hunter2' } }) }],
    ['headers of another form', { c: csv('https://host/x.csv', { headers: 'Bearer hunter2' as never }) }],
    ['a source of another form', { c: [csv('https://host', { headers: { cookie: 'hunter2' } })] as never }],
  ])('never shows the secret that it refuses: %s', (_, sources) => {
    const error = thrown(() => defineLifecycle({ ...smallest, dataset: 'select 1', sources }));
    expect(JSON.stringify([error.message, error.value])).not.toContain('hunter2');
  });

  it('takes bounds of one value, one bound, and text in whichever order its column has', () => {
    const checks = [
      define.rows({ min: 5, max: 5 }),
      define.range('age', { max: 9 }),
      define.range('code', { min: '9', max: '10' }),
      define.expression('shown', 'avg(x)', {}),
    ];
    expect(defineLifecycle({ ...smallest, checks }).checks).toHaveLength(4);
  });

  it('takes a header that cannot be a secret, and a secret by its name', () => {
    const headers = { Accept: 'text/csv', 'user-agent': 'perennial', authorization: define.secret('TOKEN') };
    const { sources } = defineLifecycle({
      ...smallest,
      sources: { c: csv('https://host/a@b.csv?at=@', { headers }) },
    });
    expect(sources.c).toMatchObject({ headers });
  });

  it('over 1 MiB is refused by its size, before anything else is looked at', () => {
    const error = thrown(() => defineLifecycle({ ...smallest, dataset: 'x'.repeat(10_000_000) }));
    expect(error.message).toMatch(/bytes; at most 1048576/);
  });

  it('that is not an object is refused', () => {
    expect(thrown(() => defineLifecycle(null as unknown as define.LifecycleInput)).message).toMatch(/object/);
    expect(thrown(() => parseDefinition([])).code).toBe('INVALID_DEFINITION');
  });
});

describe('the grid', () => {
  it('is the product of its values, by name, the last varying fastest, every default explicit', () => {
    const definition = defineLifecycle({
      ...smallest,
      search: [forest({ trees: [10, 20], maxDepth: [4, null] }), logistic()],
    });
    const candidates = declaredCandidates(definition);
    expect(candidates.map((c) => c.index)).toEqual([0, 1, 2, 3, 4]);
    expect(candidates.slice(0, 4).map((c) => [c.params.maxDepth, c.params.trees])).toEqual([
      [4, 10],
      [4, 20],
      [null, 10],
      [null, 20],
    ]);
    // One hash, one numbering: the order in which hyperparameters were written does not count.
    expect(expandSearch([forest({ maxDepth: [4, null], trees: [10, 20] }), logistic()], 1)).toEqual(
      candidates,
    );
    expect(candidates[0]?.params).toHaveProperty('minLeaf', 1);
    expect(candidates[4]).toMatchObject({ learner: 'logistic', params: { l2: 1 } });
  });

  it('of too many candidates is refused before it is unfolded', () => {
    const values = Array.from({ length: 200 }, (_, i) => i + 1);
    const error = thrown(() =>
      defineLifecycle({
        ...smallest,
        search: [forest({ trees: values, maxDepth: values.slice(0, 60), minLeaf: values })],
      }),
    );
    expect(error.message).toMatch(/over 10000 candidates/);
  });

  it('takes builders of one value or several', () => {
    expect(forest({ trees: 50, maxDepth: [8, 16] })).toEqual({
      learner: 'forest',
      grid: { trees: [50], maxDepth: [8, 16] },
    });
    expect(oneHot('country')).toEqual({ kind: 'oneHot', columns: ['country'], maxCategories: 100 });
  });
});

function thrown(body: () => unknown): PerennialError {
  try {
    body();
  } catch (error) {
    if (error instanceof PerennialError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('calibration is refused where it cannot be', () => {
  it.each([
    [{ calibrate: 'platt' }, 'calibrate', /calibrate is "platt".*sigmoid.*isotonic/],
    [
      { calibrate: 'sigmoid', task: 'regression' },
      'calibrate',
      /calibrate is "sigmoid"; expected none: a regression has no probabilities/,
    ],
  ])('%j', (more, field, message) => {
    let found: unknown;
    try {
      defineLifecycle({ ...smallest, ...more } as define.LifecycleInput);
    } catch (error) {
      found = error;
    }
    expect(found).toBeInstanceOf(PerennialError);
    expect(found).toMatchObject({ code: 'INVALID_DEFINITION', field });
    expect((found as PerennialError).message).toMatch(message);
  });
});

describe('weights, missing values and categories are refused where they cannot be', () => {
  const { boosting, category, impute, neighbors, passthrough, tree } = define;
  const refusal = (more: Partial<define.LifecycleInput>): string => {
    try {
      defineLifecycle({ ...smallest, ...more });
    } catch (error) {
      if (error instanceof PerennialError) return error.message;
    }
    return 'accepted';
  };
  const gaps = [impute('age', { strategy: 'none' }), passthrough('age')];

  it.each([
    [{ weight: 'left' }, 'weight is "left"; expected a column that is not the target.'],
    [{ weight: 'at', time: 'at' }, 'weight is "at"; expected a column that is not the time.'],
    [{ weight: 'id', key: 'id' }, 'weight is "id"; expected a column that is not the key.'],
    [
      { weight: 'w', features: [passthrough('age', 'w')] },
      'features[0].columns[1] is "w"; expected a column other than `weight`, which is no feature.',
    ],
    [
      { weight: 'w', search: [tree(), neighbors()] },
      /^search\[1\]\.learner is "neighbors"; expected a learner that can weigh rows \(forest, .*\), as `weight` names "w"/,
    ],
    [
      { features: gaps, search: [tree(), logistic()] },
      /^search\[1\]\.learner is "logistic"; expected a learner that takes missing values \(forest, extraTrees, boosting, tree, naiveBayes\), as features\[0\] leaves those of "age" missing; or impute them/,
    ],
    [
      { features: [passthrough('age'), category(['job', 'town'])], search: [boosting(), logistic()] },
      /^search\[1\]\.learner is "logistic"; expected a learner that takes categories \(forest, extraTrees, boosting, tree, naiveBayes\), as features\[1\] numbers those of "job", "town" without an order; or encode them by oneHot, ordinal or frequency/,
    ],
    [
      { features: [category('job', { maxCategories: 256 })], search: [boosting()] },
      /^features\[0\]\.maxCategories is 256/,
    ],
    [
      { search: [neighbors({ classWeight: 'balanced' } as object)] },
      /^search\[0\]\.grid\.classWeight is not known/,
    ],
    [{ search: [logistic({ classWeight: { yes: 0 } })] }, /^search\[0\]\.grid\.classWeight/],
    [
      { search: [boosting({ monotone: { age: 'increasing' }, loss: 'absolute' })] },
      /^search\[0\]\.grid\.monotone is .*; expected|^search\[0\]\.grid\.monotone is/,
    ],
  ] as [Partial<define.LifecycleInput>, string | RegExp][])('%j', (more, message) => {
    const found = refusal(more);
    if (typeof message === 'string') expect(found).toBe(message);
    else expect(found).toMatch(message);
  });

  const job = [category('job')];
  const right = {
    bridgesGaps: 'as features[0] leaves those of "age" missing; or impute them, for example by median',
    takesCategories:
      'as features[0] numbers those of "job" without an order; or encode them by oneHot, ordinal or frequency',
    weighs: 'as `weight` names "w"; or no weight',
  };

  it.each([...shelf.values()])('takes what $name can have, and says of the rest what is right', (learner) => {
    const search = [{ learner: learner.name, grid: {} }];
    const asked = {
      bridgesGaps: { features: gaps },
      takesCategories: { features: job },
      weighs: { weight: 'w' },
    };
    for (const ability of ['bridgesGaps', 'takesCategories', 'weighs'] as const) {
      const found = refusal({ ...asked[ability], search });
      if (learner[ability]) expect(found).toBe('accepted');
      else {
        expect(found.startsWith(`search[0].learner is "${learner.name}"; expected a learner that `)).toBe(
          true,
        );
        expect(found).toContain(right[ability]);
      }
    }
  });
});
